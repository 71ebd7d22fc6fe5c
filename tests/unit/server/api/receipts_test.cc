#include "server/api/receipts.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/error_details.h"
#include "ring/hash_ring.h"
#include "ring/node_id.h"

namespace kache {
namespace {

const HashRing& Ring() {
  static const HashRing ring({"cache-a", "cache-b", "cache-c", "cache-d"}, 1);
  return ring;
}

const Receipt kFullReceipt{.version = {.timestamp = 77, .clock = 88},
                           .acknowledged = 2,
                           .required = 1,
                           .degraded = true,
                           .node = NodeId(3),
                           .expires_at_ms = 123456};

ReadResult MissFrom(NodeId node) {
  ReadResult result;
  result.receipt.node = node;
  return result;
}

TEST(Receipts, CarriesAllFields) {
  v1::Receipt message;
  FillReceipt(kFullReceipt, message);
  EXPECT_EQ(message.version().timestamp(), 77u);
  EXPECT_EQ(message.version().clock(), 88u);
  EXPECT_EQ(message.acknowledged(), 2u);
  EXPECT_EQ(message.required(), 1u);
  EXPECT_TRUE(message.degraded());
  EXPECT_EQ(message.expires_at_unix_ms(), 123456);
}

TEST(Receipts, LeavesOutWhatThereIsNot) {
  v1::Receipt message;
  FillReceipt(Receipt{}, message);
  EXPECT_FALSE(message.has_version());
  EXPECT_FALSE(message.has_node_id());
}

TEST(Receipts, NamesTheNodeThatAnsweredARead) {
  for (uint16_t i = 0; i < Ring().nodes(); ++i) {
    v1::GetResponse message;
    FillGetResponse(MissFrom(NodeId(i)), Ring(), message);
    ASSERT_TRUE(message.receipt().has_node_id());
    EXPECT_EQ(message.receipt().node_id(), WireNodeId(Ring().names()[i]));
  }
  v1::GetResponse message;
  FillGetResponse(ReadResult(), Ring(), message);
  EXPECT_FALSE(message.receipt().has_node_id());
}

TEST(Receipts, NamesANodeAlikeWhateverTheOrderOfTheRing) {
  const HashRing other({"cache-d", "cache-c", "cache-b", "cache-a"}, 1);
  v1::GetResponse here;
  v1::GetResponse there;
  FillGetResponse(MissFrom(NodeId(0)), Ring(), here);
  FillGetResponse(MissFrom(NodeId(3)), other, there);
  EXPECT_EQ(here.receipt().node_id(), there.receipt().node_id());
}

TEST(Receipts, FillsAGetResponse) {
  const std::string value("a\0\xff", 3);
  v1::GetResponse message;
  FillGetResponse({.found = true, .value = value, .ttl_ms = 9, .receipt = kFullReceipt}, Ring(),
                  message);
  EXPECT_TRUE(message.found());
  EXPECT_EQ(message.value(), value);
  EXPECT_EQ(message.ttl_ms(), 9);
  EXPECT_EQ(message.receipt().node_id(), WireNodeId("cache-d"));
}

TEST(Receipts, KeepsTheReceiptOfAMiss) {
  v1::GetResponse message;
  ReadResult miss;
  miss.receipt = kFullReceipt;
  FillGetResponse(std::move(miss), Ring(), message);
  EXPECT_FALSE(message.found());
  EXPECT_TRUE(message.value().empty());
  EXPECT_EQ(message.receipt().acknowledged(), 2u);
}

TEST(Receipts, NamesEveryNodeState) {
  EXPECT_EQ(ToProto(NodeState::kUp), v1::NODE_STATE_UP);
  EXPECT_EQ(ToProto(NodeState::kSyncing), v1::NODE_STATE_SYNCING);
  EXPECT_EQ(ToProto(NodeState::kDown), v1::NODE_STATE_DOWN);
}

TEST(Receipts, FillsALocation) {
  Location location{.token = 5, .home_replicas = 1, .replicas = {}, .served_by = NodeId(1)};
  location.replicas.push_back({.node = NodeId(1),
                               .state = NodeState::kUp,
                               .kind = ReplicaContent::Kind::kValue,
                               .version = {.timestamp = 1, .clock = 2},
                               .expires_at_ms = 3,
                               .value_bytes = 4,
                               .error = ""});
  location.replicas.emplace_back().error = "no connection";
  v1::LocateResponse message;
  FillLocation(location, Ring(), message);
  EXPECT_EQ(message.token(), 5u);
  EXPECT_EQ(message.home_replicas(), 1u);
  EXPECT_EQ(message.served_by_node_id(), WireNodeId("cache-b"));
  ASSERT_EQ(message.replicas_size(), 2);
  EXPECT_EQ(message.replicas(0).node_id(), WireNodeId("cache-b"));
  EXPECT_EQ(message.replicas(0).state(), v1::NODE_STATE_UP);
  EXPECT_EQ(message.replicas(0).content(), v1::Replica::CONTENT_VALUE);
  EXPECT_EQ(message.replicas(0).version().clock(), 2u);
  EXPECT_EQ(message.replicas(0).expires_at_unix_ms(), 3);
  EXPECT_EQ(message.replicas(0).value_bytes(), 4u);
  EXPECT_EQ(message.replicas(1).content(), v1::Replica::CONTENT_UNKNOWN);
  EXPECT_FALSE(message.replicas(1).has_version());
  EXPECT_EQ(message.replicas(1).error(), "no connection");
}

TEST(Receipts, NamesEveryContent) {
  using Kind = ReplicaContent::Kind;
  const std::pair<Kind, v1::Replica::Content> kinds[] = {
      {Kind::kNone, v1::Replica::CONTENT_NONE},
      {Kind::kValue, v1::Replica::CONTENT_VALUE},
      {Kind::kTombstone, v1::Replica::CONTENT_TOMBSTONE},
      {Kind::kExpired, v1::Replica::CONTENT_EXPIRED},
      {Kind::kForeign, v1::Replica::CONTENT_FOREIGN},
      {Kind::kNewerFormat, v1::Replica::CONTENT_NEWER_FORMAT},
      {Kind::kUnknown, v1::Replica::CONTENT_UNKNOWN}};
  for (const auto& [kind, content] : kinds) {
    Location location;
    location.replicas.emplace_back().kind = kind;
    v1::LocateResponse message;
    FillLocation(location, Ring(), message);
    EXPECT_EQ(message.replicas(0).content(), content);
  }
}

TEST(Receipts, FillsAnErrorWithTheGrpcCode) {
  v1::Error message;
  FillError(absl::UnknownError("what?"), message);
  EXPECT_EQ(message.code(), 13) << "UNKNOWN becomes INTERNAL";
  EXPECT_EQ(message.message(), "what?");
  EXPECT_EQ(message.reason(), "");
  EXPECT_EQ(message.retry_after_ms(), 0);
  EXPECT_FALSE(message.has_receipt());
  EXPECT_FALSE(message.has_superseded());
  EXPECT_EQ(message.cluster_time_unix_ms(), 0);
}

TEST(Receipts, FillsAnErrorWithWhyAWriteLost) {
  v1::Error message;
  FillError(WithSuperseded(WithReceipt(absl::AbortedError("lost"), kFullReceipt),
                           {.held = {.timestamp = 5, .clock = 6}, .all_heard = true}),
            message);
  EXPECT_EQ(message.reason(), "SUPERSEDED");
  EXPECT_EQ(message.superseded().held().timestamp(), 5u);
  EXPECT_EQ(message.superseded().held().clock(), 6u);
  EXPECT_TRUE(message.superseded().all_heard());
  EXPECT_EQ(message.receipt().acknowledged(), 2u);
}

TEST(Receipts, FillsAnErrorWithClusterTime) {
  absl::Status status = absl::FailedPreconditionError("too old");
  SetReason(kStampOutOfRange, &status);
  SetClusterTimeMs(77, &status);
  v1::Error message;
  FillError(status, message);
  EXPECT_EQ(message.reason(), "STAMP_OUT_OF_RANGE");
  EXPECT_EQ(message.cluster_time_unix_ms(), 77);
}

TEST(Receipts, FillsAnErrorWithAdvice) {
  absl::Status full = absl::ResourceExhaustedError("full");
  v1::Error overload;
  FillError(full, overload);
  EXPECT_EQ(overload.retry_after_ms(), 100) << "a refusal always says how long to wait";
  SetRetryAfter(absl::Seconds(3), &full);
  v1::Error limit;
  FillError(full, limit);
  EXPECT_EQ(limit.retry_after_ms(), 3000);
}

}  // namespace
}  // namespace kache
