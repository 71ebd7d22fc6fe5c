#include "gateway/upstream/name_learning_upstream.h"

#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <optional>
#include <utility>

#include "tests/testing/eventually.h"
#include "tests/unit/gateway/fake_upstream.h"

namespace kache::gateway {
namespace {

v1::GetResponse From(uint32_t node_id) {
  v1::GetResponse response;
  response.mutable_receipt()->set_node_id(node_id);
  return response;
}

v1::GetStatusResponse Nodes(std::initializer_list<std::pair<uint32_t, const char*>> nodes) {
  v1::GetStatusResponse status;
  for (const auto& [id, name] : nodes) {
    v1::Node* const node = status.add_nodes();
    node->set_node_id(id);
    node->set_name(name);
  }
  return status;
}

class NameLearning : public testing::Test {
 protected:
  using Got = std::optional<absl::StatusOr<v1::GetResponse>>;

  void Get(Got* got) {
    upstream_.Get({}, options_, [got](absl::StatusOr<v1::GetResponse> answer) {
      ASSERT_FALSE(got->has_value()) << "answered twice";
      *got = std::move(answer);
    });
  }

  FakeUpstream inner_;
  NodeNames names_;
  NameLearningUpstream upstream_{&inner_, &names_};
  CallOptions options_;
};

TEST_F(NameLearning, PassesOnAtOnceWhatIsKnown) {
  names_.Learn(Nodes({{1, "cache-a"}}));
  Got got;
  Get(&got);
  inner_.gets.back().done(From(1));
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ((*got)->receipt().node_id(), 1u);
  EXPECT_TRUE(inner_.statuses.empty());
}

TEST_F(NameLearning, AsksOnceForWhatIsNot) {
  options_.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  options_.lane = 5;
  Got got;
  Get(&got);
  inner_.gets.back().done(From(1));
  EXPECT_FALSE(got.has_value()) << "it waits for the name";
  ASSERT_EQ(inner_.statuses.size(), 1u);
  EXPECT_EQ(inner_.statuses.back().options.deadline, options_.deadline);
  EXPECT_EQ(inner_.statuses.back().options.lane, 5u);
  inner_.statuses.back().done(Nodes({{1, "cache-a"}, {2, "cache-b"}}));
  ASSERT_TRUE(got.has_value());
  EXPECT_TRUE(got->ok());
  EXPECT_EQ(names_.Find(1), "cache-a");

  Got next;
  Get(&next);
  inner_.gets.back().done(From(2));
  EXPECT_TRUE(next.has_value());
  EXPECT_EQ(inner_.statuses.size(), 1u);
}

TEST_F(NameLearning, CallsThatWaitAtTheSameTimeAskEach) {
  Got first;
  Got second;
  Get(&first);
  Get(&second);
  inner_.gets[1].done(From(1));
  inner_.gets[0].done(From(1));
  ASSERT_EQ(inner_.statuses.size(), 2u);
  inner_.statuses[1].done(Nodes({{1, "cache-a"}}));
  EXPECT_TRUE(first.has_value());
  EXPECT_FALSE(second.has_value());
  inner_.statuses[0].done(absl::UnavailableError("gone"));
  ASSERT_TRUE(second.has_value());
  EXPECT_TRUE(second->ok());
}

TEST_F(NameLearning, GoesOnWithoutANameAndRests) {
  Got got;
  Get(&got);
  inner_.gets.back().done(From(1));
  inner_.statuses.back().done(absl::UnavailableError("no server"));
  ASSERT_TRUE(got.has_value());
  EXPECT_TRUE(got->ok()) << "the read has succeeded";

  Got soon;
  Get(&soon);
  inner_.gets.back().done(From(1));
  EXPECT_TRUE(soon.has_value());
  EXPECT_EQ(inner_.statuses.size(), 1u) << "nobody is asked again so soon";
}

TEST_F(NameLearning, RestsWhenTheServersDoNotKnowTheNode) {
  const auto before = std::chrono::steady_clock::now();
  Got got;
  Get(&got);
  inner_.gets.back().done(From(1));
  inner_.statuses.back().done(Nodes({{2, "cache-b"}}));
  ASSERT_TRUE(got.has_value());
  // Asks again once the rest is over.
  EXPECT_TRUE(Eventually([this] {
    Got again;
    Get(&again);
    inner_.gets.back().done(From(1));
    const bool asked = inner_.statuses.size() == 2;
    if (asked) inner_.statuses.back().done(Nodes({{1, "cache-a"}}));
    EXPECT_TRUE(again.has_value());
    return asked;
  }));
  EXPECT_GE(std::chrono::steady_clock::now() - before, NameLearningUpstream::kRest);
  EXPECT_EQ(names_.Find(1), "cache-a");
}

TEST_F(NameLearning, ErrorsAndReceiptsWithoutANodeNeedNoName) {
  Got failed;
  Get(&failed);
  inner_.gets.back().done(absl::UnavailableError("no replica"));
  EXPECT_EQ(failed->status().code(), absl::StatusCode::kUnavailable);
  Got nameless;
  Get(&nameless);
  inner_.gets.back().done(v1::GetResponse());
  EXPECT_TRUE(nameless.has_value());
  EXPECT_TRUE(inner_.statuses.empty());
}

TEST_F(NameLearning, BatchesWaitForTheNamesOfAllTheirNodes) {
  names_.Learn(Nodes({{1, "cache-a"}}));
  bool came = false;
  upstream_.BatchGet({}, options_, [&](absl::StatusOr<v1::BatchGetResponse> answer) {
    came = true;
    EXPECT_EQ(answer->results_size(), 3);
  });
  v1::BatchGetResponse response;
  *response.add_results()->mutable_response() = From(1);
  response.add_results()->mutable_error()->set_code(14);
  *response.add_results()->mutable_response() = From(2);
  inner_.batch_gets.back().done(response);
  EXPECT_FALSE(came);
  inner_.statuses.back().done(Nodes({{2, "cache-b"}}));
  EXPECT_TRUE(came);
  EXPECT_EQ(names_.Find(2), "cache-b");
}

TEST_F(NameLearning, LocateWaitsForTheNamesOfAllReplicas) {
  bool came = false;
  upstream_.Locate({}, options_, [&](const absl::StatusOr<v1::LocateResponse>&) { came = true; });
  v1::LocateResponse response;
  response.add_replicas()->set_node_id(1);
  response.add_replicas()->set_node_id(2);
  inner_.locates.back().done(response);
  EXPECT_FALSE(came);
  inner_.statuses.back().done(Nodes({{1, "cache-a"}, {2, "cache-b"}}));
  EXPECT_TRUE(came);
}

TEST_F(NameLearning, LearnsFromEveryStatusThatPasses) {
  bool came = false;
  upstream_.GetStatus({}, options_, [&](const absl::StatusOr<v1::GetStatusResponse>& answer) {
    came = answer.ok();
  });
  inner_.statuses.back().done(Nodes({{1, "cache-a"}}));
  EXPECT_TRUE(came);
  EXPECT_EQ(names_.Find(1), "cache-a");
}

TEST_F(NameLearning, WritesPassThrough) {
  int came = 0;
  const auto count = [&](const auto& answer) { came += answer.ok(); };
  upstream_.Put({}, options_, count);
  upstream_.Delete({}, options_, count);
  upstream_.BatchPut({}, options_, count);
  upstream_.BatchDelete({}, options_, count);
  inner_.puts.back().done(v1::PutResponse());
  inner_.deletes.back().done(v1::DeleteResponse());
  inner_.batch_puts.back().done(v1::BatchPutResponse());
  inner_.batch_deletes.back().done(v1::BatchDeleteResponse());
  EXPECT_EQ(came, 4);
  inner_.healthy = false;
  EXPECT_FALSE(upstream_.Healthy());
}

}  // namespace
}  // namespace kache::gateway
