// Copies records from one node to others, a page of SCAN at a time: compares versions first, and
// moves only what is newer. Whole records travel, with their versions, expiries and tombstones, and
// are stored by set-if-newer, so a copy can never do harm, however late it comes.
//
// A page is four commands: the page with its headers, the versions that each target holds, the
// records that are newer (in portions of kPortionBytes), and their storing.
//
// Loop thread only. The clients outlive the copier; after Abandon, or destruction, callbacks of
// commands that are under way do nothing.
#ifndef KACHE_SERVER_RECOVERY_COPIER_H_
#define KACHE_SERVER_RECOVERY_COPIER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ring/node_id.h"
#include "server/redis/node_client.h"
#include "server/replication/version.h"

namespace kache {

// A record as a page names it.
struct PageEntry {
  std::string redis_key;
  Version version;
  int64_t expires_at_ms = 0;
  bool tombstone = false;
  uint64_t bytes = 0;
};

struct PageResult {
  std::string next_cursor;  // "0" = that was the last page
  uint64_t seen = 0;        // records in the page
  uint64_t compared = 0;    // copies looked for on targets
  uint64_t copied = 0;      // copies that were missing or older, and are stored now
};

class Copier {
 public:
  static constexpr size_t kPortionBytes = size_t{1} << 20;
  static constexpr absl::Duration kCommandTimeout = absl::Seconds(10);

  // By NodeId. `data_prefix` is KeySpace's.
  Copier(std::vector<redis::NodeClient*> clients, std::string data_prefix,
         absl::Duration tombstone_ttl);

  // The nodes that an entry of the source is to be copied to.
  using Targets = std::function<std::vector<NodeId>(const PageEntry& entry)>;
  // Exactly once, unless abandoned. An error names the node that failed.
  using Done = absl::AnyInvocable<void(absl::StatusOr<PageResult>)>;

  // Reads the page that starts at `cursor` ("0" = the first), of about `count` keys. `read` is told
  // the next cursor as soon as it is known, before the page is copied.
  void CopyPage(NodeId source, const std::string& cursor, size_t count, Targets targets,
                absl::AnyInvocable<void(const std::string& next_cursor)> read, Done done);

  // Reads a page only.
  void ReadPage(NodeId source, const std::string& cursor, size_t count,
                absl::AnyInvocable<void(absl::StatusOr<std::vector<PageEntry>>,
                                        const std::string& next_cursor)>
                    done);
  // The versions that `node` holds of these entries' keys, in order; zero = none.
  void ReadVersions(NodeId node, const std::vector<PageEntry>& entries,
                    absl::AnyInvocable<void(absl::StatusOr<std::vector<Version>>)> done);
  // Removes from `node` those entries that it holds in exactly that version; how many it were.
  void Remove(NodeId node, const std::vector<PageEntry>& entries,
              absl::AnyInvocable<void(absl::StatusOr<uint64_t>)> done);

  // The user's key within `redis_key`.
  std::string_view UserKey(std::string_view redis_key) const {
    return redis_key.substr(data_prefix_.size());
  }

 private:
  struct Page;      // one CopyPage under way
  struct Transfer;  // its copies to one target

  void Compare(const std::shared_ptr<Page>& page, NodeId target, std::vector<PageEntry> entries);
  void Fetch(const std::shared_ptr<Page>& page, NodeId target, std::vector<PageEntry> entries);
  void Store(const std::shared_ptr<Page>& page, NodeId target,
             const std::vector<PageEntry>& entries, const redis::Reply& records);
  redis::NodeClient& client(NodeId node) { return *clients_[node.index()]; }

  const std::vector<redis::NodeClient*> clients_;
  const std::string data_prefix_;
  const std::string pattern_;
  const absl::Duration tombstone_ttl_;
  // Callbacks look at it before they touch the copier.
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

 public:
  ~Copier() { *alive_ = false; }
  Copier(const Copier&) = delete;
  Copier& operator=(const Copier&) = delete;
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_COPIER_H_
