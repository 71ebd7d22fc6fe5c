// KACHE_SERVERS: the addresses of the Kache servers.
#ifndef KACHE_CLIENT_SERVER_LIST_H_
#define KACHE_CLIENT_SERVER_LIST_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/settings.h"

namespace kache {

// host:port each, at least one. Mistakes are the reader's.
std::vector<std::string> ReadServerList(SettingsReader& reader);

// The same list as an argument of a command. INVALID_ARGUMENT says what is wrong.
absl::StatusOr<std::vector<std::string>> ParseServerList(std::string_view text);

}  // namespace kache

#endif  // KACHE_CLIENT_SERVER_LIST_H_
