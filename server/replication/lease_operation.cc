#include "server/replication/lease_operation.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/random/random.h"
#include "server/replication/lease_scripts.h"
#include "server/replication/placement.h"
#include "server/replication/read_result.h"
#include "server/replication/repair.h"

namespace kache {
namespace {

uint64_t RandomNumber() {
  absl::InsecureBitGen random;
  return absl::Uniform<uint64_t>(random);
}

}  // namespace

LeaseOperation::LeaseOperation(Shard& shard, LeaseWaits& waits, const Ask& ask, uint64_t token,
                               const OperationTiming& timing, LeaseCallback done)
    : Operation(shard),
      waits_(waits),
      token_(token),
      deadline_(timing.deadline),
      cancelled_(timing.cancelled),
      lease_(std::min(ask.lease,
                      LongestLease(shard.options().max_write_age, shard.options().max_clock_skew))),
      wait_(ask.wait),
      redis_key_(shard.RedisKey(ask.key)),
      asker_(RandomNumber()),
      done_(std::move(done)) {}

void LeaseOperation::Run() {
  Begins();
  wait_ends_ = std::min(deadline_, shard().clock().Monotonic() + absl::ToChronoNanoseconds(wait_));
  AskFirst();
}

void LeaseOperation::AskFirst() {
  next_ = tries_ = 0;
  AskNext();
}

void LeaseOperation::AskNext() {
  const absl::Duration left = shard().Left(deadline_);
  if (left == absl::ZeroDuration()) return Answer(NobodyAnsweredInTime());
  if (cancelled_ != nullptr && cancelled_->load(std::memory_order_relaxed)) {
    return Answer(absl::CancelledError("the caller was gone before it was given a lease"));
  }
  const PreferenceList homes = shard().ring().Preference(token_, shard().homes());
  const auto views = [this](NodeId node) { return shard().View(node); };
  const std::optional<size_t> position = NextUp(homes, next_, views);
  if (!position) {
    return Answer(!last_error_.ok() ? last_error_
                                    : absl::UnavailableError("no home replica of the key is up"));
  }
  degraded_ |= *position > 0;
  next_ = *position + 1;
  const NodeId node = homes[*position];
  const bool is_last = !NextUp(homes, next_, views).has_value();
  shard().client(node).Send(
      CommandFor(node), is_last ? left : std::min(left, shard().options().try_timeout),
      [this, node](absl::StatusOr<redis::Reply> reply) { OnReply(node, std::move(reply)); });
}

redis::Command LeaseOperation::CommandFor(NodeId node) const {
  const absl::Time now = shard().clock().Now();
  const absl::Duration offset = shard().ClockOffset(node);
  const int64_t floor_ms = absl::ToUnixMillis(now - shard().options().max_clock_skew);
  LeaseTerms terms;
  terms.floor = {static_cast<uint64_t>(std::max<int64_t>(floor_ms, 0)) << 16,
                 shard().versions().coordinator()};
  terms.lease_ms = absl::ToInt64Milliseconds(lease_);
  terms.latest_ms = AtNodeMs(absl::ToUnixMillis(now + shard().Left(deadline_)), offset);
  terms.clock_offset_ms = absl::ToInt64Milliseconds(offset);
  terms.node_id = shard().ring().WireId(node);
  terms.asker = asker_;
  return redis::Command::Call(LeaseScript(), {redis_key_}, {EncodeLeaseTerms(terms)});
}

void LeaseOperation::OnReply(NodeId node, absl::StatusOr<redis::Reply> reply) {
  const std::optional<LeaseAnswer> answer =
      reply.ok() && !reply->IsError() ? DecodeLeaseAnswer(reply->text) : std::nullopt;
  if (!answer) {
    NoteFailure(node, reply);
    return AskNext();
  }
  switch (answer->said) {
    case LeaseSaid::kLive:
      return OnLive(node, std::string(answer->record));
    case LeaseSaid::kGiven: {
      LeaseResult given = Result(LeaseResult::Kind::kGiven, node);
      given.token = answer->token;
      given.left = lease_;
      given.read.receipt.version = answer->held;
      shard().ObserveVersion(answer->held);
      return Answer(std::move(given));
    }
    case LeaseSaid::kHeld:
      return Wait(node, absl::Milliseconds(answer->left_ms));
    case LeaseSaid::kTooLate:
      return Answer(NobodyAnsweredInTime());
  }
}

void LeaseOperation::OnLive(NodeId node, std::string record) {
  const Finding finding = Inspect(redis::Reply::String(record), shard());
  absl::StatusOr<ReadResult> read = kache::Answer(finding, std::move(record), shard());
  if (!read.ok()) return Answer(read.status());
  // Its life ends just now, by one clock and not yet by the other.
  if (!read->found) return Wait(node, Shard::kTick);
  LeaseResult hit = Result(LeaseResult::Kind::kHit, node);
  const Receipt receipt = hit.read.receipt;
  hit.read = *std::move(read);
  hit.read.receipt.node = receipt.node;
  hit.read.receipt.acknowledged = receipt.acknowledged;
  hit.read.receipt.degraded = receipt.degraded;
  Answer(std::move(hit));
}

void LeaseOperation::Wait(NodeId node, absl::Duration left) {
  held_ = Result(LeaseResult::Kind::kHeld, node);
  held_.left = left;
  if (shard().clock().Monotonic() >= wait_ends_) return Answer(std::move(held_));
  if (!waits_.Add(this, redis_key_, node, left)) {
    shard().metrics().lease_waits_refused.Increment();
    return Answer(std::move(held_));
  }
  shard().metrics().lease_waits.Increment();
  waits_here_ = true;
  shard().Watch(this);
}

void LeaseOperation::StopWaiting() {
  if (!waits_here_) return;
  waits_here_ = false;
  waits_.Remove(this, redis_key_);
  shard().Unwatch(this);
}

void LeaseOperation::TimePassed(MonotonicTime now) {
  const bool is_gone = cancelled_ != nullptr && cancelled_->load(std::memory_order_relaxed);
  if (now < wait_ends_ && !is_gone) return;
  StopWaiting();
  Answer(std::move(held_));
}

void LeaseOperation::AskAgain() {
  StopWaiting();
  AskFirst();
}

void LeaseOperation::GiveUp() {
  StopWaiting();
  Answer(absl::UnavailableError("the server is being stopped"));
}

void LeaseOperation::NoteFailure(NodeId node, const absl::StatusOr<redis::Reply>& reply) {
  degraded_ = true;
  if (!reply.ok()) {
    shard().metrics().read_failures.For(reply.status()).Increment();
    last_error_ = reply.status();
    return;
  }
  shard().metrics().read_failures.error_reply.Increment();
  const redis::ErrorKind kind = redis::ClassifyError(reply->text);
  last_error_ =
      absl::UnavailableError("Redis refused the lease: " + std::string(redis::ErrorKindName(kind)));
  if (redis::IsWriteRefused(kind)) shard().ReportWriteRefused(node, reply->text);
}

LeaseResult LeaseOperation::Result(LeaseResult::Kind kind, NodeId node) const {
  LeaseResult result;
  result.kind = kind;
  result.read.receipt.node = node;
  result.read.receipt.acknowledged = 1;
  result.read.receipt.degraded = degraded_;
  return result;
}

void LeaseOperation::Answer(absl::StatusOr<LeaseResult> result) {
  if (result.ok()) {
    ReplicationMetrics& metrics = shard().metrics();
    switch (result->kind) {
      case LeaseResult::Kind::kHit:
        metrics.lease_hits.Increment();
        break;
      case LeaseResult::Kind::kGiven:
        metrics.leases_given.Increment();
        break;
      case LeaseResult::Kind::kHeld:
        metrics.leases_held.Increment();
        break;
    }
    if (degraded_) metrics.reads_degraded.Increment();
  }
  LeaseCallback done = std::move(done_);
  delete this;
  done(std::move(result));
}

}  // namespace kache
