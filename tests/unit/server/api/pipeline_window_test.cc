#include "server/api/pipeline_window.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

constexpr PipelineLimits kLimits = {.max_operations = 2,
                                    .max_request_bytes = 100,
                                    .pause_answer_bytes = 50,
                                    .max_answer_bytes = 80};

TEST(PipelineWindow, IsFullOfOperations) {
  PipelineWindow window(kLimits);
  window.AddOperation();
  EXPECT_FALSE(window.OperationsFull());
  window.AddOperation();
  EXPECT_TRUE(window.OperationsFull());
  window.RemoveOperations(2);
  EXPECT_FALSE(window.OperationsFull());
  EXPECT_EQ(window.operations(), 0u);
}

TEST(PipelineWindow, IsFullOfRequests) {
  PipelineWindow window(kLimits);
  window.AddMessage(99);
  EXPECT_FALSE(window.RequestsFull());
  window.AddMessage(500);
  EXPECT_TRUE(window.RequestsFull());
  window.RemoveMessage(500);
  EXPECT_FALSE(window.RequestsFull());
}

TEST(PipelineWindow, PausesBeforeItRefusesValues) {
  PipelineWindow window(kLimits);
  EXPECT_TRUE(window.AnswerFits(40));
  EXPECT_FALSE(window.AnswersFull());
  EXPECT_TRUE(window.AnswerFits(40));
  EXPECT_TRUE(window.AnswersFull());
  EXPECT_FALSE(window.AnswerFits(1));
  EXPECT_EQ(window.answer_bytes(), 80u);
  window.RemoveAnswers(80);
  EXPECT_FALSE(window.AnswersFull());
}

TEST(PipelineWindow, AlwaysHasRoomForOneValue) {
  PipelineWindow window(kLimits);
  EXPECT_TRUE(window.AnswerFits(1000));
  EXPECT_FALSE(window.AnswerFits(1000));
  window.RemoveAnswers(1000);
  EXPECT_TRUE(window.AnswerFits(1000));
}

}  // namespace
}  // namespace kache
