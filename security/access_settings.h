// TOKENS_FILE and MAX_OPERATIONS_PER_SECOND.
#ifndef KACHE_SECURITY_ACCESS_SETTINGS_H_
#define KACHE_SECURITY_ACCESS_SETTINGS_H_

#include "base/settings.h"
#include "security/access_control.h"

namespace kache {

// Mistakes are the reader's; the file is read by AccessControl::Start.
inline AccessOptions ReadAccessOptions(SettingsReader& reader) {
  AccessOptions options;
  options.tokens_file = reader.FilePath("TOKENS_FILE");
  options.operations_per_second =
      reader.Integer("MAX_OPERATIONS_PER_SECOND", 0, {.min = 0, .max = kMaxOperationsPerSecond});
  return options;
}

}  // namespace kache

#endif  // KACHE_SECURITY_ACCESS_SETTINGS_H_
