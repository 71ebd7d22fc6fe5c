#include "server/replication/batch_read.h"

#include <algorithm>
#include <array>
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

void ReadAlone(Shard& shard, const Read& read, MonotonicTime deadline, BatchReadSink& sink) {
  // Owns itself.
  (new GetOperation(shard, read.key, read.token, Version(), deadline,
                    [&sink, index = read.index](absl::StatusOr<ReadResult> result) {
                      sink.Take(index, std::move(result));
                    }))
      ->Run();
}

// Reads of one node, as many as one command may ask for.
class NodeReads {
 public:
  void Add(const Read& read) { reads_[count_++] = read; }
  size_t size() const { return count_; }
  std::span<const Read> reads() const { return {reads_.data(), count_}; }

 private:
  size_t count_ = 0;
  std::array<Read, BatchRead::kMaxKeysPerCommand> reads_;
};

redis::Command Mget(const Shard& shard, std::span<const Read> reads) {
  const std::string_view prefix = shard.keys().data_prefix();
  size_t bytes = reads.size() * prefix.size();
  for (const Read& read : reads) bytes += read.key.size();
  std::string keys;  // all of them, one after another
  keys.reserve(bytes);
  std::array<std::string_view, 1 + BatchRead::kMaxKeysPerCommand> arguments = {"MGET"};
  for (size_t i = 0; i < reads.size(); ++i) {
    const size_t start = keys.size();
    keys.append(prefix).append(reads[i].key);
    arguments[1 + i] = {keys.data() + start, keys.size() - start};
  }
  return redis::Command::Of(std::span<const std::string_view>(arguments.data(), 1 + reads.size()));
}

// What one node is asked for with one command.
class NodeRead final : public Operation {
 public:
  NodeRead(Shard& shard, NodeId node, MonotonicTime deadline, BatchReadSink& sink)
      : Operation(shard), node_(node), deadline_(deadline), sink_(sink) {}

  NodeReads& reads() { return reads_; }

  void Run() override {
    const absl::Duration timeout = std::min(shard().Left(deadline_), shard().options().try_timeout);
    shard().client(node_).Send(
        Mget(shard(), reads_.reads()), timeout,
        [this](absl::StatusOr<redis::Reply> reply) { OnReply(std::move(reply)); });
  }

 private:
  void OnReply(absl::StatusOr<redis::Reply> reply) {
    const std::unique_ptr<NodeRead> self(this);
    const std::span<const Read> reads = reads_.reads();
    if (!reply.ok()) {
      Inspect(reply, shard());
      if (redis::IsBeyondNodeLimits(reply.status())) {
        shard().portion().OnTooMuch();
        if (reads.size() == 1) return sink_.Take(reads[0].index, reply.status());
      }
    } else if (reply->elements.size() == reads.size()) {
      for (size_t i = 0; i < reads.size(); ++i) Answer(reads[i], reply->elements[i]);
      return;
    }
    for (const Read& read : reads) ReadAlone(shard(), read, deadline_, sink_);
  }

  void Answer(const Read& read, redis::Reply& reply) {
    shard().portion().OnValue(reply.text.size());
    const Finding finding = Inspect(reply, shard());
    if (finding.kind == Finding::Kind::kFailed) {
      return ReadAlone(shard(), read, deadline_, sink_);
    }
    absl::StatusOr<ReadResult> result = kache::Answer(finding, std::move(reply.text), shard());
    if (result.ok()) {
      result->receipt.acknowledged = 1;
      result->receipt.node = node_;
    }
    sink_.Take(read.index, std::move(result));
  }

  const NodeId node_;
  const MonotonicTime deadline_;
  BatchReadSink& sink_;
  NodeReads reads_;
};

// Gathers a batch's reads by node, and sends those of a node whenever they fill a command.
class ByNode {
 public:
  ByNode(Shard& shard, MonotonicTime deadline, BatchReadSink& sink)
      : shard_(shard),
        deadline_(deadline),
        sink_(sink),
        keys_per_read_(shard.portion().Keys(shard.options().keys_per_read)),
        gathered_(shard.ring().nodes()) {}

  void Add(NodeId node, const Read& read) {
    std::unique_ptr<NodeRead>& gathered = gathered_[node.index()];
    if (gathered == nullptr) {
      gathered = std::make_unique<NodeRead>(shard_, node, deadline_, sink_);
    }
    gathered->reads().Add(read);
    if (gathered->reads().size() < keys_per_read_) return;
    gathered.release()->Run();  // owns itself
  }
  void SendRest() {
    for (std::unique_ptr<NodeRead>& gathered : gathered_) {
      if (gathered != nullptr) gathered.release()->Run();
    }
  }

 private:
  Shard& shard_;
  const MonotonicTime deadline_;
  BatchReadSink& sink_;
  const size_t keys_per_read_;
  std::vector<std::unique_ptr<NodeRead>> gathered_;  // by NodeId
};

}  // namespace

BatchRead::BatchRead(Shard& shard, std::vector<Read> reads, MonotonicTime deadline,
                     BatchReadSink& sink)
    : Operation(shard), reads_(std::move(reads)), deadline_(deadline), sink_(sink) {}

void BatchRead::Run() {
  const std::unique_ptr<BatchRead> self(this);
  const bool in_time = shard().Left(deadline_) > absl::ZeroDuration();
  ByNode by_node(shard(), deadline_, sink_);
  for (const Read& read : reads_) {
    const NodeId first = shard().ring().Preference(read.token, 1)[0];
    // One whose answer is to be compared goes by itself, and counts itself.
    const bool alone =
        !in_time || shard().NextReadIsCompared() || shard().View(first).state != NodeState::kUp;
    if (!alone) {
      shard().CountRead();
      by_node.Add(first, read);
    } else {
      ReadAlone(shard(), read, deadline_, sink_);
    }
  }
  by_node.SendRest();
}

}  // namespace kache
