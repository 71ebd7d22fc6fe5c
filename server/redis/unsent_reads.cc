#include "server/redis/unsent_reads.h"

#include <algorithm>
#include <utility>

namespace kache::redis {
namespace {

constexpr size_t kWorthCleaning = 1024;  // reads

bool CloseTogether(MonotonicTime one, MonotonicTime other) {
  return std::max(one, other) - std::min(one, other) <= UnsentReads::kApart;
}

void AnswerAll(std::vector<ReplyCallback> all, absl::StatusOr<Reply> reply) {
  for (size_t i = 0; i + 1 < all.size(); ++i) all[i](reply);
  all.back()(std::move(reply));
}

}  // namespace

bool UnsentReads::Join(const Command& read, MonotonicTime deadline, Progress now,
                       ReplyCallback& done) {
  const auto found = reads_.find(read.wire());
  if (found == reads_.end() || !Unwritten(found->second, now)) return false;
  PendingCommand& first = pending_.At(found->second.sequence - pending_.first());
  if (!first.done || !CloseTogether(first.deadline, deadline)) return false;
  std::shared_ptr<std::vector<ReplyCallback>>& joined = found->second.joined;
  if (!window_.Open(joined == nullptr ? 1 : joined->size())) return false;
  if (joined == nullptr) {
    joined = std::make_shared<std::vector<ReplyCallback>>();
    joined->push_back(std::move(first.done));
    first.done = [joined = joined](absl::StatusOr<Reply> reply) {
      AnswerAll(std::move(*joined), std::move(reply));
    };
  }
  joined->push_back(std::move(done));
  return true;
}

void UnsentReads::Add(const Command& read, Progress now) {
  DropWritten(now);
  const auto [place, is_new] = reads_.try_emplace(read.wire());
  if (is_new) place->second.command = read;
  place->second.sequence = pending_.first() + pending_.size() - 1;
  place->second.batch = now.batch;
  place->second.joined = nullptr;
}

bool UnsentReads::Unwritten(const Read& read, Progress now) const {
  return read.sequence >= pending_.first() &&
         (read.batch == now.batch || read.sequence >= now.first_held);
}

// All of them at once where none is held, as a rule; else seldom enough to cost each read little.
void UnsentReads::DropWritten(Progress now) {
  const bool next_batch = std::exchange(last_batch_, now.batch) != now.batch;
  const bool none_held = now.first_held == pending_.first() + pending_.size();
  if (next_batch && none_held) {
    reads_.clear();
    clean_from_ = kWorthCleaning;
  } else if (reads_.size() >= clean_from_) {
    absl::erase_if(reads_, [&](const auto& each) { return !Unwritten(each.second, now); });
    clean_from_ = std::max(kWorthCleaning, 2 * reads_.size());
  }
}

}  // namespace kache::redis
