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

void ReadAlone(Shard& shard, const Read& read, MonotonicTime deadline, BatchReadSink& sink,
               redis::CallerId caller) {
  auto* operation =  // owns itself
      new GetOperation(shard, read.key, read.token, Version(), deadline,
                       [&sink, index = read.index](absl::StatusOr<ReadResult> result) {
                         sink.Take(index, std::move(result));
                       });
  operation->set_caller(caller);
  operation->Run();
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

class NodeReadsInTurn;

// What one node is asked for with one command.
class NodeRead final : public Operation {
 public:
  NodeRead(Shard& shard, NodeId node, NodeReadsInTurn& all)
      : Operation(shard), node_(node), all_(all) {}

  NodeReads& reads() { return reads_; }
  void Run() override;

 private:
  void OnReply(absl::StatusOr<redis::Reply> reply);
  void Answer(const Read& read, redis::Reply& reply);

  const NodeId node_;
  NodeReadsInTurn& all_;
  NodeReads reads_;
};

// The reads of a batch that go by MGET, no more at a time than the sink has room for. Owns itself:
// gone once all of them have their answers.
class NodeReadsInTurn {
 public:
  NodeReadsInTurn(Shard& shard, MonotonicTime deadline, BatchReadSink& sink, redis::CallerId caller)
      : shard_(shard),
        deadline_(deadline),
        sink_(sink),
        caller_(caller),
        keys_per_read_(shard.portion().Keys(shard.options().keys_per_read)),
        gathered_(shard.ring().nodes()) {}

  void Add(NodeId node, const Read& read) {
    std::unique_ptr<NodeRead>& gathered = gathered_[node.index()];
    if (gathered == nullptr) gathered = std::make_unique<NodeRead>(shard_, node, *this);
    gathered->reads().Add(read);
    if (gathered->reads().size() == keys_per_read_) waiting_.push_back(std::move(gathered));
  }
  void Start() {
    for (std::unique_ptr<NodeRead>& gathered : gathered_) {
      if (gathered != nullptr) waiting_.push_back(std::move(gathered));
    }
    Continue();
  }
  // An answer is dealt with, the keys' results are taken.
  void OnDone(size_t keys) {
    keys_under_way_ -= keys;
    Continue();
  }

  MonotonicTime deadline() const { return deadline_; }
  BatchReadSink& sink() const { return sink_; }
  redis::CallerId caller() const { return caller_; }

 private:
  void Continue() {
    if (std::exchange(continuing_, true)) return;
    while (next_ < waiting_.size() && MayBegin()) {
      std::unique_ptr<NodeRead> next = std::move(waiting_[next_++]);
      keys_under_way_ += next->reads().size();
      next.release()->Run();  // owns itself
    }
    continuing_ = false;
    if (keys_under_way_ > 0) return;
    // The sink may be gone with the last key.
    const std::unique_ptr<NodeReadsInTurn> self(this);
    for (; next_ < waiting_.size(); ++next_) {
      const std::unique_ptr<NodeRead> left = std::move(waiting_[next_]);
      for (const Read& each : left->reads().reads()) sink_.LeaveOut(each.index);
    }
  }
  // Requires: some wait, so the sink is there. The first command is always begun, so that a batch
  // whose values are larger than all room is answered with one of them.
  bool MayBegin() {
    if (!std::exchange(begun_, true)) return true;
    const size_t more = keys_under_way_ == 0 ? 1 : waiting_[next_]->reads().size();
    return shard_.portion().Bytes(keys_under_way_ + more) <= sink_.room_bytes();
  }

  Shard& shard_;
  const MonotonicTime deadline_;
  BatchReadSink& sink_;
  const redis::CallerId caller_;
  const size_t keys_per_read_;
  std::vector<std::unique_ptr<NodeRead>> gathered_;  // by NodeId
  std::vector<std::unique_ptr<NodeRead>> waiting_;
  size_t next_ = 0;  // of these, not begun
  size_t keys_under_way_ = 0;
  bool begun_ = false;
  bool continuing_ = false;
};

void NodeRead::Run() {
  const absl::Duration timeout =
      std::min(shard().Left(all_.deadline()), shard().options().try_timeout);
  shard().client(node_).Send(
      Mget(shard(), reads_.reads()).For(all_.caller()), timeout,
      [this](absl::StatusOr<redis::Reply> reply) { OnReply(std::move(reply)); });
}

void NodeRead::OnReply(absl::StatusOr<redis::Reply> reply) {
  const std::unique_ptr<NodeRead> self(this);
  const std::span<const Read> reads = reads_.reads();
  NodeReadsInTurn& all = all_;
  const bool answered = reply.ok() && reply->elements.size() == reads.size();
  const bool beyond_limits = redis::IsBeyondNodeLimits(reply.status());
  if (!reply.ok()) Inspect(reply, shard());
  if (beyond_limits) shard().portion().OnTooMuch();
  if (answered) {
    for (size_t i = 0; i < reads.size(); ++i) Answer(reads[i], reply->elements[i]);
  } else if (beyond_limits && reads.size() == 1) {
    all.sink().Take(reads[0].index, reply.status());
  } else {
    for (const Read& read : reads) {
      ReadAlone(shard(), read, all.deadline(), all.sink(), all.caller());
    }
  }
  all.OnDone(reads.size());
}

void NodeRead::Answer(const Read& read, redis::Reply& reply) {
  shard().portion().OnValue(reply.text.size());
  const Finding finding = Inspect(reply, shard());
  if (finding.kind == Finding::Kind::kFailed) {
    return ReadAlone(shard(), read, all_.deadline(), all_.sink(), all_.caller());
  }
  absl::StatusOr<ReadResult> result = kache::Answer(finding, std::move(reply.text), shard());
  if (result.ok()) {
    result->receipt.acknowledged = 1;
    result->receipt.node = node_;
  }
  all_.sink().Take(read.index, std::move(result));
}

}  // namespace

BatchRead::BatchRead(Shard& shard, std::vector<Read> reads, MonotonicTime deadline,
                     BatchReadSink& sink)
    : Operation(shard), reads_(std::move(reads)), deadline_(deadline), sink_(sink) {}

void BatchRead::Run() {
  const std::unique_ptr<BatchRead> self(this);
  const bool in_time = shard().Left(deadline_) > absl::ZeroDuration();
  auto* by_node = new NodeReadsInTurn(shard(), deadline_, sink_, caller());
  for (const Read& read : reads_) {
    const NodeId first = shard().ring().Preference(read.token, 1)[0];
    // One whose answer is to be compared goes by itself, and counts itself.
    const bool alone =
        !in_time || shard().NextReadIsCompared() || shard().View(first).state != NodeState::kUp;
    if (!alone) {
      shard().CountRead();
      by_node->Add(first, read);
    } else {
      ReadAlone(shard(), read, deadline_, sink_, caller());
    }
  }
  by_node->Start();
}

}  // namespace kache
