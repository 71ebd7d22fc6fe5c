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

bool UnsentReads::Join(const Command& read, MonotonicTime deadline, uint64_t batch,
                       ReplyCallback& done) {
  const auto found = reads_.find(read.wire());
  if (found == reads_.end()) return false;
  const Read& earlier = found->second;
  if (earlier.is_held && earlier.caller != read.caller()) return false;
  PendingCommand* const first = Unwritten(earlier, batch);
  if (first == nullptr || !first->done || !CloseTogether(first->deadline, deadline)) return false;
  std::shared_ptr<std::vector<ReplyCallback>>& joined = found->second.joined;
  if (!window_.Open(joined == nullptr ? 1 : joined->size())) return false;
  if (joined == nullptr) {
    joined = std::make_shared<std::vector<ReplyCallback>>();
    joined->push_back(std::move(first->done));
    first->done = [joined = joined](absl::StatusOr<Reply> reply) {
      AnswerAll(std::move(*joined), std::move(reply));
    };
  }
  joined->push_back(std::move(done));
  return true;
}

void UnsentReads::AddGathered(Command read, uint64_t batch) {
  const CallerId caller = read.caller();
  Add({.command = std::move(read),
       .caller = caller,
       .number = sent_.first() + sent_.size() - 1,
       .batch = batch});
}

void UnsentReads::AddHeld(Command read, uint64_t batch, uint64_t number) {
  const CallerId caller = read.caller();
  Add({.command = std::move(read),
       .caller = caller,
       .is_held = true,
       .number = number,
       .batch = batch});
}

void UnsentReads::Add(Read added) {
  DropWritten(added.batch);
  const auto [place, is_new] = reads_.try_emplace(added.command.wire());
  Read& noted = place->second;
  // The reads of another caller go on joining.
  if (noted.is_held && noted.caller != added.caller && Unwritten(noted, added.batch)) return;
  if (!is_new) added.command = std::move(noted.command);
  noted = std::move(added);
}

PendingCommand* UnsentReads::Unwritten(const Read& read, uint64_t batch) {
  if (read.is_held) return held_.At(read.caller, read.number);
  if (read.batch != batch || read.number < sent_.first()) return nullptr;
  return &sent_.At(read.number - sent_.first());
}

// All of them at once where none is held, as a rule; else seldom enough to cost each read little.
void UnsentReads::DropWritten(uint64_t batch) {
  const bool next_batch = std::exchange(last_batch_, batch) != batch;
  if (next_batch && held_.empty()) {
    reads_.clear();
    clean_from_ = kWorthCleaning;
  } else if (reads_.size() >= clean_from_) {
    absl::erase_if(reads_,
                   [&](const auto& each) { return Unwritten(each.second, batch) == nullptr; });
    clean_from_ = std::max(kWorthCleaning, 2 * reads_.size());
  }
}

}  // namespace kache::redis
