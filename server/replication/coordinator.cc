#include "server/replication/coordinator.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

#include "absl/random/random.h"
#include "base/strings.h"
#include "server/bookkeeping/lost_coordinator.h"
#include "server/replication/get_operation.h"
#include "server/replication/locate_operation.h"
#include "server/replication/newest_record.h"
#include "server/replication/quorum_read.h"
#include "server/replication/shard_thread.h"
#include "server/replication/write_operation.h"

namespace kache {
namespace {

constexpr absl::Duration kDrainPoll = absl::Milliseconds(2);

// As versions have it. Never zero, so that no version of ours looks like none.
uint64_t NewCoordinatorId() {
  absl::BitGen random;
  return absl::Uniform<uint64_t>(absl::IntervalClosed, random, 1, UINT64_MAX >> 16) << 16;
}

}  // namespace

Coordinator::Coordinator(CoordinatorConfig config, std::shared_ptr<const HashRing> ring,
                         HealthMonitor& monitor, const Clock& clock, prometheus::Registry& registry)
    : id_(NewCoordinatorId()),
      clock_(clock),
      options_(std::move(config.replication)),
      budget_(config.budget),
      metrics_(registry) {
  config.client.name = ConnectionName(id_);
  config.client.lost_question = LostQuestion(KeySpace(options_.key_prefix), id_);
  for (size_t i = 0; i < config.shards; ++i) {
    auto shard = std::make_unique<Shard>(options_, ring, id_, clock, monitor, metrics_);
    shard->SetBudget(budget_);
    shards_.push_back(std::make_unique<ShardThread>(i, std::move(shard), monitor, config.endpoints,
                                                    config.client, config.lag_bytes,
                                                    config.decorate, registry));
  }
  observation_ = monitor.Observe([this](const std::shared_ptr<const Topology>& topology) {
    for (const auto& shard : shards_) shard->OnTopology(topology);
  });
}

Coordinator::~Coordinator() = default;

size_t Coordinator::ShardIndex(uint64_t token) const {
  // Another part of the token than the one that orders the ring, so that every shard has keys of
  // every node.
  const uint64_t low = token & 0xFFFFFFFF;
  return (low * shards_.size()) >> 32;
}

void Coordinator::Get(std::string_view key, const ReadOptions& options, OperationTiming timing,
                      ReadCallback done) {
  const uint64_t token = HashRing::Token(key);
  ShardThread& thread = ShardOf(token);
  Operation* operation;
  if (options.consistency == Consistency::kOne) {
    operation = new GetOperation(thread.shard(), key, token, options.min_version, timing.deadline,
                                 std::move(done));
  } else {
    operation =
        new QuorumRead(thread.shard(), key, token, options, timing.deadline, std::move(done));
  }
  operation->set_times(timing.times);
  operation->set_caller(timing.caller);
  thread.Submit(operation);
}

void Coordinator::GetMany(absl::Span<const KeyRead> reads, const OperationTiming& timing,
                          BatchReadSink& sink) {
  std::vector<std::vector<BatchRead::Read>> by_shard(shards_.size());
  for (auto& shard_reads : by_shard) shard_reads.reserve(reads.size());
  for (const KeyRead& read : reads) {
    const uint64_t token = HashRing::Token(read.key);
    by_shard[ShardIndex(token)].push_back({read.key, token, read.index});
  }
  for (size_t i = 0; i < shards_.size(); ++i) {
    if (by_shard[i].empty()) continue;
    auto* read = new BatchRead(shards_[i]->shard(), std::move(by_shard[i]), timing.deadline, sink);
    read->set_caller(timing.caller);
    shards_[i]->Submit(read);
  }
}

void Coordinator::Put(std::string_view key, std::string_view value, const WriteOptions& options,
                      OperationTiming timing, WriteCallback done) {
  Write({key, value, options.ttl, /*tombstone=*/false, options.consistency, options.stamp},
        options.held_bytes, timing, std::move(done));
}

void Coordinator::Delete(std::string_view key, const WriteOptions& options, OperationTiming timing,
                         WriteCallback done) {
  Write({key, {}, absl::ZeroDuration(), /*tombstone=*/true, options.consistency, options.stamp},
        options.held_bytes, timing, std::move(done));
}

void Coordinator::Write(WriteOperation::Write write, int64_t held_bytes, OperationTiming timing,
                        WriteCallback done) {
  const auto bytes = static_cast<int64_t>(write.key.size() + write.value.size());
  if (budget_ != nullptr && bytes >= static_cast<int64_t>(kCountedBytes)) {
    constexpr auto kRequest = static_cast<int64_t>(kRequestBytes);
    const int64_t own = std::max(held_bytes, bytes) + kRequest;
    const int64_t size = (1 + kCopiesOfWrite) * bytes + kRequest;  // whatever it came with
    if (!budget_->Admit(kCopiesOfWrite * bytes, own, size)) {
      return done(absl::ResourceExhaustedError(
          Concat("more than MAX_IN_FLIGHT_BYTES (", budget_->bound(),
                 ") at once, on their way to the nodes; try again later")));
    }
    write.hold = budget_->HoldUntilGone(kCopiesOfWrite * bytes);
  }
  const uint64_t token = HashRing::Token(write.key);
  ShardThread& thread = ShardOf(token);
  auto* operation = new WriteOperation(thread.shard(), write, token, timing, std::move(done));
  operation->set_times(timing.times);
  operation->set_caller(timing.caller);
  thread.Submit(operation);
}

void Coordinator::Locate(std::string_view key, OperationTiming timing, LocateCallback done) {
  const uint64_t token = HashRing::Token(key);
  ShardThread& thread = ShardOf(token);
  auto* operation =
      new LocateOperation(thread.shard(), key, token, timing.deadline, std::move(done));
  operation->set_times(timing.times);
  operation->set_caller(timing.caller);
  thread.Submit(operation);
}

void Coordinator::OnEachShard(
    const std::function<void(Shard& shard, absl::AnyInvocable<void()> ended)>& work,
    absl::AnyInvocable<void()> done) {
  struct Count {
    std::atomic<size_t> missing;
    absl::AnyInvocable<void()> done;
  };
  auto count = std::make_shared<Count>();  // shared by the shards' threads
  count->missing = shards_.size();
  count->done = std::move(done);
  for (const auto& thread : shards_) {
    thread->Post([work, count, &shard = thread->shard()] {
      work(shard, [count] {
        if (--count->missing == 0) count->done();
      });
    });
  }
}

void Coordinator::Settle(NodeId node, absl::AnyInvocable<void()> done) {
  OnEachShard(
      [node](Shard& shard, absl::AnyInvocable<void()> ended) {
        shard.CloseMissed(node);
        shard.AwaitWrites(std::move(ended));
      },
      std::move(done));
}

void Coordinator::RestoreNote(NodeId about, NodeId holder) {
  for (const auto& thread : shards_) {
    thread->Post([about, holder, &shard = thread->shard()] { shard.RestoreNote(about, holder); });
  }
}

void Coordinator::MeasureLatency(absl::AnyInvocable<void(absl::Duration)> done) {
  // The last answer took longest.
  OnEachShard(
      [](Shard& shard, absl::AnyInvocable<void()> ended) { shard.PingAll(std::move(ended)); },
      [since = std::chrono::steady_clock::now(), done = std::move(done)]() mutable {
        done(absl::FromChrono(std::chrono::steady_clock::now() - since));
      });
}

bool Coordinator::Drain(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  for (const auto& thread : shards_) {
    while (thread->shard().running() > 0) {
      if (absl::Now() >= deadline) return false;
      absl::SleepFor(kDrainPoll);
    }
  }
  return true;
}

}  // namespace kache
