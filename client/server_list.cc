#include "client/server_list.h"

#include "absl/strings/str_split.h"
#include "base/host_port.h"
#include "base/strings.h"

namespace kache {

std::vector<std::string> ReadServerList(SettingsReader& reader) {
  const std::vector<std::string> servers = reader.List("KACHE_SERVERS", "localhost:50051");
  for (const std::string& server : servers) {
    HostPort address;
    const absl::Status status = ParseHostPort(server, /*allow_port_zero=*/false, &address);
    if (!status.ok()) reader.AddMistake("KACHE_SERVERS", ToStd(status.message()));
  }
  return servers;
}

absl::StatusOr<std::vector<std::string>> ParseServerList(std::string_view text) {
  std::vector<std::string> servers;
  for (const auto part : absl::StrSplit(ToAbsl(text), ',')) {
    const std::string server(Trimmed(ToStd(part)));
    HostPort address;
    const absl::Status status = ParseHostPort(server, /*allow_port_zero=*/false, &address);
    if (!status.ok()) {
      return absl::InvalidArgumentError(Concat("\"", server, "\": ", ToStd(status.message())));
    }
    servers.push_back(server);
  }
  return servers;
}

}  // namespace kache
