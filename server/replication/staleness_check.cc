#include "server/replication/staleness_check.h"

#include "server/redis/command.h"
#include "server/replication/operation.h"
#include "server/replication/read_result.h"

namespace kache {
namespace {

// Owns itself, and is gone once all that were asked have answered.
class StalenessCheck final : public Operation {
 public:
  StalenessCheck(Shard& shard, std::string_view key, uint64_t token, const ReadAnswer& answer,
                 redis::CallerId caller)
      : Operation(shard),
        header_(ReadHeader(shard.RedisKey(key)).For(caller)),
        homes_(shard.ring().Preference(token, shard.homes())),
        answer_(answer) {}

  void Run() override {
    outstanding_ = 1;  // Held until all are asked.
    for (const NodeId node : homes_) {
      if (node == answer_.node || shard().View(node).state == NodeState::kDown) continue;
      ++outstanding_;
      shard().client(node).Send(
          header_, shard().options().write_timeout,
          [this, node](const absl::StatusOr<redis::Reply>& reply) { OnReply(node, reply); });
    }
    OneLess();
  }

 private:
  void OnReply(NodeId node, const absl::StatusOr<redis::Reply>& reply) {
    if (reply.ok() && !reply->IsError()) {
      ++heard_;
      const DecodedRecord decoded = DecodeRecord(reply->text);
      if (decoded.kind == RecordKind::kRecord &&
          !shard().MayHaveBeenDeleted(node, decoded.record)) {
        const ReplicationOptions& options = shard().options();
        const auto by =
            StaleBy(answer_, decoded.record, options.write_timeout + options.max_clock_skew);
        if (by && (!stale_by_ || *by > *stale_by_)) stale_by_ = by;
      }
    }
    OneLess();
  }

  void OneLess() {
    if (--outstanding_ > 0) return;
    ReplicationMetrics& metrics = shard().metrics();
    if (heard_ > 0) metrics.reads_compared.Increment();
    if (stale_by_) {
      metrics.stale_reads.Increment();
      metrics.stale_read_age.Observe(absl::ToDoubleSeconds(*stale_by_));
    }
    delete this;
  }

  const redis::Command header_;
  const PreferenceList homes_;
  const ReadAnswer answer_;
  size_t outstanding_ = 0;
  size_t heard_ = 0;
  std::optional<absl::Duration> stale_by_;  // by the oldest of the newer writes
};

}  // namespace

std::optional<absl::Duration> StaleBy(const ReadAnswer& answer, const Record& other,
                                      absl::Duration settles) {
  if (other.version <= answer.version) return std::nullopt;
  const bool is_miss = other.tombstone || other.ExpiredAt(absl::ToUnixMillis(answer.asked_at));
  if (is_miss && !answer.found) return std::nullopt;
  const absl::Duration age =
      answer.asked_at - absl::FromUnixMillis(MillisOf(other.version.timestamp));
  if (age <= settles) return std::nullopt;
  return age;
}

void StartStalenessCheck(Shard& shard, std::string_view key, uint64_t token,
                         const ReadAnswer& answer, redis::CallerId caller) {
  (new StalenessCheck(shard, key, token, answer, caller))->Run();
}

}  // namespace kache
