#include "server/replication/newest_read.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "server/replication/operation.h"
#include "server/replication/read_result.h"

namespace kache {
namespace {

class NewestRead final : public Operation {
 public:
  NewestRead(Shard& shard, const redis::Command& get, absl::Span<const NodeId> nodes,
             MonotonicTime deadline, ReadCallback done)
      : Operation(shard),
        get_(get),
        nodes_(nodes.begin(), nodes.end()),
        deadline_(deadline),
        done_(std::move(done)) {}

  void Run() override {
    shard().metrics().reads_newest_of_all.Increment();
    const absl::Duration left = shard().Left(deadline_);
    const absl::Duration timeout =
        std::min(left, std::max(shard().options().try_timeout, left / 2));
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
    }
    OneLess();
  }

  void Note(NodeId node, redis::Reply reply) {
    const Finding finding = Inspect(reply, shard());
    if (finding.kind == Finding::Kind::kFailed) return;
    ++answered_;
    if (!node_) node_ = node;
    if (finding.kind == Finding::Kind::kNothing) return;
    if (newest_ && finding.record.version <= newest_version_) return;
    node_ = node;
    newest_ = std::move(reply.text);
    newest_version_ = finding.record.version;
  }

  void OneLess() {
    if (--waiting_ > 0) return;
    ReadCallback done = std::move(done_);
    absl::StatusOr<ReadResult> result = Result();
    delete this;
    done(std::move(result));
  }

  absl::StatusOr<ReadResult> Result() {
    if (answered_ == 0) return absl::UnavailableError("no replica of the key answered in time");
    ReadResult result;
    if (newest_) {
      const DecodedRecord decoded = DecodeRecord(*newest_);
      if (decoded.kind == RecordKind::kNewerFormat) return NewerFormatError();
      result = Answer(decoded.record, *std::move(newest_), shard());
    }
    result.receipt.acknowledged = answered_;
    result.receipt.node = node_;
    result.receipt.degraded = true;
    shard().metrics().reads_degraded.Increment();
    return result;
  }

  const redis::Command get_;
  const PreferenceList nodes_;
  const MonotonicTime deadline_;
  ReadCallback done_;
  size_t waiting_ = 0;
  uint32_t answered_ = 0;
  std::optional<std::string> newest_;
  Version newest_version_;
  std::optional<NodeId> node_;
};

}  // namespace

void StartNewestRead(Shard& shard, const redis::Command& get, absl::Span<const NodeId> nodes,
                     MonotonicTime deadline, ReadCallback done) {
  (new NewestRead(shard, get, nodes, deadline, std::move(done)))->Run();
}

}  // namespace kache
