#include "server/replication/batch_read.h"

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "server/redis/command.h"
#include "server/replication/get_operation.h"
#include "server/replication/read_result.h"

namespace kache {
namespace {

using Read = BatchRead::Read;

void ReadAlone(Shard& shard, Read read, MonotonicTime deadline) {
  // Owns itself.
  (new GetOperation(shard, read.key, read.token, Version(), deadline, std::move(read.done)))->Run();
}

redis::Command Mget(const Shard& shard, std::span<const Read> reads) {
  std::vector<std::string> keys;
  keys.reserve(reads.size());
  for (const Read& read : reads) keys.push_back(shard.RedisKey(read.key));
  std::vector<std::string_view> arguments = {"MGET"};
  arguments.insert(arguments.end(), keys.begin(), keys.end());
  return redis::Command::Of(std::span<const std::string_view>(arguments));
}

// Those of the reads that one node is asked for with one command.
class NodeRead final : public Operation {
 public:
  NodeRead(Shard& shard, NodeId node, std::vector<Read> reads, MonotonicTime deadline)
      : Operation(shard), node_(node), reads_(std::move(reads)), deadline_(deadline) {}

  void Run() override {
    const absl::Duration timeout = std::min(shard().Left(deadline_), shard().options().try_timeout);
    shard().client(node_).Send(
        Mget(shard(), reads_), timeout,
        [this](absl::StatusOr<redis::Reply> reply) { OnReply(std::move(reply)); });
  }

 private:
  void OnReply(absl::StatusOr<redis::Reply> reply) {
    const std::unique_ptr<NodeRead> self(this);
    if (!reply.ok()) {
      shard().metrics().read_failures.For(reply.status()).Increment();
    } else if (reply->elements.size() == reads_.size()) {
      for (size_t i = 0; i < reads_.size(); ++i) Answer(reads_[i], reply->elements[i]);
      return;
    }
    for (Read& read : reads_) ReadAlone(shard(), std::move(read), deadline_);
  }

  void Answer(Read& read, redis::Reply& reply) {
    const Finding finding = Inspect(reply, shard());
    if (finding.kind == Finding::Kind::kFailed) {
      return ReadAlone(shard(), std::move(read), deadline_);
    }
    if (finding.kind == Finding::Kind::kNewerFormat) return read.done(NewerFormatError());
    ReadResult result;
    if (finding.kind == Finding::Kind::kRecord) {
      result = kache::Answer(finding.record, std::move(reply.text), shard());
    }
    result.receipt.acknowledged = 1;
    result.receipt.node = node_;
    read.done(std::move(result));
  }

  const NodeId node_;
  std::vector<Read> reads_;
  const MonotonicTime deadline_;
};

}  // namespace

BatchRead::BatchRead(Shard& shard, std::vector<Read> reads, MonotonicTime deadline)
    : Operation(shard), reads_(std::move(reads)), deadline_(deadline) {}

void BatchRead::Run() {
  const std::unique_ptr<BatchRead> self(this);
  const bool in_time = shard().Left(deadline_) > absl::ZeroDuration();
  std::vector<std::pair<uint16_t, size_t>> by_node;  // and the position in reads_
  by_node.reserve(reads_.size());
  for (size_t i = 0; i < reads_.size(); ++i) {
    const NodeId first = shard().ring().Preference(reads_[i].token, 1)[0];
    if (in_time && shard().View(first).state == NodeState::kUp) {
      by_node.emplace_back(first.index(), i);
    } else {
      ReadAlone(shard(), std::move(reads_[i]), deadline_);
    }
  }
  std::sort(by_node.begin(), by_node.end());
  for (size_t begin = 0; begin < by_node.size();) {
    const uint16_t node = by_node[begin].first;
    std::vector<Read> reads;
    for (; begin < by_node.size() && by_node[begin].first == node; ++begin) {
      if (reads.size() == kMaxKeysPerCommand) break;
      reads.push_back(std::move(reads_[by_node[begin].second]));
    }
    (new NodeRead(shard(), NodeId(node), std::move(reads), deadline_))->Run();
  }
}

}  // namespace kache
