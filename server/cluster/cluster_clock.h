// Cluster time: the median of the nodes' clocks. Lives, ages and skew are measured in it, so they
// do not depend on the clock of one coordinator, caller or node.
//
//  * Each inspection of a node reads its clock; ClockOffset (base/clock_offset.h) turns the round
//    trips of the last minutes into an offset to this process's monotonic clock.
//  * The median is of the nodes that told their time within these minutes. Where their number is
//    even, this machine's wall clock votes, too: so with two nodes one wrong clock is outvoted. A
//    node that is the only one of its ring is followed, as it ends the lives.
//  * Fewer than a majority of all nodes decide nothing, as one wrong clock could be among the few:
//    cluster time goes on as it was, at first as this machine's clock. The first median is followed
//    at once, even where that is back by more than kLeap: else a coordinator that started with a
//    wrong clock, and could reach too few nodes, would be wrong for hours.
//  * Before Serve, cluster time follows the median at once. From then on changes are slewed: time
//    runs 10 % faster, or at half speed, until it is right again. It never goes back then. It leaps
//    forward where it is behind by more than kLeap, as after the machine stood still.
//
// Coordinators that see the same nodes so agree within a round trip. As a Clock, Now() is cluster
// time; until a node has told its time, it is this machine's.
//
// Threads: Now, Monotonic and nothing else are thread-safe; all others are for the one thread that
// inspects nodes.
#ifndef KACHE_SERVER_CLUSTER_CLUSTER_CLOCK_H_
#define KACHE_SERVER_CLUSTER_CLUSTER_CLOCK_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/clock_offset.h"
#include "ring/node_id.h"

namespace kache {

class ClusterClock final : public Clock {
 public:
  static constexpr absl::Duration kLeap = absl::Seconds(1);
  static constexpr double kFaster = 0.1;
  static constexpr double kSlower = 0.5;
  // A node's offset counts as none unless it is surely larger, so that the ends of lives in Redis
  // stay equal to the millisecond where clocks agree.
  static constexpr absl::Duration kNoOffset = absl::Milliseconds(50);

  // `own` outlives it. A node is skewed once its clock is further than `max_skew` from cluster
  // time, and until it is nearer than nine tenths of that.
  ClusterClock(const Clock& own, size_t nodes, absl::Duration max_skew);

  absl::Time Now() const override;
  MonotonicTime Monotonic() const override { return own_.Monotonic(); }

  // The node's clock said `told` at some instant from `sent` to `received`.
  void OnNodeTime(NodeId node, MonotonicTime sent, MonotonicTime received, absl::Time told);
  // Requests are served from now on: no more leaps but the one above.
  void Serve() { serving_ = true; }

  // How far the node's clock is ahead of cluster time, and whether that is too far to use the node.
  // Zero, and false, while it is not known.
  struct NodeClock {
    absl::Duration offset;  // as measured
    // What is added to instants for the node: steps of kStep, see kNoOffset.
    absl::Duration applied;
    bool skewed = false;
  };
  const NodeClock& node_clock(NodeId node) const { return nodes_[node.index()].clock; }

 private:
  static constexpr absl::Duration kStep = absl::Milliseconds(10);

  struct Node {
    ClockOffset samples;
    NodeClock clock;
  };
  // Cluster time as a line: `unix_ns` at `monotonic_ns`, faster or slower until `slewed_ns`.
  struct Line {
    int64_t monotonic_ns;
    int64_t unix_ns;
    int64_t slewed_ns;
    int64_t rate_ppm;  // of the monotonic clock, added while it is slewed

    int64_t At(int64_t monotonic) const;
  };

  Line ReadLine() const;
  void WriteLine(const Line& line);
  std::optional<absl::Time> Median(MonotonicTime now) const;
  void Aim(absl::Time target_epoch, MonotonicTime now);
  // Which nodes are skewed is judged by a median only.
  void MeasureNodes(absl::Time epoch, bool is_median, MonotonicTime now);

  const Clock& own_;
  const absl::Duration max_skew_;
  std::vector<Node> nodes_;  // by NodeId
  bool serving_ = false;
  bool is_first_ = true;  // No median was followed yet.
  // A sequence lock (Boehm, "Can Seqlocks Get Along With Programming Language Memory Models?",
  // 2012): odd while the line is written.
  std::atomic<uint64_t> sequence_{0};
  std::atomic<int64_t> monotonic_ns_;
  std::atomic<int64_t> unix_ns_;
  std::atomic<int64_t> slewed_ns_;
  std::atomic<int64_t> rate_ppm_{0};
};

}  // namespace kache

#endif  // KACHE_SERVER_CLUSTER_CLUSTER_CLOCK_H_
