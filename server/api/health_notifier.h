// Decides what the gRPC health service says, by what is known of the nodes:
//
//   "" and "kache.v1.Kache"   SERVING while at least one node is UP or SYNCING, the server is not
//                             draining, and it is not cut off from most of the nodes that others
//                             reach (readiness)
//   "live"                    SERVING from the first topology on, until the process ends (liveness)
//
// Thread-safe.
#ifndef KACHE_SERVER_API_HEALTH_NOTIFIER_H_
#define KACHE_SERVER_API_HEALTH_NOTIFIER_H_

#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "server/cluster/topology.h"

namespace kache {

class HealthNotifier {
 public:
  // Called for every service at each decision, under a lock: it must be quick, and not call back.
  using SetServing = std::function<void(const std::string& service, bool serving)>;

  explicit HealthNotifier(SetServing set_serving) : set_serving_(std::move(set_serving)) {}

  void OnTopology(const Topology& topology);
  // From now on keys are not served, whatever the nodes do.
  void Drain();

 private:
  void Tell() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const SetServing set_serving_;
  std::mutex mutex_;
  bool usable_ ABSL_GUARDED_BY(mutex_) = false;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_HEALTH_NOTIFIER_H_
