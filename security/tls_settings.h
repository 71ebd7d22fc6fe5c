// The settings of one side of TLS. A port: PREFIX_CERT_FILE, PREFIX_KEY_FILE,
// PREFIX_CLIENT_CA_FILE. A client: PREFIX_CA_FILE, PREFIX_CERT_FILE, PREFIX_KEY_FILE.
#ifndef KACHE_SECURITY_TLS_SETTINGS_H_
#define KACHE_SECURITY_TLS_SETTINGS_H_

#include <string>
#include <string_view>

#include "base/settings.h"
#include "base/strings.h"
#include "security/tls_files.h"

namespace kache {

// Mistakes are the reader's; the files are not looked at (CheckTlsFiles).
inline TlsFiles ReadServerTls(SettingsReader& reader, std::string_view prefix) {
  const std::string cert = Concat(prefix, "_CERT_FILE");
  const std::string key = Concat(prefix, "_KEY_FILE");
  const std::string ca = Concat(prefix, "_CLIENT_CA_FILE");
  TlsFiles files;
  files.cert_file = reader.FilePath(cert);
  files.key_file = reader.FilePath(key);
  files.ca_file = reader.FilePath(ca);
  if (files.cert_file.empty() != files.key_file.empty()) {
    reader.AddMistake(cert, Concat("must be set together with ", key));
  }
  if (files.cert_file.empty() && !files.ca_file.empty()) {
    reader.AddMistake(ca, Concat("needs ", cert, ", which turns TLS on"));
  }
  return files;
}

inline TlsFiles ReadClientTls(SettingsReader& reader, std::string_view prefix) {
  const std::string cert = Concat(prefix, "_CERT_FILE");
  const std::string key = Concat(prefix, "_KEY_FILE");
  TlsFiles files;
  files.ca_file = reader.FilePath(Concat(prefix, "_CA_FILE"));
  files.cert_file = reader.FilePath(cert);
  files.key_file = reader.FilePath(key);
  if (files.cert_file.empty() != files.key_file.empty()) {
    reader.AddMistake(cert, Concat("must be set together with ", key));
  }
  return files;
}

}  // namespace kache

#endif  // KACHE_SECURITY_TLS_SETTINGS_H_
