#include "server/replication/newest_read.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "server/replication/newest_record.h"
#include "server/replication/replica_read.h"

namespace kache {
namespace {

class NewestRead final : public ReplicaRead {
 public:
  NewestRead(Shard& shard, const redis::Command& get, absl::Span<const NodeId> nodes,
             const Version& min_version, MonotonicTime deadline, ReadCallback done)
      : ReplicaRead(shard, min_version, deadline, std::move(done)),
        get_(get),
        nodes_(nodes.begin(), nodes.end()),
        newest_(shard.budget()) {
    set_caller(get.caller());
  }

  void Run() override {
    shard().metrics().reads_newest_of_all.Increment();
    const absl::Duration left = Left();
    const absl::Duration timeout =
        min_version().IsZero() ? std::min(left, std::max(shard().options().try_timeout, left / 2))
                               : left;
    asked_until_deadline_ = timeout == left;
    AskTogether([&] {
      for (size_t i = 0; i < nodes_.size(); ++i) {
        const NodeState state = shard().View(nodes_[i]).state;
        if (state == NodeState::kDown) continue;
        home_is_up_ |= i < shard().homes() && state == NodeState::kUp;
        Ask(i, nodes_[i], get_, timeout);
      }
    });
    EndIfAllHeard();
  }

 private:
  void OnReply(size_t replica, absl::StatusOr<redis::Reply> reply) override {
    const Finding finding = Inspect(reply, shard());
    Note(finding);
    if (finding.kind != Finding::Kind::kFailed) {
      Hear(nodes_[replica], finding, std::move(reply->text));
    }
    timed_out_ |= absl::IsDeadlineExceeded(finding.error);
    EndIfAllHeard();
  }

  void Hear(NodeId node, const Finding& finding, std::string text) {
    if (!is_unanswered()) return;
    if (answered() == 1) first_ = node;
    if (!finding.HoldsRecord()) return;
    if (home_is_up_ && shard().MayHaveBeenDeleted(node, finding.record)) return;
    const Version& version = finding.record.version;
    if (!newest_.IsOlderThan(version)) return;
    if (!newest_.Keep(node, version, std::move(text))) return Finish(NoRoomForRecord());
    if (!min_version().IsZero() && version >= min_version()) Finish(Result());
  }

  void EndIfAllHeard() {
    if (outstanding() > 0) return;
    if (is_unanswered()) Finish(Result());
    delete this;
  }

  void Finish(absl::StatusOr<ReadResult> result) {
    TakeCallback()(std::move(result));
    newest_.DropCounted();
  }

  absl::StatusOr<ReadResult> Result() {
    // A node that cannot answer holds something: it is no miss.
    if (!newest_.kept() && !beyond_limits().ok()) return beyond_limits();
    if (answered() == 0) {
      // Where time is left, the caller may try again.
      return asked_until_deadline_ && timed_out_
                 ? NobodyAnsweredInTime()
                 : absl::UnavailableError("no replica of the key answered in time");
    }
    Receipt receipt;
    receipt.version = newest_.version();
    receipt.acknowledged = answered();
    receipt.degraded = true;
    receipt.node = newest_.holder() ? newest_.holder() : first_;
    if (newest_.version() < min_version() && (newest_.kept() || unheard())) {
      return OlderThanAsked(receipt);
    }
    absl::StatusOr<ReadResult> result = newest_.GiveAnswer(shard());
    if (!result.ok()) return result;
    receipt.expires_at_ms = result->receipt.expires_at_ms;
    result->receipt = receipt;
    shard().metrics().reads_degraded.Increment();
    return result;
  }

  const redis::Command get_;
  const PreferenceList nodes_;
  bool asked_until_deadline_ = false;
  bool timed_out_ = false;  // a node that was asked
  bool home_is_up_ = false;
  std::optional<NodeId> first_;  // that answered
  NewestRecord newest_;
};

}  // namespace

void StartNewestRead(Shard& shard, const redis::Command& get, absl::Span<const NodeId> nodes,
                     const Version& min_version, MonotonicTime deadline, ReadCallback done) {
  (new NewestRead(shard, get, nodes, min_version, deadline, std::move(done)))->Run();
}

}  // namespace kache
