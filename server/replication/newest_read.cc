#include "server/replication/newest_read.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "server/replication/kept_record.h"
#include "server/replication/operation.h"
#include "server/replication/read_result.h"

namespace kache {
namespace {

class NewestRead final : public Operation {
 public:
  NewestRead(Shard& shard, const redis::Command& get, absl::Span<const NodeId> nodes,
             const Version& min_version, MonotonicTime deadline, ReadCallback done)
      : Operation(shard),
        get_(get),
        nodes_(nodes.begin(), nodes.end()),
        min_version_(min_version),
        deadline_(deadline),
        done_(std::move(done)),
        newest_(shard.budget()) {}

  void Run() override {
    shard().metrics().reads_newest_of_all.Increment();
    const absl::Duration left = shard().Left(deadline_);
    const absl::Duration timeout =
        min_version_.IsZero() ? std::min(left, std::max(shard().options().try_timeout, left / 2))
                              : left;
    asked_until_deadline_ = timeout == left;
    waiting_ = 1;  // Held until all are asked.
    for (const NodeId node : nodes_) {
      if (shard().View(node).state == NodeState::kDown) continue;
      ++waiting_;
      shard().client(node).Send(get_, timeout, [this, node](absl::StatusOr<redis::Reply> reply) {
        OnReply(node, std::move(reply));
      });
    }
    OneLess();
  }

 private:
  void OnReply(NodeId node, absl::StatusOr<redis::Reply> reply) {
    if (reply.ok()) {
      Note(node, *std::move(reply));
    } else {
      shard().metrics().read_failures.For(reply.status()).Increment();
      if (absl::IsFailedPrecondition(reply.status())) beyond_limits_ = reply.status();
      // One that was lost can't be reached; one that is late could hold what is asked for.
      late_ |= !absl::IsUnavailable(reply.status());
      timed_out_ |= absl::IsDeadlineExceeded(reply.status());
    }
    OneLess();
  }

  void Note(NodeId node, redis::Reply reply) {
    const Finding finding = Inspect(reply, shard());
    if (finding.kind == Finding::Kind::kFailed) {
      late_ = true;
      return;
    }
    ++answered_;
    if (!node_) node_ = node;
    if (finding.kind == Finding::Kind::kNothing) return;
    if (newest_.kept() && finding.record.version <= newest_version_) return;
    node_ = node;
    newest_version_ = finding.record.version;
    if (!newest_.Keep(std::move(reply.text))) no_room_ = true;
    if (!min_version_.IsZero() && newest_version_ >= min_version_) Finish();
  }

  void OneLess() {
    if (--waiting_ > 0) return;
    Finish();
    delete this;
  }

  void Finish() {
    if (done_) std::exchange(done_, nullptr)(Result());
    newest_.DropCounted();
  }

  absl::StatusOr<ReadResult> Result() {
    // A node that cannot answer holds something: it is no miss.
    if (!newest_.kept() && !beyond_limits_.ok()) return beyond_limits_;
    if (answered_ == 0) return NobodyAnswered();
    if (no_room_) return NoRoomForRecord();
    ReadResult result;
    result.receipt.version = newest_version_;
    if (newest_version_ < min_version_ && (newest_.kept() || late_)) {
      return WithReceipt(absl::AbortedError("no reachable home replica is as new as min_version"),
                         Complete({}));
    }
    if (newest_.kept()) {
      const DecodedRecord decoded = DecodeRecord(newest_.record());
      if (decoded.kind == RecordKind::kNewerFormat) return NewerFormatError();
      result = Answer(decoded.record, newest_.Give(), shard());
    }
    result.receipt = Complete(result.receipt);
    shard().metrics().reads_degraded.Increment();
    return result;
  }

  // Where time is left, the caller may try again.
  absl::Status NobodyAnswered() const {
    if (asked_until_deadline_ && timed_out_) {
      return absl::DeadlineExceededError("the deadline passed before a replica answered");
    }
    return absl::UnavailableError("no replica of the key answered in time");
  }

  Receipt Complete(Receipt receipt) const {
    receipt.acknowledged = answered_;
    receipt.node = node_;
    receipt.degraded = true;
    return receipt;
  }

  const redis::Command get_;
  const PreferenceList nodes_;
  const Version min_version_;
  const MonotonicTime deadline_;
  ReadCallback done_;
  size_t waiting_ = 0;
  uint32_t answered_ = 0;
  bool asked_until_deadline_ = false;
  bool timed_out_ = false;
  bool late_ = false;           // so did a node, or it failed: it may hold what is asked for
  bool no_room_ = false;        // for a record
  absl::Status beyond_limits_;  // what a node said that cannot digest the read; OK = none
  KeptRecord newest_;
  Version newest_version_;
  std::optional<NodeId> node_;
};

}  // namespace

void StartNewestRead(Shard& shard, const redis::Command& get, absl::Span<const NodeId> nodes,
                     const Version& min_version, MonotonicTime deadline, ReadCallback done) {
  (new NewestRead(shard, get, nodes, min_version, deadline, std::move(done)))->Run();
}

}  // namespace kache
