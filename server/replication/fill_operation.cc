#include "server/replication/fill_operation.h"

#include <optional>
#include <utility>

#include "base/error_details.h"
#include "server/replication/lease.h"
#include "server/replication/lease_scripts.h"
#include "server/replication/placement.h"
#include "server/replication/record.h"

namespace kache {

FillOperation::FillOperation(Shard& shard, const WriteOperation::Write& write, uint64_t token,
                             const OperationTiming& timing, WriteCallback done)
    : Operation(shard), write_(write), token_(token), timing_(timing), done_(std::move(done)) {}

void FillOperation::Run() {
  Begins();
  const absl::Duration left = shard().Left(timing_.deadline);
  if (left == absl::ZeroDuration()) {
    return Answer(absl::DeadlineExceededError("the deadline passed before the fill was begun"));
  }
  const int64_t now_ms = absl::ToUnixMillis(shard().clock().Now());
  if (write_.stamp.made_at_ms == 0) write_.stamp.made_at_ms = now_ms;
  if (BeginsOutOfRange(now_ms)) return AnswerOutOfRange(now_ms);
  const PreferenceList homes = shard().ring().Preference(token_, shard().homes());
  const std::optional<size_t> first =
      NextUp(homes, 0, [this](NodeId node) { return shard().View(node); });
  if (!first) return Answer(absl::UnavailableError("no home replica of the key is up"));
  const NodeId node = homes[*first];
  checked_at_ = shard().clock().Now();
  const Version lease{write_.stamp.timestamp, write_.stamp.clock};
  shard().client(node).Send(
      redis::Command::Call(CheckLease(), {shard().RedisKey(write_.key)},
                           {EncodeLeaseCheck(lease, shard().ring().WireId(node))}),
      left, [this](const absl::StatusOr<redis::Reply>& reply) { OnChecked(reply); });
}

// Of the value's life.
bool FillOperation::BeginsOutOfRange(int64_t now_ms) const {
  const ReplicationOptions& options = shard().options();
  const int64_t made_ms = write_.stamp.made_at_ms;
  return made_ms < now_ms - absl::ToInt64Milliseconds(options.max_write_age) ||
         made_ms > now_ms + absl::ToInt64Milliseconds(options.max_clock_skew);
}

void FillOperation::AnswerOutOfRange(int64_t now_ms) {
  shard().metrics().stamps_out_of_range.Increment();
  absl::Status status = absl::FailedPreconditionError(
      "the fill's made_at_unix_ms is too long ago, or too far ahead of cluster time");
  SetReason(kStampOutOfRange, &status);
  SetClusterTimeMs(now_ms, &status);
  Answer(std::move(status));
}

void FillOperation::OnChecked(const absl::StatusOr<redis::Reply>& reply) {
  if (!reply.ok()) {
    shard().metrics().write_failures.For(reply.status()).Increment();
    return Answer(reply.status());
  }
  if (reply->IsError()) {
    shard().metrics().write_failures.error_reply.Increment();
    return Answer(absl::UnavailableError(
        "Redis refused to look for the lease: " +
        std::string(redis::ErrorKindName(redis::ClassifyError(reply->text)))));
  }
  if (reply->IsInteger(1)) return Fill();
  AnswerSuperseded(DecodeVersion(reply->text).value_or(Version()));
}

void FillOperation::Fill() {
  write_.latest = checked_at_ + shard().options().write_timeout;
  auto* write = new WriteOperation(shard(), write_, token_, timing_, std::move(done_));
  delete this;
  write->Run();
}

void FillOperation::AnswerSuperseded(const Version& held) {
  shard().metrics().fills_refused.Increment();
  shard().ObserveVersion(held);
  Receipt receipt;
  receipt.version = held;
  Answer(WithReceipt(
      WithSuperseded(absl::AbortedError("the lease does not stand any more: it has ended, or the "
                                        "key was written since; nothing was done"),
                     {held, false}),
      receipt));
}

void FillOperation::Answer(absl::StatusOr<Receipt> receipt) {
  WriteCallback done = std::move(done_);
  delete this;
  done(std::move(receipt));
}

}  // namespace kache
