// The names of nodes by the ids that messages call them by (Node.node_id in kache.proto). REST
// shows names; answers of servers carry ids.
//
// An id is a hash of the name, so what is known of it stays true: names are added and never taken
// away. Should two names share an id (on different rings), the one learned last counts.
//
// Thread-safe. Find takes no lock and costs some nanoseconds. No errors.
#ifndef KACHE_GATEWAY_UPSTREAM_NODE_NAMES_H_
#define KACHE_GATEWAY_UPSTREAM_NODE_NAMES_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "kache/v1/kache.pb.h"

namespace kache::gateway {

class NodeNames {
 public:
  // Far more than the nodes of a ring (1,000 at most). Further names are not learned.
  static constexpr size_t kMaxNames = 16'384;
  // Longer names are not learned, nor are those that a header field could not hold: REDIS_URLS
  // allows neither.
  static constexpr size_t kMaxNameBytes = 512;

  NodeNames() = default;
  NodeNames(const NodeNames&) = delete;
  NodeNames& operator=(const NodeNames&) = delete;

  // The node's name, of visible ASCII characters; empty = not known. Valid as long as this object.
  std::string_view Find(uint32_t id) const;
  // Of the node that answered; empty for receipts that name none too.
  std::string_view NodeOf(const v1::Receipt& receipt) const;

  void Learn(const v1::GetStatusResponse& status);

 private:
  struct Entry {
    uint32_t id;
    std::string name;
    const Entry* next;  // in its bucket
  };
  static constexpr size_t kBuckets = 1024;

  void Add(uint32_t id, const std::string& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Each is a list; an entry does not change once it can be reached. Ids are hashes already.
  std::array<std::atomic<const Entry*>, kBuckets> buckets_ = {};
  std::mutex mutex_;  // between those that add
  std::deque<Entry> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_UPSTREAM_NODE_NAMES_H_
