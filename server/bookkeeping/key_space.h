// Where Kache's keys stand in Redis: user keys under `d:`, Kache's own bookkeeping under `m:`, all
// behind KEY_PREFIX. Nothing else is ever read, written, scanned or removed.
//
// Immutable, so thread-safe.
#ifndef KACHE_SERVER_BOOKKEEPING_KEY_SPACE_H_
#define KACHE_SERVER_BOOKKEEPING_KEY_SPACE_H_

#include <string>
#include <string_view>

namespace kache {

class KeySpace {
 public:
  explicit KeySpace(std::string_view prefix)
      : data_(std::string(prefix) + "d:"),
        bookkeeping_(std::string(prefix) + "m:"),
        marker_(bookkeeping_ + "marker") {}

  std::string Data(std::string_view key) const {
    std::string redis_key;
    redis_key.reserve(data_.size() + key.size());
    return redis_key.append(data_).append(key);
  }
  // What all user keys begin with.
  const std::string& data_prefix() const { return data_; }

  // The node's marker (marker.h): a string.
  const std::string& Marker() const { return marker_; }
  // The ring that the marker means, for people: a string.
  std::string Ring() const { return bookkeeping_ + "ring"; }
  // Which nodes lack writes, as their writers noted (missed_note.h): a hash.
  std::string Missed() const { return bookkeeping_ + "missed"; }
  // The keys of which that node missed a write, and those that are being replayed (hint_set.h):
  // sets.
  std::string Hints(std::string_view node) const {
    return std::string(bookkeeping_).append("hints:").append(node);
  }
  std::string HintsTaken(std::string_view node) const {
    return std::string(bookkeeping_).append("hints-taken:").append(node);
  }
  // The heartbeats of the coordinators (heartbeat.h): a hash; and as the release before has them.
  std::string Heartbeats() const { return bookkeeping_ + "heartbeats"; }
  std::string Coordinators() const { return bookkeeping_ + "coordinators"; }
  // Which coordinator resynchronises this node: a string with an expiry.
  std::string ResyncLease() const { return bookkeeping_ + "resync-lease"; }
  // How far that is: a hash.
  std::string ResyncProgress() const { return bookkeeping_ + "resync"; }
  // The nodes that an operator declared lost, and when: a hash.
  std::string Lost() const { return bookkeeping_ + "forsaken"; }
  // The coordinators that an operator declared lost (lost_coordinator.h): a hash.
  std::string LostCoordinators() const { return bookkeeping_ + "lost-coordinators"; }
  // The names of the nodes that have been whole once, the fields of a hash: the others have no
  // memory to lose.
  std::string Members() const { return bookkeeping_ + "members"; }
  // The names of the nodes that a coordinator does not see whole at present, with blanks between: a
  // string that ends by itself once no coordinator writes it any more. What runs beside a Redis
  // process (deploy/kubernetes/redis-pod.sh) waits by it before it stops the process.
  std::string NotWhole() const { return bookkeeping_ + "not-whole"; }
  // Which coordinator sweeps this node: a string with an expiry.
  std::string SweepLease() const { return bookkeeping_ + "sweep-lease"; }
  // Written to see whether the node takes writes.
  std::string Probe() const { return bookkeeping_ + "probe"; }
  // When this node was swept, and how far a sweep is: a hash of "swept", an instant; "due", since
  // when one is wanted; "begun_for", the "due" of the one that is under way; and its "cursor".
  std::string Sweep() const { return bookkeeping_ + "sweep"; }

 private:
  const std::string data_;
  const std::string bookkeeping_;
  const std::string marker_;  // every write with a life names it
};

}  // namespace kache

#endif  // KACHE_SERVER_BOOKKEEPING_KEY_SPACE_H_
