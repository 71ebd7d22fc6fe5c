// What a Copier keeps of the pages that are under way. For copier.cc and copier_moves.cc alone.
#ifndef KACHE_SERVER_RECOVERY_COPIER_PAGE_H_
#define KACHE_SERVER_RECOVERY_COPIER_PAGE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/recovery/copier.h"
#include "server/recovery/page_entry.h"
#include "server/redis/reply.h"

namespace kache {

inline absl::Status ErrorOf(const absl::StatusOr<redis::Reply>& reply) {
  if (!reply.ok()) return reply.status();
  if (reply->IsError()) return absl::UnavailableError(reply->text);
  return absl::OkStatus();
}

// Of what is answered with a number.
inline absl::Status ErrorOfCount(const absl::StatusOr<redis::Reply>& reply) {
  const absl::Status error = ErrorOf(reply);
  if (!error.ok() || reply->type == redis::Reply::Type::kInteger) return error;
  return absl::UnavailableError("unexpected reply to a script: not a number");
}

inline std::vector<std::string_view> KeysOf(const std::vector<PageEntry>& entries,
                                            const std::vector<size_t>& indices) {
  std::vector<std::string_view> keys;
  keys.reserve(indices.size());
  for (const size_t i : indices) keys.push_back(entries[i].redis_key);
  return keys;
}

inline absl::Status TooLate() {
  return absl::DeadlineExceededError("what was read is too old to be stored or removed");
}

// Views of what the page, or a reply at hand, holds.
struct Copier::Copy {
  std::string_view redis_key;
  std::string_view record;
  // Of the source's key, in cluster time; 0 = never, or not known and without meaning.
  int64_t ends_ms = 0;
  bool stand_in = false;  // the source stands in
};

// Shared by the callbacks of the commands that are under way for the page.
struct Copier::Page {
  NodeId source;
  Selection selection;
  std::vector<PageEntry> entries;
  struct Older {
    NodeId target;
    size_t entry;
    Version version;
  };
  std::vector<Older> older;  // what targets hold of large records that they lack
  PageResult result;
  absl::Status status;
  Done done;
  std::shared_ptr<bool> alive;

  // The last callback lets go of the page.
  ~Page() {
    if (!*alive) return;
    if (status.ok()) {
      done(std::move(result));
    } else {
      done(status);
    }
  }
  void Fail(const absl::Status& error) {
    if (status.ok()) status = error;
  }
  // From result.gone; the entries are in the order of their keys there.
  void DropHeld() {
    auto held = entries.begin();
    std::erase_if(result.gone, [&](const std::string& key) {
      if (held == entries.end() || held->redis_key != key) return false;
      ++held;
      return true;
    });
  }
};

// Large records of a page, to be fetched and stored together.
struct Copier::Portion {
  std::shared_ptr<Page> page;
  NodeId target;
  Indices indices;
  size_t bytes = 0;
};

// Shared by the callbacks of the portion's commands; the last one lets the next portion begin.
class Copier::UnderWay {
 public:
  UnderWay(Copier& copier, Portion portion)
      : copier_(copier), alive_(copier.alive_), portion_(std::move(portion)) {
    copier_.bytes_under_way_ += portion_.bytes;
  }
  ~UnderWay() {
    if (!*alive_) return;
    copier_.bytes_under_way_ -= portion_.bytes;
    copier_.FetchNext();
  }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

  const Portion& portion() const { return portion_; }
  // True once: it is seen to that a node's limits do not allow the portion.
  bool TakeBeyondLimits() { return !std::exchange(beyond_limits_, true); }

 private:
  Copier& copier_;
  const std::shared_ptr<bool> alive_;
  const Portion portion_;
  bool beyond_limits_ = false;
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_COPIER_PAGE_H_
