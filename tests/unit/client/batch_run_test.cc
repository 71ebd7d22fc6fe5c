#include "client/batch_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace kache {
namespace {

using testing::ElementsAre;

// Items are sizes; a call is the list of those that travel together, answered by `answer`.
struct FakeBatch {
  using Item = size_t;
  using Result = size_t;
  using Request = std::vector<size_t>;
  using Response = std::vector<absl::StatusOr<size_t>>;
  using Answer = std::function<absl::StatusOr<Response>(const Request&)>;

  static size_t Bytes(size_t item) { return item; }
  void Add(size_t& item, Request* request) const { request->push_back(item); }
  static int Count(const Response& response) { return static_cast<int>(response.size()); }
  static absl::StatusOr<size_t> Take(Response* response, int i) {
    return (*response)[static_cast<size_t>(i)];
  }
  static bool AskAgain(const absl::StatusOr<size_t>& result) {
    return absl::IsResourceExhausted(result.status());
  }
  void Send(const Request& request, absl::AnyInvocable<void(absl::StatusOr<Response>)> done) const {
    calls->push_back(request);
    done((*answer)(request));
  }

  std::vector<Request>* calls;
  Answer* answer;
};

std::vector<size_t> Values(const std::vector<absl::StatusOr<size_t>>& results) {
  std::vector<size_t> values;
  for (const absl::StatusOr<size_t>& result : results) values.push_back(result.value());
  return values;
}

class BatchRunTest : public testing::Test {
 protected:
  std::vector<absl::StatusOr<size_t>> Run(std::vector<size_t> items, BatchLimits limits) {
    std::vector<absl::StatusOr<size_t>> results;
    int times = 0;
    BatchRun<FakeBatch>::Start({&calls_, &answer_}, std::move(items), limits, [&](auto all) {
      results = std::move(all);
      ++times;
    });
    EXPECT_EQ(times, 1);
    return results;
  }

  std::vector<std::vector<size_t>> calls_;
  FakeBatch::Answer answer_ = [](const std::vector<size_t>& request) {
    return FakeBatch::Response(request.begin(), request.end());
  };
};

TEST_F(BatchRunTest, OfNothingCallsNobody) {
  EXPECT_THAT(Values(Run({}, {})), ElementsAre());
  EXPECT_TRUE(calls_.empty());
}

TEST_F(BatchRunTest, SplitsByKeysAndBytes) {
  EXPECT_THAT(Values(Run({1, 2, 3, 50, 60, 200, 4}, {.keys = 3, .bytes = 100})),
              ElementsAre(1u, 2u, 3u, 50u, 60u, 200u, 4u));
  EXPECT_THAT(calls_, ElementsAre(ElementsAre(1, 2, 3), ElementsAre(50), ElementsAre(60),
                                  ElementsAre(200), ElementsAre(4)));
}

TEST_F(BatchRunTest, AsksAgainForWhatTheAnswerHadNoRoomFor) {
  answer_ = [](const std::vector<size_t>& request) {
    FakeBatch::Response response(request.size(), absl::ResourceExhaustedError("full"));
    response[0] = request[0];
    return response;
  };
  EXPECT_THAT(Values(Run({7, 8, 9}, {})), ElementsAre(7u, 8u, 9u));
  EXPECT_THAT(calls_, ElementsAre(ElementsAre(7, 8, 9), ElementsAre(8, 9), ElementsAre(9)));
}

TEST_F(BatchRunTest, DoesNotAskForEverWhereNothingFits) {
  answer_ = [](const std::vector<size_t>& request) {
    return FakeBatch::Response(request.size(), absl::ResourceExhaustedError("queue full"));
  };
  const auto results = Run({7, 8}, {});
  EXPECT_EQ(calls_.size(), 1u);
  for (const auto& result : results) EXPECT_TRUE(absl::IsResourceExhausted(result.status()));
}

TEST_F(BatchRunTest, AFailedCallFailsItsOwnItemsOnly) {
  answer_ = [](const std::vector<size_t>& request) -> absl::StatusOr<FakeBatch::Response> {
    if (request[0] == 1) return absl::UnavailableError("gone");
    return FakeBatch::Response(request.begin(), request.end());
  };
  const auto results = Run({1, 2}, {.keys = 1, .bytes = 100});
  EXPECT_TRUE(absl::IsUnavailable(results[0].status()));
  EXPECT_EQ(results[1].value(), 2u);
}

TEST_F(BatchRunTest, EndsWithItsDeadline) {
  answer_ = [](const std::vector<size_t>&) -> absl::StatusOr<FakeBatch::Response> {
    return absl::DeadlineExceededError("too late");
  };
  const auto results = Run({1, 2, 3}, {.keys = 1, .bytes = 100});
  EXPECT_EQ(calls_.size(), 1u);
  for (const auto& result : results) EXPECT_TRUE(absl::IsDeadlineExceeded(result.status()));
}

TEST_F(BatchRunTest, RefusesAnAnswerOfAnotherSize) {
  answer_ = [](const std::vector<size_t>&) { return FakeBatch::Response(1, 5u); };
  for (const auto& result : Run({1, 2}, {})) {
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInternal);
  }
}

}  // namespace
}  // namespace kache
