#include "server/replication/locate_operation.h"

#include <algorithm>
#include <string>
#include <utility>

#include "server/replication/placement.h"
#include "server/replication/read_result.h"
#include "server/replication/record.h"

namespace kache {
namespace {

// A node that does not answer must not keep the others' answers from the caller.
constexpr double kShareOfTheTimeLeft = 0.8;

ReplicaContent::Kind KindOf(const DecodedRecord& decoded, int64_t now_ms) {
  switch (decoded.kind) {
    case RecordKind::kForeign:
      return ReplicaContent::Kind::kForeign;
    case RecordKind::kNewerFormat:
      return ReplicaContent::Kind::kNewerFormat;
    case RecordKind::kRecord:
      break;
  }
  if (decoded.record.tombstone) return ReplicaContent::Kind::kTombstone;
  if (decoded.record.ExpiredAt(now_ms)) return ReplicaContent::Kind::kExpired;
  return ReplicaContent::Kind::kValue;
}

bool HasOurHeader(ReplicaContent::Kind kind) {
  return kind == ReplicaContent::Kind::kValue || kind == ReplicaContent::Kind::kExpired ||
         kind == ReplicaContent::Kind::kTombstone;
}

}  // namespace

LocateOperation::LocateOperation(Shard& shard, std::string_view key, uint64_t token,
                                 MonotonicTime deadline, LocateCallback done)
    : Operation(shard), key_(key), deadline_(deadline), done_(std::move(done)) {
  location_.token = token;
}

void LocateOperation::Run() {
  Begins();
  const PreferenceList walk = shard().ring().Preference(location_.token, shard().ring().nodes());
  const std::string redis_key = shard().RedisKey(key_);
  const redis::Command header = ReadHeader(redis_key);
  const auto size = redis::Command::Of({"STRLEN", redis_key});
  location_.home_replicas = shard().homes();
  location_.served_by = FirstAsked(walk);

  const absl::Duration timeout = shard().Left(deadline_) * kShareOfTheTimeLeft;
  waiting_ = 1;  // Held until all are asked.
  for (const NodeId node : walk) {
    ReplicaContent& replica = location_.replicas.emplace_back();
    replica.node = node;
    replica.state = shard().View(node).state;
    replica.error = "the node is down";
  }
  for (size_t i = 0; i < walk.size(); ++i) {
    if (location_.replicas[i].state != NodeState::kDown) Ask(i, header, size, timeout);
  }
  OneLess();
}

std::optional<NodeId> LocateOperation::FirstAsked(absl::Span<const NodeId> walk) const {
  const auto views = [this](NodeId node) { return shard().View(node); };
  const ReadMode mode = ChooseReadMode(walk.subspan(0, shard().homes()), views);
  const NodeState wanted = mode == ReadMode::kNewestOfAll ? NodeState::kSyncing : NodeState::kUp;
  for (const NodeId node : walk) {
    if (views(node).state == wanted) return node;
  }
  return std::nullopt;
}

void LocateOperation::Ask(size_t index, const redis::Command& header, const redis::Command& size,
                          absl::Duration timeout) {
  redis::NodeClient& client = shard().client(location_.replicas[index].node);
  waiting_ += 2;
  client.Send(
      redis::Command(header).For(caller()), timeout,
      [this, index](absl::StatusOr<redis::Reply> reply) { OnHeader(index, std::move(reply)); });
  client.Send(
      redis::Command(size).For(caller()), timeout,
      [this, index](absl::StatusOr<redis::Reply> reply) { OnSize(index, std::move(reply)); });
}

void LocateOperation::OnHeader(size_t index, absl::StatusOr<redis::Reply> reply) {
  ReplicaContent& replica = location_.replicas[index];
  if (!reply.ok()) {
    replica.error = std::string(reply.status().message());
  } else if (reply->IsError() &&
             redis::ClassifyError(reply->text) != redis::ErrorKind::kWrongType) {
    replica.error = reply->text;
  } else {
    const DecodedRecord decoded = DecodeRecord(reply->IsError() ? "" : reply->text);
    replica.error.clear();
    replica.version = decoded.record.version;
    replica.expires_at_ms = decoded.record.expires_at_ms;
    replica.kind = reply->text.empty() ? ReplicaContent::Kind::kNone
                                       : KindOf(decoded, absl::ToUnixMillis(shard().clock().Now()));
  }
  OneLess();
}

void LocateOperation::OnSize(size_t index, absl::StatusOr<redis::Reply> reply) {
  ReplicaContent& replica = location_.replicas[index];
  if (reply.ok() && reply->type == redis::Reply::Type::kInteger) {
    replica.value_bytes = static_cast<uint64_t>(std::max<int64_t>(reply->integer, 0));
  }
  OneLess();
}

void LocateOperation::OneLess() {
  if (--waiting_ > 0) return;
  for (ReplicaContent& replica : location_.replicas) {
    if (HasOurHeader(replica.kind)) {
      replica.value_bytes -= std::min<uint64_t>(replica.value_bytes, kRecordHeaderBytes);
    }
  }
  LocateCallback done = std::move(done_);
  Location location = std::move(location_);
  delete this;
  done(std::move(location));
}

}  // namespace kache
