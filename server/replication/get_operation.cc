#include "server/replication/get_operation.h"

#include <algorithm>
#include <utility>

#include "server/replication/newest_read.h"
#include "server/replication/placement.h"
#include "server/replication/staleness_check.h"

namespace kache {

GetOperation::GetOperation(Shard& shard, std::string_view key, uint64_t token,
                           const Version& min_version, MonotonicTime deadline, ReadCallback done)
    : ReplicaRead(shard, min_version, deadline, std::move(done)), key_(key), token_(token) {}

void GetOperation::Run() {
  Begins();
  walk_ = shard().ring().Preference(token_, shard().homes());
  command_ = redis::Command::Get(shard().RedisKey(key_)).For(caller());
  if (shard().CountRead()) compared_since_ = shard().clock().Now();
  const bool in_time = Left() > absl::ZeroDuration();
  if (in_time && Mode() == ReadMode::kNewestOfAll) return AskForNewest();
  TryNext();
}

ReadMode GetOperation::Mode() const {
  return ChooseReadMode(absl::MakeConstSpan(walk_).subspan(0, shard().homes()),
                        [this](NodeId node) { return shard().View(node); });
}

void GetOperation::AskForNewest() {
  const auto views = [this](NodeId node) { return shard().View(node); };
  PreferenceList nodes(walk_.begin(), walk_.begin() + static_cast<ptrdiff_t>(shard().homes()));
  if (Mode() == ReadMode::kNewestOfAll) {
    AddStandIns(nodes, shard().ring().Preference(token_, shard().ring().nodes()), views);
  }
  StartNewestRead(shard(), *command_, nodes, min_version(), deadline(), TakeCallback());
  delete this;
}

void GetOperation::TryNext() {
  const uint32_t limit = shard().options().max_tries;
  const bool out_of_tries = limit != 0 && tries_ >= limit;
  const absl::Duration left = Left();
  const auto position =
      left == absl::ZeroDuration() || out_of_tries ? std::nullopt : NextCandidate();
  if (!position) return NothingLeft();

  degraded_ |= *position != tries_;  // a nearer node was passed over
  ++tries_;
  next_ = *position + 1;
  if (*position >= shard().homes()) shard().metrics().reads_from_stand_in.Increment();
  // The last try has all the time that is left, unless a nil in hand can answer instead.
  const bool more =
      answered() > 0 || (!patient_ && (limit == 0 || tries_ < limit) && NextUpFrom(next_));
  Ask(*position, walk_[*position], *command_,
      more ? std::min(left, shard().options().try_timeout) : left);
}

std::optional<size_t> GetOperation::NextUpFrom(size_t from) const {
  return NextUp(walk_, from, [this](NodeId node) { return shard().View(node); });
}

std::optional<size_t> GetOperation::NextCandidate() {
  // With min_version any replica that is new enough will do: a slow one is asked last.
  if (tries_ == 0 && next_ == 0 && !min_version().IsZero()) {
    for (size_t i = 0; i < shard().homes(); ++i) {
      const NodeView view = shard().View(walk_[i]);
      if (view.state == NodeState::kUp && !view.slow) return i;
    }
  }
  const auto position = NextUpFrom(next_);
  if (position || walk_.size() > shard().homes()) return position;
  // The home replicas are through. What one of them said stands; stand-ins are asked only when
  // none of them can be.
  if (answered() > 0 || Mode() != ReadMode::kStandIns) return std::nullopt;
  walk_ = shard().ring().Preference(token_, shard().ring().nodes());
  return NextUpFrom(shard().homes());
}

void GetOperation::OnReply(size_t position, absl::StatusOr<redis::Reply> reply) {
  const Finding finding = Inspect(reply, shard());
  Note(finding);
  // What one node cannot digest is not brought to the next.
  if (!beyond_limits().ok()) return Finish(beyond_limits());
  const NodeId node = walk_[position];
  switch (finding.kind) {
    case Finding::Kind::kFailed:
      degraded_ = true;
      return TryNext();
    case Finding::Kind::kNothing:
      return WalkOnAfterNil(node);
    case Finding::Kind::kRecord:
      if (finding.record.version >= min_version()) break;
      shard().metrics().reads_older_than_asked.Increment();
      return AskForNewest();
    case Finding::Kind::kNewerFormat:
      break;
  }
  absl::StatusOr<ReadResult> result = Answer(finding, std::move(reply->text), shard());
  if (result.ok()) result->receipt.node = node;
  Finish(std::move(result));
}

void GetOperation::WalkOnAfterNil(NodeId node) {
  last_nil_ = node;
  if (!min_version().IsZero()) {
    shard().metrics().reads_older_than_asked.Increment();
    return AskForNewest();
  }
  if (!degraded_) return Finish(ReadResult());
  shard().metrics().reads_walked_on_nil.Increment();
  TryNext();
}

void GetOperation::NothingLeft() {
  if (answered() > 0) return Finish(ReadResult());
  if (Left() == absl::ZeroDuration()) {
    return Finish(NobodyAnsweredInTime());
  }
  // Those that were left have gone while an earlier one was late: that one may be as slow as this.
  if (absl::IsDeadlineExceeded(last_error()) && Mode() == ReadMode::kOneAfterAnother && !patient_) {
    patient_ = true;
    next_ = 0;
    return TryNext();
  }
  // The last home replica that was UP failed under this read.
  if (Mode() == ReadMode::kNewestOfAll) return AskForNewest();
  if (!last_error().ok()) return Finish(last_error());
  Finish(absl::UnavailableError("no replica of the key can be reached"));
}

void GetOperation::Finish(absl::StatusOr<ReadResult> result) {
  if (result.ok()) {
    Receipt& receipt = result->receipt;
    receipt.acknowledged = answered();
    if (!receipt.node) receipt.node = last_nil_;
    receipt.degraded = degraded_;
    if (degraded_) shard().metrics().reads_degraded.Increment();
    if (compared_since_) {
      StartStalenessCheck(shard(), key_, token_, ReadAnswer(*result, *compared_since_), caller());
    }
  }
  ReadCallback done = TakeCallback();
  delete this;
  done(std::move(result));
}

}  // namespace kache
