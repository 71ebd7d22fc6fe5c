// A RedisClient on a loop of its own, with what it answered and told: the vocabulary of the
// client's tests.
//
//   ClientUnderTest client(server.endpoint());
//   ASSERT_TRUE(client.WaitUntilReady());
//   EXPECT_EQ(client.Run({"GET", "k"})->text, "v");
#ifndef KACHE_TESTS_TESTING_CLIENT_UNDER_TEST_H_
#define KACHE_TESTS_TESTING_CLIENT_UNDER_TEST_H_

#include <functional>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/redis/redis_client.h"
#include "tests/testing/loop_runner.h"
#include "tests/testing/observer_log.h"

namespace kache::testing {

class ClientUnderTest {
 public:
  using Answer = absl::StatusOr<redis::Reply>;
  static constexpr absl::Duration kLong = absl::Seconds(20);

  explicit ClientUnderTest(redis::Endpoint endpoint, redis::ClientOptions options = {},
                           std::vector<const redis::Script*> scripts = {},
                           std::function<bool()> suspect_self = {},
                           redis::RedisClient::MayQueue may_queue = {});

  redis::RedisClient& operator*() { return *client_; }
  redis::RedisClient* operator->() { return client_.get(); }
  ObserverLog& observed() { return observed_; }
  LoopRunner& runner() { return runner_; }
  // Destroys the client.
  void Destroy() { client_.reset(); }

  [[nodiscard]] bool RunUntil(const std::function<bool()>& condition) {
    return runner_.RunUntil(condition);
  }
  [[nodiscard]] bool WaitUntilReady();
  // Until the observer was told this reason; those told earlier count.
  [[nodiscard]] bool WaitUntilDown(std::string_view code);

  // Sends; the answer is appended to answers() when it comes.
  void Send(redis::Command command, absl::Duration timeout = kLong);
  [[nodiscard]] bool WaitForAnswers(size_t count);
  const std::vector<Answer>& answers() const { return answers_; }

  // Sends one command and waits for its answer, which is not in answers().
  Answer Run(redis::Command command, absl::Duration timeout = kLong);
  Answer Run(std::initializer_list<std::string_view> arguments) {
    return Run(redis::Command::Of(arguments));
  }

 private:
  LoopRunner runner_;
  ObserverLog observed_;
  std::vector<Answer> answers_;
  std::unique_ptr<redis::RedisClient> client_;
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_CLIENT_UNDER_TEST_H_
