// Makes the connections of one thread anew where the monitor asks for it: when the connections of a
// node reach different processes (NodeStatus::rounds).
//
// For the thread of the clients.
#ifndef KACHE_SERVER_REPLICATION_RECONNECT_ROUNDS_H_
#define KACHE_SERVER_REPLICATION_RECONNECT_ROUNDS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "server/cluster/process_agreement.h"
#include "server/cluster/topology.h"
#include "server/redis/redis_client.h"

namespace kache {

class ReconnectRounds {
 public:
  explicit ReconnectRounds(size_t nodes) : rounds_(nodes, 0) {}

  // `clients`: by NodeId.
  void OnTopology(const Topology& topology,
                  const std::vector<std::unique_ptr<redis::RedisClient>>& clients) {
    for (size_t i = 0; i < clients.size(); ++i) {
      const NodeStatus& status = topology.nodes[i];
      if (std::exchange(rounds_[i], status.rounds) == status.rounds) continue;
      clients[i]->Reconnect(ReasonToReconnect(status.processes));
    }
  }

 private:
  std::vector<uint64_t> rounds_;  // by NodeId: up to which the connection was made anew
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_RECONNECT_ROUNDS_H_
