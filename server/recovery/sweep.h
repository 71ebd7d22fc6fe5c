// Goes through all records of one whole node and brings the other home replicas that are UP up to
// date with it. Of what the node holds and is not home to:
//
//  * a stand-in's copy is given to the key's home replicas, then removed, once all of those are UP;
//  * so is a tombstone, whoever wrote it: it can undo nothing that was not deleted;
//  * any other record is misplaced: an earlier ring left it. Nobody knows what became of its key,
//  so
//    it is only removed, once all home replicas are UP and have been filled;
//  * a record of a later format stays: that release knows what it is.
//
// A stand-in's copy of a key that the node is home to by now becomes a home replica's.
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
  // What changes while a sweep goes on, as it is now.
  struct View {
    std::function<bool(NodeId)> is_up;
    // All nodes are whole, so they have what the present ring gives them. Until then a record that
    // looks misplaced may be the only one.
    std::function<bool()> all_are_filled;
  };
  // From `cursor` on. All references outlive the sweep.
  Sweep(NodeId node, const std::string& cursor, std::vector<redis::NodeClient*> clients,
        std::string data_prefix, CopyRules rules, const HashRing& ring, size_t homes, View view,
        double keys_per_second);

  void Pump(MonotonicTime now) { scan_.Pump(now); }
  bool finished() const { return scan_.finished(); }
  const absl::Status& status() const { return scan_.status(); }
  const std::string& safe_cursor() const { return scan_.safe_cursor(); }
  NodeId node() const { return node_; }
  // The nodes that were not UP when a stand-in's copy was found that they are home to.
  std::vector<NodeId> left_for() const;

  // Since the last call.
  struct Found {
    uint64_t repaired = 0;  // copies that were missing or older elsewhere
    uint64_t removed = 0;   // records that were held for others
  };
  Found TakeFound() { return std::exchange(found_, {}); }

 private:
  void DoPage(const std::string& cursor, absl::AnyInvocable<void(const std::string&)> read,
              Copier::Done done);
  PreferenceList HomesOf(const PageEntry& entry) const;
  bool IsHome(const PageEntry& entry) const;
  std::vector<NodeId> TargetsOf(const PageEntry& entry, std::vector<PageEntry>& strays);
  void RemoveStrays(const std::vector<PageEntry>& strays, const PageResult& page,
                    Copier::Done done);

  const NodeId node_;
  const HashRing& ring_;
  const size_t homes_;
  const View view_;
  Copier copier_;
  Pace pace_;
  Found found_;
  std::vector<bool> left_for_;  // by NodeId
  Scan scan_;
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_SWEEP_H_
