// How one Redis server is told that a coordinator is lost, and how the coordinator is cut off from
// it: the bookkeeping of server/bookkeeping/lost_coordinator.h, over a connection of kachectl's
// own. Blocking.
//
// In this order, each step on all nodes before the next: Look, Close, EndConnections, MarkCutOff.
//
// Thread-compatible. To be used while BrokenPipesIgnored stands. Errors are RedisConnection's.
#ifndef KACHE_CLIENT_CTL_COORDINATOR_CUT_H_
#define KACHE_CLIENT_CTL_COORDINATOR_CUT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/redis_url.h"
#include "client/ctl/redis_connection.h"
#include "security/tls_files.h"
#include "server/bookkeeping/key_space.h"

namespace kache::ctl {

// What a node shows of a coordinator.
struct CoordinatorTraces {
  std::optional<absl::Duration> heartbeat_age = std::nullopt;  // nullopt = it has left none there
  size_t connections = 0;                                      // that carry its name
  bool is_lost = false;                  // it was cut off from this node before
  std::vector<std::string> others = {};  // the other coordinators with heartbeats there
};

class CoordinatorCut {
 public:
  // `coordinator`: its id.
  static absl::StatusOr<std::unique_ptr<CoordinatorCut>> Open(const RedisAddress& redis,
                                                              const TlsFiles& files,
                                                              absl::Duration timeout,
                                                              const KeySpace& keys,
                                                              uint64_t coordinator);

  // PERMISSION_DENIED also where this user may not name its own connections: then those of the
  // coordinator, made with the same credentials, have no names either, and can't be told apart.
  absl::StatusOr<CoordinatorTraces> Look();
  // From now on the node lets no new connection of the coordinator in.
  absl::Status Close();
  // Ends the connections that are open. Returns how many.
  absl::StatusOr<size_t> EndConnections();
  // Tells the node that this was done.
  absl::Status MarkCutOff();

 private:
  CoordinatorCut(std::unique_ptr<RedisConnection> connection, const KeySpace& keys,
                 uint64_t coordinator);
  absl::StatusOr<int64_t> NowMs();
  // The ids of the coordinator's connections.
  absl::StatusOr<std::vector<std::string>> Connections();
  absl::Status Mark(bool is_cut_off);

  const std::unique_ptr<RedisConnection> connection_;
  const KeySpace keys_;
  const uint64_t coordinator_;
};

// The value of `field` in a line of CLIENT LIST; empty where it has none.
std::string ClientField(std::string_view line, std::string_view field);

}  // namespace kache::ctl

#endif  // KACHE_CLIENT_CTL_COORDINATOR_CUT_H_
