// What a WriteOperation sends to a node, and the hints about home replicas that miss the write.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "server/bookkeeping/marker.h"
#include "server/replication/hint_scripts.h"
#include "server/replication/late_hints.h"
#include "server/replication/repair.h"
#include "server/replication/scripts.h"
#include "server/replication/stand_in.h"
#include "server/replication/store_terms.h"
#include "server/replication/write_operation.h"

namespace kache {
namespace {

// No marker begins so.
constexpr std::string_view kNoMarker = "-";

}  // namespace

redis::Command WriteOperation::CommandFor(NodeId node, bool home) {
  const ReplicationOptions& options = shard().options();
  // A tombstone needs no grace: its life is already the longest that a delete is kept.
  KeyEnds ends{fields_.expires_at_ms, KeptUntilMs(fields_, options.tombstone_ttl)};
  std::string flagged;
  if (!home) {
    ends = EndsOnStandIn(fields_, made_at_, options);
    flagged = WithStandInFlag(record_, true);
  }
  const absl::Duration offset = shard().ClockOffset(node);
  StoreTerms terms{AtNodeMs(ends.ends_ms, offset), AtNodeMs(ends.limit_ms, offset),
                   AtNodeMs(latest_ms_, offset)};
  const std::string_view record = home ? record_ : flagged;
  if (home && fields_.expires_at_ms != 0) terms.least_ms = LeastMs();
  const bool asks_marker = home && !fields_.tombstone && fields_.expires_at_ms != 0;
  if (asks_marker) {  // It may have lost its memory just now.
    terms.whole = MayShortenUnknown(node) ? kNoMarker : RingPartOf(shard().WholeMarker(node));
  }
  if (const std::vector<std::string> sets = HintSets(node); !sets.empty()) {
    const std::string kept = std::to_string(AtNodeMs(home ? KeptForMissedMs() : 0, offset));
    const std::string keys_bound = std::to_string(shard().options().hint_keys);
    const std::string bytes_bound = std::to_string(shard().HintBytesBoundOn(node));
    std::vector<std::string_view> keys = {redis_key_, shard().keys().Marker()};
    keys.insert(keys.end(), sets.begin(), sets.end());
    const std::string packed = EncodeTerms(terms);
    const std::vector<std::string_view> arguments = {record,    packed,     kept,
                                                     UserKey(), keys_bound, bytes_bound};
    return redis::Command::Call(SetWithHints(), keys, arguments).Keeping(HoldForCommand());
  }
  if (!asks_marker) {
    return redis::Command::Call(SetIfNewer(), {redis_key_}, {record, EncodeTerms(terms)})
        .Keeping(HoldForCommand());
  }
  return redis::Command::Call(SetIfNewer(), {redis_key_, shard().keys().Marker()},
                              {record, EncodeTerms(terms)})
      .Keeping(HoldForCommand());
}

std::string_view WriteOperation::UserKey() const {
  return std::string_view(redis_key_).substr(shard().keys().data_prefix().size());
}

std::vector<std::string> WriteOperation::HintSets(NodeId holder) const {
  std::vector<std::string> sets;
  for (const NodeId node : missed_by_) {
    if (node == holder) continue;
    sets.push_back(shard().keys().Hints(shard().ring().names()[node.index()]));
  }
  return sets;
}

// A record that expires is forgotten on purpose. Where a home replica still holds what it replaced,
// it must not be before that one can have heard of it. A tombstone lives for longer as it is. So
// does what a stand-in keeps of a value that ends before its copy; any other copy of a stand-in
// must end before a tombstone of its stamp would.
int64_t WriteOperation::KeptForMissedMs() const {
  const ReplicationOptions& options = shard().options();
  if (fields_.tombstone || fields_.expires_at_ms == 0) return 0;
  return absl::ToUnixMillis(absl::FromUnixMillis(fields_.expires_at_ms) +
                            options.tombstone_ttl / 2 + options.max_write_age);
}

// By then every replica has taken the write or failed to, and the hint of that was left.
int64_t WriteOperation::LeastMs() const {
  return absl::ToInt64Milliseconds(CopyTimeout() + shard().options().write_timeout +
                                   LateHints::kPatience);
}

// A node that does not answer at all is found out within moments, so a longer deadline changes
// little but what such values cost.
absl::Duration WriteOperation::CopyTimeout() const {
  const absl::Duration write_timeout = shard().options().write_timeout;
  const absl::Duration until_deadline = std::max(shard().Left(deadline_), write_timeout);
  if (fields_.tombstone || fields_.expires_at_ms == 0) return until_deadline;
  return std::min(until_deadline, std::max(write_timeout, kLongestCopy));
}

void WriteOperation::NoteHintsRefused(NodeId by) {
  for (const NodeId node : missed_by_) {
    if (node != by) shard().NoteHintLost(node);
  }
}

LateHint WriteOperation::LateHintAbout(NodeId node) const {
  LateHint hint{.about = node,
                .redis_key = redis_key_,
                .version = record_.substr(kRecordVersionOffset, kRecordVersionBytes),
                .caller = caller()};
  for (const Target& target : targets_) {
    if (target.node == node || target.MayLackIt()) continue;
    const int64_t kept_ms = target.home ? KeptForMissedMs() : 0;
    hint.holders.push_back({target.node, AtNodeMs(kept_ms, shard().ClockOffset(target.node))});
  }
  return hint;
}

void WriteOperation::LeaveHintsAbout(NodeId node) {
  missed_by_.push_back(node);
  home_command_.reset();  // Further copies bring the hint along.
  const size_t index = late_hints_.size();
  late_hints_.push_back({node});
  const LateHint hint = LateHintAbout(node);
  for (const LateHint::Holder& holder : hint.holders) {
    if (!shard().IsReady(holder.node)) continue;
    shard().EnsureNoted(node, holder.node);
    ++late_hints_[index].unanswered;
    ++outstanding_;
    shard()
        .client(holder.node)
        .Send(LeaveHintOn(shard(), hint, holder), shard().options().write_timeout,
              [this, index](const absl::StatusOr<redis::Reply>& reply) {
                --outstanding_;
                --late_hints_[index].unanswered;
                late_hints_[index].is_left |= reply.ok() && reply->IsInteger(1);
                KeepUnlessLeft(index);
                EndIfDone();
              });
  }
  KeepUnlessLeft(index);
}

// One is enough. A node that holds another version by now is asked again, to tell it from one that
// could not be told.
void WriteOperation::KeepUnlessLeft(size_t late_hint) {
  const SentHint& sent = late_hints_[late_hint];
  if (sent.unanswered == 0 && !sent.is_left) shard().KeepLateHint(LateHintAbout(sent.about));
}

// Whether the record ends a life that the node may not know of: one that is not whole lacks what is
// to be brought to it, and what that record replaces would come back once its own life is over.
bool WriteOperation::MayShortenUnknown(NodeId node) const {
  if (fields_.tombstone || fields_.expires_at_ms == 0) return false;
  return shard().View(node).state != NodeState::kUp || shard().WholeMarker(node).empty();
}

void WriteOperation::NoteSkipped(absl::Span<const NodeId> homes) {
  for (const NodeId home : homes) {
    const bool sent = std::any_of(targets_.begin(), targets_.end(),
                                  [&](const Target& target) { return target.node == home; });
    if (sent) continue;
    shard().NoteMissed(home);
    missed_by_.push_back(home);
  }
}

// A write that nobody took is owed to nobody.
void WriteOperation::NoteFailed() {
  if (Acknowledged() == 0) return;
  for (Target& target : targets_) {
    if (!target.home || target.noted || !target.MayLackIt()) continue;
    target.noted = true;
    shard().NoteMissed(target.node);
    LeaveHintsAbout(target.node);
  }
}

}  // namespace kache
