#include "server/replication/get_operation.h"

#include <algorithm>
#include <utility>

#include "server/replication/newest_read.h"
#include "server/replication/placement.h"
#include "server/replication/read_result.h"

namespace kache {

GetOperation::GetOperation(Shard& shard, std::string_view key, uint64_t token,
                           MonotonicTime deadline, ReadCallback done)
    : Operation(shard), key_(key), token_(token), deadline_(deadline), done_(std::move(done)) {}

void GetOperation::Run() {
  walk_ = shard().ring().Preference(token_, shard().homes());
  command_ = redis::Command::Of({"GET", shard().RedisKey(key_)});
  const auto views = [this](NodeId node) { return shard().View(node); };
  if (ChooseReadMode(walk_, views) == ReadMode::kNewestOfAll) {
    StartNewestRead(shard(), *command_, walk_, deadline_, std::move(done_));
    delete this;
    return;
  }
  TryNext();
}

void GetOperation::TryNext() {
  const uint32_t limit = shard().options().max_tries;
  const absl::Duration left = shard().Left(deadline_);
  if (left == absl::ZeroDuration()) {
    return Finish(absl::DeadlineExceededError("the deadline passed before a replica answered"));
  }
  const std::optional<size_t> position =
      limit != 0 && tries_ >= limit ? std::nullopt : NextCandidate();
  if (!position) return NothingLeft();

  degraded_ |= *position != tries_;  // a nearer node was passed over
  ++tries_;
  next_ = *position + 1;
  if (*position >= shard().homes()) shard().metrics().reads_from_stand_in.Increment();
  // The last try has all the time that is left.
  const bool more = (limit == 0 || tries_ < limit) && AnotherHomeIsUp(next_);
  const NodeId node = walk_[*position];
  shard().client(node).Send(
      *command_, more ? std::min(left, shard().options().try_timeout) : left,
      [this, node](absl::StatusOr<redis::Reply> reply) { OnReply(node, std::move(reply)); });
}

std::optional<size_t> GetOperation::NextCandidate() {
  const auto views = [this](NodeId node) { return shard().View(node); };
  const auto position = NextUp(walk_, next_, views);
  if (position || walk_.size() > shard().homes()) return position;
  // The home replicas are through. What one of them said stands; stand-ins are asked only when
  // none of them can be.
  const auto homes = absl::MakeConstSpan(walk_).subspan(0, shard().homes());
  if (nils_ > 0 || ChooseReadMode(homes, views) != ReadMode::kStandIns) return std::nullopt;
  walk_ = shard().ring().Preference(token_, shard().ring().nodes());
  return NextUp(walk_, shard().homes(), views);
}

bool GetOperation::AnotherHomeIsUp(size_t after) const {
  const size_t homes = std::min(walk_.size(), shard().homes());
  for (size_t i = after; i < homes; ++i) {
    if (shard().View(walk_[i]).state == NodeState::kUp) return true;
  }
  return false;
}

void GetOperation::OnReply(NodeId node, absl::StatusOr<redis::Reply> reply) {
  if (!reply.ok()) {
    shard().metrics().read_failures.For(reply.status()).Increment();
    last_error_ = reply.status();
    degraded_ = true;
    return TryNext();
  }
  const Finding finding = Inspect(*reply, shard());
  switch (finding.kind) {
    case Finding::Kind::kNothing:
      return WalkOnAfterNil(node);
    case Finding::Kind::kFailed:
      last_error_ = absl::UnavailableError("Redis answered a read with an error: " + reply->text);
      degraded_ = true;
      return TryNext();
    case Finding::Kind::kNewerFormat:
      return Finish(NewerFormatError());
    case Finding::Kind::kRecord:
      break;
  }
  ReadResult result = Answer(finding.record, std::move(reply->text), shard());
  result.receipt.node = node;
  Finish(std::move(result));
}

void GetOperation::WalkOnAfterNil(NodeId node) {
  ++nils_;
  last_nil_ = node;
  degraded_ |= shard().View(node).may_lack_writes;
  if (!degraded_) return Finish(ReadResult());
  shard().metrics().reads_walked_on_nil.Increment();
  TryNext();
}

void GetOperation::NothingLeft() {
  if (nils_ > 0) return Finish(ReadResult());
  if (!last_error_.ok()) return Finish(last_error_);
  Finish(absl::UnavailableError("no replica of the key can be reached"));
}

void GetOperation::Finish(absl::StatusOr<ReadResult> result) {
  if (result.ok()) {
    Receipt& receipt = result->receipt;
    receipt.acknowledged = receipt.node ? nils_ + 1 : nils_;
    if (!receipt.node) receipt.node = last_nil_;
    receipt.degraded = degraded_;
    if (degraded_) shard().metrics().reads_degraded.Increment();
  }
  ReadCallback done = std::move(done_);
  delete this;
  done(std::move(result));
}

}  // namespace kache
