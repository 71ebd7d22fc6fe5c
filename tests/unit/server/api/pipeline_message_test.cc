#include "server/api/pipeline_message.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace kache {
namespace {

// Keeps what is posted, as a queue would.
class FakeSink final : public PipelineSink {
 public:
  void Post(PipelineOperation* operation) override { posted.push_back(operation); }
  void Take(PipelineOperation& operation) override { taken.push_back(&operation); }
  absl::Status AdmitAnswer(size_t bytes, int64_t held) override {
    asked_bytes += bytes;
    EXPECT_GE(held, 400);
    return fits ? absl::OkStatus() : absl::ResourceExhaustedError("no room");
  }
  redis::CallerId caller() const override { return 1; }
  const HashRing& ring() const override { return nodes; }
  const std::atomic<bool>* cancelled() const override { return &broken; }

  std::vector<PipelineOperation*> posted;
  std::vector<PipelineOperation*> taken;
  const HashRing nodes{{"cache-a", "cache-b"}, 1};
  size_t asked_bytes = 0;
  bool fits = true;
  std::atomic<bool> broken{false};
};

class PipelineMessageTest : public ::testing::Test {
 protected:
  void Arrive(int operations) {
    for (int i = 0; i < operations; ++i) {
      v1::PipelineOperation& operation = *message_.request().add_operations();
      operation.set_id(static_cast<uint64_t>(100 + i));
      operation.mutable_get()->set_key("k");
    }
    message_.Arrive(MonotonicTime(std::chrono::seconds(1)), kBytes);
  }

  static constexpr size_t kBytes = 50;

  FakeSink sink_;
  PipelineMessage message_{{.fields = 3}};
};

TEST_F(PipelineMessageTest, GivesItsOperationsInOrder) {
  Arrive(2);
  EXPECT_EQ(message_.size(), 2u);
  EXPECT_EQ(message_.bytes(), kBytes);
  EXPECT_EQ(message_.Next(sink_).request().id(), 100u);
  EXPECT_TRUE(message_.HasNext());
  EXPECT_EQ(message_.Next(sink_).request().id(), 101u);
  EXPECT_FALSE(message_.HasNext());
}

TEST(StrippedMessage, KeepsIdsAndKindsAlone) {
  PipelineMessage full({.fields = 2});
  v1::PipelineOperation& put = *full.request().add_operations();
  put.set_id(7);
  put.mutable_put()->set_value(std::string(100'000, 'v'));
  full.request().add_operations()->mutable_delete_()->set_key("k");
  full.Arrive(MonotonicTime(std::chrono::seconds(3)), full.request().ByteSizeLong());
  const std::unique_ptr<PipelineMessage> stripped = PipelineMessage::Stripped(full);
  EXPECT_LT(stripped->bytes(), 50u);
  EXPECT_EQ(stripped->arrived(), full.arrived());
  ASSERT_EQ(stripped->size(), 2u);
  EXPECT_EQ(stripped->request().operations(0).id(), 7u);
  EXPECT_TRUE(stripped->request().operations(0).has_put());
  EXPECT_TRUE(stripped->request().operations(1).has_delete_());
}

TEST_F(PipelineMessageTest, IsOverWhenAllHaveEnded) {
  Arrive(2);
  message_.Next(sink_);
  message_.EndOperation();
  EXPECT_FALSE(message_.Over());
  message_.Next(sink_);
  EXPECT_FALSE(message_.Over());
  message_.EndOperation();
  EXPECT_TRUE(message_.Over());
}

TEST_F(PipelineMessageTest, IsOverAtOnceWhenEmpty) {
  Arrive(0);
  EXPECT_TRUE(message_.Over());
}

TEST_F(PipelineMessageTest, WaitsForWhatWasTakenWhenTheRestIsDropped) {
  Arrive(3);
  message_.Next(sink_);
  message_.DropRest();
  EXPECT_FALSE(message_.HasNext());
  EXPECT_FALSE(message_.Over());
  message_.EndOperation();
  EXPECT_TRUE(message_.Over());
}

TEST_F(PipelineMessageTest, FinishedOperationsComeBackByTheSink) {
  Arrive(1);
  PipelineOperation& operation = message_.Next(sink_);
  operation.result().mutable_get()->set_value("value");
  operation.Finish(absl::OkStatus());
  ASSERT_EQ(sink_.posted.size(), 1u);
  EXPECT_EQ(operation.answer_bytes(), 5u);
  EXPECT_EQ(operation.code(), absl::StatusCode::kOk);
  sink_.posted[0]->RunPosted();
  EXPECT_EQ(sink_.taken.size(), 1u);
  EXPECT_EQ(operation.result().id(), 100u);
  EXPECT_EQ(operation.result().get().value(), "value");
}

TEST_F(PipelineMessageTest, AnErrorTakesTheAnswersPlace) {
  Arrive(1);
  PipelineOperation& operation = message_.Next(sink_);
  operation.result().mutable_get();
  operation.Finish(absl::UnavailableError("nobody is there"));
  EXPECT_FALSE(operation.result().has_get());
  EXPECT_EQ(operation.result().error().code(), 14);
  EXPECT_EQ(operation.result().error().message(), "nobody is there");
  EXPECT_EQ(sink_.asked_bytes, 0u);
}

TEST_F(PipelineMessageTest, AValueThatDoesNotFitIsDropped) {
  Arrive(1);
  sink_.fits = false;
  PipelineOperation& operation = message_.Next(sink_);
  operation.result().mutable_get()->set_value("value");
  operation.Finish(absl::OkStatus());
  EXPECT_EQ(operation.result().error().code(), 8);
  EXPECT_EQ(operation.answer_bytes(), 0u);
}

}  // namespace
}  // namespace kache
