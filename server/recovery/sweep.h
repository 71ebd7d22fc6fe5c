// Goes through all records of one whole node and brings the other home replicas that are UP up to
// date with it; and gives records that the node holds for others (a stand-in's copies, or what a
// change of the ring left) to their home replicas, then removes them, once all of those are UP.
//
// Swept one after another, all nodes come to hold the newest version of every key that they are
// home to. Loop thread only.
#ifndef KACHE_SERVER_RECOVERY_SWEEP_H_
#define KACHE_SERVER_RECOVERY_SWEEP_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "ring/hash_ring.h"
#include "server/recovery/copier.h"
#include "server/recovery/pace.h"
#include "server/recovery/scan.h"

namespace kache {

class Sweep {
 public:
  // From `cursor` on. `is_up` tells the state of a node now. All references outlive the sweep.
  Sweep(NodeId node, const std::string& cursor, std::vector<redis::NodeClient*> clients,
        std::string data_prefix, CopyRules rules, const HashRing& ring, size_t homes,
        std::function<bool(NodeId)> is_up, double keys_per_second);

  void Pump(MonotonicTime now) { scan_.Pump(now); }
  bool finished() const { return scan_.finished(); }
  const absl::Status& status() const { return scan_.status(); }
  const std::string& safe_cursor() const { return scan_.safe_cursor(); }
  NodeId node() const { return node_; }

  // Since the last call.
  struct Found {
    uint64_t repaired = 0;  // copies that were missing or older elsewhere
    uint64_t removed = 0;   // records that were held for others
  };
  Found TakeFound() { return std::exchange(found_, {}); }

 private:
  void DoPage(const std::string& cursor, absl::AnyInvocable<void(const std::string&)> read,
              Copier::Done done);
  std::vector<NodeId> TargetsOf(const PageEntry& entry, std::vector<PageEntry>& strays) const;
  void RemoveStrays(const std::vector<PageEntry>& strays, const PageResult& page,
                    Copier::Done done);

  const NodeId node_;
  const HashRing& ring_;
  const size_t homes_;
  const std::function<bool(NodeId)> is_up_;
  Copier copier_;
  Pace pace_;
  Found found_;
  Scan scan_;
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_SWEEP_H_
