#include "tests/testing/shard_fixture.h"

#include <utility>

#include "server/replication/get_operation.h"
#include "server/replication/hint_scripts.h"
#include "server/replication/locate_operation.h"
#include "server/replication/quorum_read.h"
#include "server/replication/scripts.h"
#include "server/replication/store_terms.h"
#include "server/replication/write_operation.h"
#include "spdlog/spdlog.h"

namespace kache::testing {
namespace {

// One virtual node for each node, in the order of their numbers from kToken on.
std::shared_ptr<const HashRing> RingInOrder(size_t nodes) {
  std::vector<std::string> names;
  std::vector<std::vector<uint64_t>> tokens;
  for (size_t i = 0; i < nodes; ++i) {
    names.push_back(std::string("n").append(std::to_string(i)));
    tokens.push_back({i * 1000 + 1});
  }
  return std::make_shared<HashRing>(HashRing::AtTokens(std::move(names), tokens));
}

}  // namespace

void ShardFixture::Start(size_t nodes, const ReplicationOptions& options) {
  options_ = options;
  spdlog::set_level(spdlog::level::off);  // The states change hundreds of times.
  const auto ring = RingInOrder(nodes);
  observation_.reset();
  metrics_ = std::make_unique<ReplicationMetrics>(registry_);
  monitor_ = std::make_unique<HealthMonitor>(ring, /*shards=*/1, clock_);
  shard_ = std::make_unique<Shard>(options_, ring, kCoordinator, clock_, *monitor_, *metrics_);
  observation_ = monitor_->Observe([this](std::shared_ptr<const Topology> topology) {
    shard_->SetTopology(std::move(topology));
  });
  std::vector<redis::NodeClient*> clients;
  for (size_t i = 0; i < nodes; ++i) {
    nodes_.push_back(std::make_unique<FakeNodeClient>(clock_));
    nodes_.back()->set_on_send([this, i] { asked_.push_back(i); });
    clients.push_back(nodes_.back().get());
    MakeUp(i);
  }
  shard_->SetClients(std::move(clients));
}

void ShardFixture::End() {
  ASSERT_NE(shard_, nullptr) << "the test did not call Start";
  shard_->SetClients({});
  nodes_.clear();
  EXPECT_EQ(shard_->running(), 0u) << "operations that never end";
  for (const auto& answered : answered_) EXPECT_TRUE(answered()) << "never answered";
  answered_.clear();
  asked_.clear();
}

void ShardFixture::MakeDown(size_t node) {
  monitor_->OnDown(0, Id(node), {"connection_refused", ""});
  nodes_[node]->set_ready(false);
}

void ShardFixture::MakeUp(size_t node) {
  monitor_->OnConnected(0, Id(node), {std::string("run-").append(std::to_string(node)), "7.0.0"});
  FindAllWhole(*monitor_);
  nodes_[node]->set_ready(true);
}

void ShardFixture::MakeDoubted(size_t node, absl::Duration lacking) {
  std::vector<Standing> standings;
  for (const NodeStatus& status : monitor_->topology()->nodes) {
    standings.push_back(WholeStanding(status));
  }
  standings[node].verdict = Standing::Verdict::kInDoubt;
  standings[node].reason = "resync";
  standings[node].doubt = Doubt::kAmnesic;
  standings[node].doubted_since = clock_.Now() - lacking;
  monitor_->SetStandings(standings);
}

void ShardFixture::MakeUnchecked(size_t node) {
  MakeDown(node);
  monitor_->OnConnected(0, Id(node), {std::string("run-").append(std::to_string(node)), "7.0.0"});
  nodes_[node]->set_ready(true);
}

void ShardFixture::MakeRefusing(size_t node) {
  monitor_->OnWriteRefused(Id(node), "OOM command not allowed");
}

void ShardFixture::ExcludeAll() {
  std::vector<Standing> standings(nodes_.size());
  for (Standing& standing : standings) standing.verdict = Standing::Verdict::kExcluded;
  monitor_->SetStandings(standings);
}

void ShardFixture::SetClockOffset(size_t node, absl::Duration ahead) {
  std::vector<Standing> standings;
  for (const NodeStatus& status : monitor_->topology()->nodes) {
    standings.push_back(WholeStanding(status));
  }
  standings[node].clock_offset = ahead;
  monitor_->SetStandings(standings);
}

void ShardFixture::MakeExcluded(size_t node) {
  std::vector<Standing> standings;
  for (const NodeStatus& status : monitor_->topology()->nodes) {
    standings.push_back(WholeStanding(status));
  }
  standings[node].verdict = Standing::Verdict::kExcluded;
  standings[node].reason = "foreign_cluster";
  monitor_->SetStandings(standings);
}

void ShardFixture::MakeSyncing(size_t node, Doubt doubt) {
  doubts_[node] = doubt;
  std::vector<Standing> standings;
  for (const NodeStatus& status : monitor_->topology()->nodes) {
    standings.push_back(WholeStanding(status));
  }
  for (const auto& [each, its_doubt] : doubts_) standings[each].doubt = its_doubt;
  monitor_->SetStandings(standings);
  MakeRefusing(node);
  clock_.Advance(HealthTracker::kRefusalBackoffMin);
  monitor_->Tick();
  shard_->Tick();
}

template <typename T>
Answer<T> ShardFixture::Expected() {
  Answer<T> answer;
  answered_.push_back([answer] { return answer.came(); });
  return answer;
}

Answer<ReadResult> ShardFixture::Get(absl::Duration deadline) { return GetWith({}, deadline); }

Answer<ReadResult> ShardFixture::GetWith(const ReadOptions& options, absl::Duration deadline) {
  auto answer = Expected<ReadResult>();
  if (options.consistency == Consistency::kOne) {
    (new GetOperation(*shard_, kKey, kToken, options.min_version, In(deadline), answer.Callback()))
        ->Run();
  } else {
    (new QuorumRead(*shard_, kKey, kToken, options, In(deadline), answer.Callback()))->Run();
  }
  return answer;
}

Answer<Receipt> ShardFixture::PutAt(Consistency consistency, std::string_view value) {
  return Write({kKey, value, absl::ZeroDuration(), /*tombstone=*/false, consistency});
}

Answer<Receipt> ShardFixture::Write(const WriteOperation::Write& write,
                                    const std::atomic<bool>* cancelled) {
  auto answer = Expected<Receipt>();
  (new WriteOperation(*shard_, write, kToken, {In(kDeadline), nullptr, cancelled},
                      answer.Callback()))
      ->Run();
  return answer;
}

Answer<Receipt> ShardFixture::Put(std::string_view value, absl::Duration ttl,
                                  absl::Duration deadline) {
  auto answer = Expected<Receipt>();
  const WriteOperation::Write write{kKey, value, ttl, /*tombstone=*/false};
  (new WriteOperation(*shard_, write, kToken, In(deadline), answer.Callback()))->Run();
  return answer;
}

Answer<Receipt> ShardFixture::Delete(absl::Duration deadline) {
  auto answer = Expected<Receipt>();
  const WriteOperation::Write write{kKey, {}, absl::ZeroDuration(), /*tombstone=*/true};
  (new WriteOperation(*shard_, write, kToken, In(deadline), answer.Callback()))->Run();
  return answer;
}

Answer<TouchResult> ShardFixture::Touch(const TouchOperation::Touch& touch,
                                        absl::Duration deadline) {
  auto answer = Expected<TouchResult>();
  (new TouchOperation(*shard_, touch, kToken, In(deadline), answer.Callback()))->Run();
  return answer;
}

Answer<Location> ShardFixture::Locate(absl::Duration deadline) {
  auto answer = Expected<Location>();
  (new LocateOperation(*shard_, kKey, kToken, In(deadline), answer.Callback()))->Run();
  return answer;
}

redis::Reply ShardFixture::Holds(const Version& version) {
  return redis::Reply::String(
      EncodeRecord({version, 0, false, {}}).substr(kRecordVersionOffset, kRecordVersionBytes));
}

redis::Reply ShardFixture::Held(const Record& record) {
  return redis::Reply::String(EncodeRecord(record));
}

redis::Reply ShardFixture::HeldBy(int64_t memory, const std::optional<Record>& record,
                                  int64_t ends_ms) {
  redis::Reply reply;
  reply.type = redis::Reply::Type::kArray;
  reply.elements = {record ? Held(*record) : redis::Reply::Nil(),
                    redis::Reply::String(std::to_string(ends_ms)), redis::Reply::Integer(memory)};
  return reply;
}

ShardFixture::Written ShardFixture::WrittenTo(size_t node) {
  const auto& sent = nodes_[node]->sent();
  const bool hints = !sent.empty() && sent.back().script == &SetWithHints();
  if (sent.empty() || (sent.back().script != &SetIfNewer() && !hints) ||
      sent.back().arguments.size() < 6) {
    ADD_FAILURE() << "node " << node << " was not sent a write last";
    return {};
  }
  // EVALSHA sha1 1 key record terms, or
  // EVALSHA sha1 2 key marker record terms, or
  // EVALSHA sha1 n key marker sets... record terms kept_until hint bound
  std::vector<std::string> arguments = sent.back().arguments;
  const auto further_keys = arguments.begin() + 4;
  const auto end_of_keys = further_keys + std::stol(arguments[2]) - 1;
  std::vector<std::string> sets(further_keys, end_of_keys);
  if (!sets.empty()) sets.erase(sets.begin());  // the marker
  arguments.erase(further_keys, end_of_keys);
  const DecodedRecord decoded = DecodeRecord(arguments[4]);
  EXPECT_EQ(decoded.kind, RecordKind::kRecord);
  const Record& record = decoded.record;
  const StoreTerms terms = DecodeTerms(arguments[5]);
  return {arguments[3],
          std::string(record.value),
          WithoutHash(record.version),
          record.version.clock & kContentHashMask,
          record.tombstone,
          record.stand_in,
          record.expires_at_ms,
          terms.ends_ms,
          terms.limit_ms,
          terms.latest_ms,
          std::string(terms.whole),
          std::move(sets),
          hints ? std::stoll(arguments.at(6)) : 0,
          hints ? arguments.at(7) : std::string()};
}

void ShardFixture::Pass(absl::Duration duration) {
  for (; duration > absl::ZeroDuration(); duration -= Shard::kTick) {
    clock_.Advance(std::min(duration, Shard::kTick));
    for (const auto& node : nodes_) node->ExpireDue();
    monitor_->Tick();
    shard_->Tick();
  }
}

Version ShardFixture::VersionAt(absl::Duration from_now, uint64_t coordinator) const {
  return {static_cast<uint64_t>(absl::ToUnixMillis(clock_.Now() + from_now)) << 16, coordinator};
}

}  // namespace kache::testing
