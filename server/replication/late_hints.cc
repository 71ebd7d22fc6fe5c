#include "server/replication/late_hints.h"

#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/replication/hint_scripts.h"
#include "server/replication/shard.h"

namespace kache {

redis::Command LeaveHintOn(const Shard& shard, const LateHint& hint, LateHint::Holder holder) {
  const std::string_view user_key =
      std::string_view(hint.redis_key).substr(shard.keys().data_prefix().size());
  const std::string set = shard.keys().Hints(shard.ring().names()[hint.about.index()]);
  const std::string keys_bound = std::to_string(shard.options().hint_keys);
  const std::string bytes_bound = std::to_string(shard.HintBytesBoundOn(holder.node));
  return redis::Command::Call(LeaveHints(), {hint.redis_key, set},
                              {hint.version, std::to_string(holder.kept_until_ms), user_key,
                               keys_bound, bytes_bound})
      .For(hint.caller);
}

size_t LateHints::BytesOf(const LateHint& hint) {
  return sizeof(Kept) + hint.redis_key.size() + hint.version.size();
}

void LateHints::Keep(LateHint hint) {
  if (bytes_ + BytesOf(hint) > kBytes) return shard_.NoteHintLost(hint.about);
  shard_.metrics().hints_late.Increment();
  shard_.OperationStarted();
  bytes_ += BytesOf(hint);
  const MonotonicTime now = shard_.clock().Monotonic();
  const MonotonicTime give_up_at = now + absl::ToChronoNanoseconds(kPatience);
  const uint64_t number = next_number_++;
  hints_.emplace(number, Kept{std::move(hint), give_up_at, now, 0});
}

void LateHints::Tick(MonotonicTime now) {
  std::vector<uint64_t> given_up;
  for (auto& [number, kept] : hints_) {
    if (kept.unanswered > 0 || now < kept.due) continue;
    if (now >= kept.give_up_at) {
      given_up.push_back(number);
    } else {
      Try(number, kept, now);
    }
  }
  for (const uint64_t number : given_up) {
    // Before the hint goes: draining goes on waiting.
    shard_.NoteHintLost(hints_.at(number).hint.about);
    Forget(number);
  }
}

void LateHints::Try(uint64_t number, Kept& kept, MonotonicTime now) {
  kept.due = now + absl::ToChronoNanoseconds(kRetryInterval);
  for (const LateHint::Holder& holder : kept.hint.holders) {
    if (!shard_.IsReady(holder.node)) continue;
    shard_.EnsureNoted(kept.hint.about, holder.node);
    ++kept.unanswered;
    shard_.client(holder.node)
        .Send(LeaveHintOn(shard_, kept.hint, holder), shard_.options().write_timeout,
              [this, number, node = holder.node](const absl::StatusOr<redis::Reply>& reply) {
                const bool told = reply.ok() && !reply->IsError();
                OnAnswer(number, node, told && reply->IsInteger(1), told && reply->IsInteger(0));
              });
  }
}

// A node that has not that version any more holds a newer write, which has hints of its own; or it
// lost its memory, and then nobody goes by hints.
void LateHints::OnAnswer(uint64_t number, NodeId holder, bool is_left, bool has_none) {
  const auto found = hints_.find(number);
  if (found == hints_.end()) return;
  Kept& kept = found->second;
  --kept.unanswered;
  if (has_none) {
    for (size_t i = kept.hint.holders.size(); i > 0; --i) {
      if (kept.hint.holders[i - 1].node != holder) continue;
      kept.hint.holders.erase(kept.hint.holders.begin() + static_cast<std::ptrdiff_t>(i - 1));
    }
  }
  if (is_left || kept.hint.holders.empty()) Forget(number);
}

void LateHints::Forget(uint64_t number) {
  const auto found = hints_.find(number);
  bytes_ -= BytesOf(found->second.hint);
  hints_.erase(found);
  shard_.OperationEnded();
  shard_.EndWriteEpochs();
}

void LateHints::Clear() {
  for (size_t i = hints_.size(); i > 0; --i) shard_.OperationEnded();
  hints_.clear();
  bytes_ = 0;
}

}  // namespace kache
