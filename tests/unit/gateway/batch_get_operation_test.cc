#include "gateway/handlers/batch_get_operation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_details.h"
#include "tests/unit/gateway/fake_upstream.h"

namespace kache::gateway {
namespace {

using ::testing::ElementsAre;

class BatchGet : public testing::Test {
 protected:
  void Start(std::vector<std::string> keys, size_t max_answer_bytes = 100) {
    std::make_shared<BatchGetOperation>(
        &upstream_, std::move(keys), RequestOptions(), max_answer_bytes,
        [this](uint64_t bytes) {
          reserved_.push_back(bytes);
          return bytes <= room_;
        },
        [this](const std::vector<std::string>&,
               absl::StatusOr<std::vector<v1::GetResult>> results) {
          ASSERT_FALSE(finished_);
          finished_ = true;
          results_ = std::move(results);
        })
        ->Start();
  }

  std::vector<std::string> Asked() const {
    const auto& keys = upstream_.batch_gets.back().request.keys();
    return {keys.begin(), keys.end()};
  }

  // Answers the last call: "" = left over, "queue" = refused by a full queue, anything else = that
  // value.
  void Answer(const std::vector<std::string>& values) {
    v1::BatchGetResponse response;
    for (const std::string& value : values) {
      v1::GetResult* const result = response.add_results();
      if (value.empty()) {
        *result->mutable_error() = left_over_;
      } else if (value == "queue") {
        result->mutable_error()->set_code(static_cast<int>(absl::StatusCode::kResourceExhausted));
        result->mutable_error()->set_retry_after_ms(100);
      } else {
        result->mutable_response()->set_found(true);
        result->mutable_response()->set_value(value);
      }
    }
    upstream_.batch_gets.back().done(std::move(response));
  }

  std::vector<std::string> Values() const {
    std::vector<std::string> values;
    for (const v1::GetResult& result : *results_) {
      values.push_back(result.has_error() ? "error " + std::to_string(result.error().code())
                                          : result.response().value());
    }
    return values;
  }

  static v1::Error AnswerFull() {
    v1::Error error;
    error.set_code(static_cast<int>(absl::StatusCode::kOutOfRange));
    error.set_reason("ANSWER_FULL");
    return error;
  }

  uint64_t room_ = UINT64_MAX;
  std::vector<uint64_t> reserved_;
  FakeUpstream upstream_;
  v1::Error left_over_ = AnswerFull();
  bool finished_ = false;
  absl::StatusOr<std::vector<v1::GetResult>> results_;
};

TEST_F(BatchGet, AsksAgainForWhatWasLeftOver) {
  Start({"a", "b", "c", "d"});
  Answer({"1", "", "3", ""});
  EXPECT_FALSE(finished_);
  EXPECT_THAT(Asked(), ElementsAre("b", "d"));
  Answer({"2", ""});
  EXPECT_THAT(Asked(), ElementsAre("d"));
  Answer({"4"});
  ASSERT_TRUE(finished_);
  EXPECT_THAT(Values(), ElementsAre("1", "2", "3", "4"));
}

TEST_F(BatchGet, AsksAgainForWhatAnOlderServerLeftOver) {
  left_over_.Clear();
  left_over_.set_code(static_cast<int>(absl::StatusCode::kResourceExhausted));
  left_over_.set_message("the answer holds MAX_BATCH_BYTES (3145728) already; ask again");
  Start({"a", "b"});
  Answer({"1", ""});
  EXPECT_THAT(Asked(), ElementsAre("b"));
  Answer({"2"});
  EXPECT_THAT(Values(), ElementsAre("1", "2"));
}

TEST_F(BatchGet, GivesBackAKeyThatAFullQueueRefusedWithTheAdvice) {
  Start({"a", "b", "c"});
  Answer({"1", "queue", ""});
  EXPECT_THAT(Asked(), ElementsAre("c"));
  Answer({"3"});
  ASSERT_TRUE(finished_);
  EXPECT_THAT(Values(), ElementsAre("1", "error 8", "3"));
  EXPECT_EQ((*results_)[1].error().retry_after_ms(), 100);
}

TEST_F(BatchGet, WhatALaterRoundAdvisesIsKept) {
  Start({"a", "b"});
  Answer({"1", ""});
  absl::Status full = absl::ResourceExhaustedError("more than MAX_IN_FLIGHT");
  SetRetryAfter(absl::Milliseconds(250), &full);
  upstream_.batch_gets.back().done(full);
  EXPECT_THAT(Values(), ElementsAre("1", "error 8"));
  EXPECT_EQ((*results_)[1].error().retry_after_ms(), 250);
  EXPECT_EQ((*results_)[1].error().reason(), "");
}

TEST_F(BatchGet, ReservesWhatItHoldsAndWhatIsMadeOfIt) {
  Start({"a", "b", "c"});
  Answer({"123", "", ""});
  Answer({"45", "6"});
  ASSERT_TRUE(finished_);
  EXPECT_THAT(reserved_, ElementsAre(0, 2 * 3, 2 * 6));
}

TEST_F(BatchGet, AsksNobodyWhereThereIsNoRoom) {
  Start({"a", "b"});
  room_ = 5;
  Answer({"123", ""});
  EXPECT_FALSE(finished_);
  EXPECT_EQ(upstream_.batch_gets.size(), 1u);
}

TEST_F(BatchGet, StopsWhenARoundBringsNothing) {
  Start({"a", "b"});
  Answer({"1", ""});
  Answer({""});
  ASSERT_TRUE(finished_);
  EXPECT_THAT(Values(), ElementsAre("1", "error 11"));
  EXPECT_EQ(upstream_.batch_gets.size(), 2u);
}

TEST_F(BatchGet, StopsAtTheLimitOfTheAnswer) {
  Start({"a", "b", "c"}, /*max_answer_bytes=*/10);
  Answer({"12345", "", ""});
  Answer({"67890", ""});
  ASSERT_TRUE(finished_);
  EXPECT_THAT(Values(), ElementsAre("12345", "67890", "error 11"));
}

TEST_F(BatchGet, FailsAsAWholeInItsFirstRoundOnly) {
  Start({"a"});
  upstream_.batch_gets.back().done(absl::UnavailableError("gone"));
  ASSERT_TRUE(finished_);
  EXPECT_EQ(results_.status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(BatchGet, KeepsWhatItHasWhenALaterRoundFails) {
  Start({"a", "b"});
  Answer({"1", ""});
  upstream_.batch_gets.back().done(absl::DeadlineExceededError("too late"));
  ASSERT_TRUE(finished_);
  EXPECT_THAT(Values(), ElementsAre("1", "error 4"));
}

TEST_F(BatchGet, RefusesAnAnswerOfTheWrongSize) {
  Start({"a", "b"});
  Answer({"1"});
  ASSERT_TRUE(finished_);
  EXPECT_EQ(results_.status().code(), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace kache::gateway
