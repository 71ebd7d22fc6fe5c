// Copies records from one node to home replicas, a page of SCAN at a time. Whole records travel,
// with their versions, expiries and tombstones, and are stored by set-if-newer, so a copy never
// replaces anything newer. A copy or a removal that reaches its node later than max_write_age after
// the page was read is refused there: this process may stand still for longer than a tombstone
// lives, and the copy would bring back what was deleted meanwhile.
//
// A stand-in's copy becomes a home replica's: without its flag, and with the life that the record
// has. It lands before the stand-in's own copy ends, or not at all: so long the tombstone of a
// later delete, which the stand-in may not have heard of, is there to beat it.
//
// A page is SCAN; a look at how each record begins, which for a small one that does not expire is
// all of it; for each target the versions that it holds; the other records that are newer, whole
// (in portions of kPortionBytes); and their storing. Portions wait for their turn: of all pages
// kBytesAtOnce are under way at a time, or one record that is larger. A target that lacked most of
// what the page before offered, as one that came back empty, is sent small records without being
// asked.
//
// A record that the limits of the source or the target do not allow (redis/resumption.h) is left
// out, so that it costs no other record its copy. An older copy of it is removed from the target,
// as it would be read as the newest for as long as the record cannot be brought.
//
// Loop thread only. The clients outlive the copier; after its destruction callbacks of
// commands that are under way do nothing.
#ifndef KACHE_SERVER_RECOVERY_COPIER_H_
#define KACHE_SERVER_RECOVERY_COPIER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "ring/node_id.h"
#include "server/recovery/page_entry.h"
#include "server/recovery/process_memory.h"
#include "server/redis/node_client.h"

namespace kache {

// What all copies go by.
struct CopyRules {
  absl::Duration tombstone_ttl;
  absl::Duration max_write_age;
  const Clock* clock = nullptr;  // cluster time; outlives the copier
  // How far a node's clock is ahead of it.
  std::function<absl::Duration(NodeId)> clock_offset;
  // Told when a node refuses to store records, as it takes no writes now. Empty = nobody is told.
  std::function<void(NodeId, std::string_view)> refused;
  std::string marker = {};  // KeySpace::Marker
  // Told of each record that is left out, and of the node that it was for. Empty = nobody is told.
  std::function<void(NodeId source, NodeId target, uint64_t bytes)> left_out = {};
};

struct PageResult {
  absl::Time read_at;       // cluster time, before the page was read
  std::string next_cursor;  // "0" = that was the last page
  uint64_t seen = 0;        // keys in the page
  uint64_t compared = 0;    // copies looked for on targets
  uint64_t copied = 0;      // copies that were missing or older, and are stored now
  // The keys, as they stand in Redis, of records that were left out for some target.
  std::vector<std::string> left_out = {};
  uint64_t beyond_target = 0;  // of these, those that a target does not take
  // By hints: the keys, as they stand in Redis, of which the source holds nothing.
  std::vector<std::string> gone = {};
};

class Copier {
 public:
  static constexpr size_t kPortionBytes = size_t{1} << 20;
  static constexpr size_t kBytesAtOnce = 4 * kPortionBytes;
  static constexpr size_t kSmallBytes = kSmallRecordBytes;
  static constexpr absl::Duration kCommandTimeout = absl::Seconds(10);

  // By NodeId. `data_prefix` is KeySpace's.
  Copier(std::vector<redis::NodeClient*> clients, std::string data_prefix, CopyRules rules);

  // Cluster time.
  const Clock& clock() const { return *rules_.clock; }
  absl::Time Now() const { return clock().Now(); }
  // A delete that came after this version may have been forgotten by now.
  bool IsOld(const Version& version) const;

  // Which records of a page are copied, and where to.
  struct Selection {
    // Where the keys are read from: a set of hints (hint_set.h) on the source. Empty = all of its
    // keys.
    std::string hints = {};
    // Asked of each key, before its record is looked at: whether it is to be. Empty = all are.
    std::function<bool(std::string_view user_key)> considers;
    // Whether the source is home to it. Empty = that makes no difference. Where it is not, it is
    // found out (by one command for all) whether the entry is a stand-in's copy that does not say
    // so.
    std::function<bool(const PageEntry& entry)> at_home;
    // The nodes that the record is to be copied to.
    std::function<std::vector<NodeId>(const PageEntry& entry)> targets;
  };
  // Exactly once, unless abandoned. An error names the node that failed.
  using Done = absl::AnyInvocable<void(absl::StatusOr<PageResult>)>;

  // Reads the page that starts at `cursor` ("0" = the first), of about `count` keys. Of a set of
  // hints a key may come twice. `read` is told the next cursor as soon as it is known, before the
  // page is copied.
  void CopyPage(NodeId source, const std::string& cursor, size_t count, Selection selection,
                absl::AnyInvocable<void(const std::string& next_cursor)> read, Done done);

  // Reads a page only. `read` as above.
  void ReadPage(NodeId source, const std::string& cursor, size_t count,
                absl::AnyInvocable<void(const std::string& next_cursor)> read,
                absl::AnyInvocable<void(absl::StatusOr<std::vector<PageEntry>>)> done);
  // What `node` holds of these keys (as they stand in Redis), in order.
  void ReadHeld(NodeId node, std::span<const std::string_view> keys,
                absl::AnyInvocable<void(absl::StatusOr<std::vector<HeldRecord>>)> done);
  // The same of a node whose memory is still that one: ABORTED where it is not, as what another one
  // lacks proves nothing. `keys` may be empty.
  void ReadHeldBy(NodeId node, const ProcessMemory& memory, std::span<const std::string_view> keys,
                  absl::AnyInvocable<void(absl::StatusOr<std::vector<HeldRecord>>)> done);
  // Removes from `node` those entries that it holds in exactly that version; how many it were.
  // `read_at`: when that was decided by what was read.
  void Remove(NodeId node, const std::vector<PageEntry>& entries, absl::Time read_at,
              absl::AnyInvocable<void(absl::StatusOr<uint64_t>)> done);

  // The user's key within `redis_key`.
  std::string_view UserKey(std::string_view redis_key) const {
    return redis_key.substr(data_prefix_.size());
  }

 private:
  struct Page;                          // one CopyPage under way
  struct Copy;                          // of one record, on its way
  struct Portion;                       // of the records that a target is sent
  class UnderWay;                       // a portion that has begun, and its part of kBytesAtOnce
  using Indices = std::vector<size_t>;  // of a page's entries

  void ScanKeys(
      NodeId source, const std::string& hints, const std::string& cursor, size_t count,
      absl::AnyInvocable<void(absl::StatusOr<std::vector<std::string>>, const std::string& next)>
          done);
  void Peek(NodeId source, std::vector<std::string> keys,
            absl::AnyInvocable<void(absl::StatusOr<std::vector<PageEntry>>)> done);
  void RecognizeStandIns(const std::shared_ptr<Page>& page);
  void Distribute(const std::shared_ptr<Page>& page);
  void Compare(const std::shared_ptr<Page>& page, NodeId target, Indices indices);
  void Move(const std::shared_ptr<Page>& page, NodeId target, const Indices& indices);
  // Fetches as many of the portions that wait as may be under way.
  void FetchNext();
  void Fetch(Portion portion);
  // `under_way`: of the portion that the copies are from; nullptr = they were at hand.
  void Store(const std::shared_ptr<Page>& page, NodeId target, const std::vector<Copy>& copies,
             std::shared_ptr<UnderWay> under_way);
  // A node's limits do not allow the portion: its records are brought one by one, or, of one
  // record, left out.
  void OnBeyondLimits(UnderWay& under_way, bool of_target);
  void LeaveOut(const Portion& portion, bool of_target);
  void ReportRefusal(NodeId target, const std::string& error) const;
  // When a key ends, as a script told it: in cluster time, Unix ms; 0 = never.
  int64_t EndOf(NodeId node, const redis::Reply& told) const;
  // The last instant, by the node's clock, at which what was read at `read_at` may land there.
  std::string LatestAt(NodeId node, absl::Time read_at) const;
  redis::NodeClient& client(NodeId node) { return *clients_[node.index()]; }

  const std::vector<redis::NodeClient*> clients_;
  const std::string data_prefix_;
  const std::string pattern_;
  const CopyRules rules_;
  std::vector<bool> lacks_most_;  // by NodeId: of what it was last offered
  std::list<Portion> waiting_;
  size_t bytes_under_way_ = 0;
  // Callbacks look at it before they touch the copier.
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

 public:
  ~Copier();
  Copier(const Copier&) = delete;
  Copier& operator=(const Copier&) = delete;
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_COPIER_H_
