// Any bytes as a dotenv file and as the value of REDIS_URLS: nothing crashes, and what is accepted
// keeps the promises of server/config.h.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "base/environment.h"
#include "base/redis_url.h"
#include "base/settings.h"
#include "base/strings.h"
#include "server/config.h"

namespace kache {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckServers(const ServerConfig& config) {
  std::set<std::string> names;
  std::set<std::string> addresses;
  Require(!config.servers.empty());
  for (const RedisAddress& server : config.servers) {
    Require(!server.name.empty() && server.name.find('#') == std::string::npos);
    Require(names.insert(server.name).second);
    Require(addresses.insert(server.address.ToString()).second);
    Require(server.address.port != 0 && server.database >= 0);
    Require(server.user.empty() || !server.password.empty());
    // The server can move and keep its name.
    const absl::StatusOr<RedisAddress> moved = ParseRedisUrl(Concat(server.name, "=moved:1"));
    Require(moved.ok() && moved->name == server.name && moved->address.host == "moved");
  }
}

void ReadAndCheck(const Environment& environment) {
  SettingsReader reader(environment);
  const ServerConfig config = ReadServerConfig(reader);
  const absl::Status status = reader.Finish();
  // Whatever is wrong, what stands in the result is usable.
  Require(config.vnodes_per_node >= 1 && config.vnodes_per_node <= 10000);
  Require(config.replication_factor >= 1 && config.shards >= 1 && config.grpc_threads >= 1);
  if (!status.ok()) return Require(!status.message().empty());
  CheckServers(config);
  Require(!config.key_prefix.empty() && config.key_prefix.size() <= 64);
  Require(config.reconnect_min <= config.reconnect_max);
}

}  // namespace
}  // namespace kache

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  kache::Environment file;
  file.AddText(text, "file");
  kache::ReadAndCheck(file);
  kache::ReadAndCheck(kache::Environment::Of({{"REDIS_URLS", std::string(text)}}));
  return 0;
}
