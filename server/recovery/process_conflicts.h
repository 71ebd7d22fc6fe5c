// Watches whether all coordinators that live reach one Redis process under each node's name.
//
// An old host may live on after its successor took the name, and a coordinator that is connected to
// it does not notice; a balancer may lead each coordinator to another process. What one of them
// writes is then missing for the others, at QUORUM as well. No coordinator sees that by its own
// connections (ProcessWatch sees only those), but their heartbeats tell which process each reaches,
// and since when (heartbeat.h).
//
//  * A conflict begins when two of these processes are known to have lived side by side
//    (process_agreement.h). A restart that not all coordinators have noticed is none.
//  * While it stands the name counts for nothing: no process behind it is used.
//  * It ends once all that live have reached the same process, or none, for `agreed`.
//
// Pure. Thread-compatible.
#ifndef KACHE_SERVER_RECOVERY_PROCESS_CONFLICTS_H_
#define KACHE_SERVER_RECOVERY_PROCESS_CONFLICTS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"
#include "ring/node_id.h"
#include "server/recovery/evidence.h"

namespace kache {

class ProcessConflicts {
 public:
  // By how much the cluster time of two coordinators may differ.
  static constexpr absl::Duration kMargin = absl::Seconds(1);

  // `by_name`: all nodes, as heartbeats name them.
  ProcessConflicts(std::vector<NodeId> by_name, absl::Duration agreed);

  struct Conflict {
    NodeId node;
    // Since when a process may lack what another one took; cluster time.
    absl::Time since;
    std::string processes;  // which coordinator reaches which, for people
  };
  // Takes in what the newest inspections found. The conflicts that begin with that.
  std::vector<Conflict> OnEvidence(const Evidence& evidence, MonotonicTime now);

  bool Stands(NodeId node) const { return nodes_[node.index()].stands; }

 private:
  struct Node {
    bool stands = false;
    std::optional<MonotonicTime> agreed_since;
  };

  const std::vector<NodeId> by_name_;
  const absl::Duration agreed_;
  std::vector<Node> nodes_;  // by NodeId
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_PROCESS_CONFLICTS_H_
