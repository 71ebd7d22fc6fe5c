#include "tests/testing/client_under_test.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace kache::testing {

ClientUnderTest::ClientUnderTest(redis::Endpoint endpoint, redis::ClientOptions options,
                                 std::vector<const redis::Script*> scripts,
                                 std::function<bool()> suspect_self,
                                 redis::RedisClient::MayQueue may_queue)
    : client_(redis::RedisClient::Create(runner_.loop(), NodeId(7), std::move(endpoint), options,
                                         std::move(scripts), observed_, std::move(suspect_self),
                                         std::move(may_queue))) {}

bool ClientUnderTest::WaitUntilReady() {
  return RunUntil([this] { return client_->Ready(); });
}

bool ClientUnderTest::WaitUntilDown(std::string_view code) {
  return RunUntil([this, code] {
    return std::ranges::any_of(observed_.down,
                               [code](const auto& reason) { return reason.code == code; });
  });
}

void ClientUnderTest::Send(redis::Command command, absl::Duration timeout) {
  client_->Send(std::move(command), timeout,
                [this](Answer answer) { answers_.push_back(std::move(answer)); });
}

bool ClientUnderTest::WaitForAnswers(size_t count) {
  return RunUntil([this, count] { return answers_.size() >= count; });
}

ClientUnderTest::Answer ClientUnderTest::Run(redis::Command command, absl::Duration timeout) {
  // Shared with the callback, which may come after this has given up waiting.
  auto answer = std::make_shared<std::optional<Answer>>();
  client_->Send(std::move(command), timeout,
                [answer](Answer given) { *answer = std::move(given); });
  if (!RunUntil([&] { return answer->has_value(); })) {
    return absl::InternalError("the test waited in vain for an answer");
  }
  return **answer;
}

}  // namespace kache::testing
