// A NodeObserver that writes down what it is told.
#ifndef KACHE_TESTS_TESTING_OBSERVER_LOG_H_
#define KACHE_TESTS_TESTING_OBSERVER_LOG_H_

#include <string>
#include <vector>

#include "server/redis/node_client.h"

namespace kache::testing {

struct ObserverLog final : redis::NodeObserver {
  void OnConnected(NodeId node, const redis::ServerFacts& facts) override {
    nodes.push_back(node);
    connected.push_back(facts);
  }
  void OnDown(NodeId node, const redis::DownReason& reason) override {
    nodes.push_back(node);
    down.push_back(reason);
  }
  void OnPing(NodeId node, absl::Duration round_trip) override {
    nodes.push_back(node);
    pings.push_back(round_trip);
  }

  // The last reason's code, or "" when none was given.
  std::string LastReason() const { return down.empty() ? "" : down.back().code; }

  std::vector<NodeId> nodes;  // of all calls
  std::vector<redis::ServerFacts> connected;
  std::vector<redis::DownReason> down;
  std::vector<absl::Duration> pings;
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_OBSERVER_LOG_H_
