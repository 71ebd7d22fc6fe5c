// A NodeClient without a server: it writes down what it is sent, and the test plays the server.
//
//   FakeNodeClient node(clock);
//   ... the code under test sends something ...
//   EXPECT_EQ(node.sent().back().arguments, (std::vector<std::string>{"GET", "k"}));
//   node.Answer(redis::Reply::Nil());
//
// It keeps the promises of the seam: a callback is never called from inside Send, and at most once;
// the destructor answers what waits with UNAVAILABLE. An answer to a command that does not wait
// fails the test. Thread-compatible.
#ifndef KACHE_TESTS_TESTING_FAKE_NODE_CLIENT_H_
#define KACHE_TESTS_TESTING_FAKE_NODE_CLIENT_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "server/redis/node_client.h"

namespace kache::testing {

class FakeNodeClient final : public redis::NodeClient {
 public:
  struct Sent {
    std::vector<std::string> arguments;
    const redis::Script* script = nullptr;
    absl::Duration timeout;
    MonotonicTime at;
    size_t order = 0;  // among all commands that the client was sent
    redis::CallerId caller = redis::kNoCaller;
  };

  // `clock` outlives the client.
  explicit FakeNodeClient(const Clock& clock) : clock_(clock) {}
  ~FakeNodeClient() override;

  bool Ready() const override { return ready_; }
  absl::Duration Silence() const override;  // since the last reply; errors are none
  void Send(redis::Command command, absl::Duration timeout, redis::ReplyCallback done) override;

  void set_ready(bool ready) { ready_ = ready; }
  // Called for each command that is sent.
  void set_on_send(std::function<void()> on_send) { on_send_ = std::move(on_send); }

  // All commands so far, and the callback's place for each.
  const std::vector<Sent>& sent() const { return sent_; }
  size_t waiting() const;
  // Notes of missed writes (OpenHints), and HSET, are kept apart; nobody waits for their answers.
  const std::vector<Sent>& notes() const { return notes_; }
  // So are hints that follow a write (LeaveHints), until AnswerHints or the end of the connection.
  const std::vector<Sent>& hints() const { return hints_; }
  void AnswerHints(const redis::Reply& reply = redis::Reply::Integer(1));

  // Answers the oldest command that waits, or the one at `index` of sent().
  void Answer(redis::Reply reply) { Reply(Oldest(), std::move(reply)); }
  void Answer(size_t index, redis::Reply reply) { Reply(index, std::move(reply)); }
  void Fail(absl::Status status) { Reply(Oldest(), std::move(status)); }
  void Fail(size_t index, absl::Status status) { Reply(index, std::move(status)); }
  // All that wait, as when the connection is lost; not ready any more.
  void Disconnect();
  // Answers DEADLINE_EXCEEDED to what has waited for its timeout. Newest times are the clock's.
  void ExpireDue();

 private:
  size_t Oldest() const;
  void Reply(size_t index, absl::StatusOr<redis::Reply> reply);

  const Clock& clock_;
  bool ready_ = true;
  std::function<void()> on_send_;
  std::vector<Sent> sent_;
  std::vector<Sent> notes_;
  std::vector<Sent> hints_;
  std::vector<redis::ReplyCallback> waiting_hints_;
  std::vector<redis::ReplyCallback> callbacks_;  // as sent_; null once called
  MonotonicTime silent_since_{};
};

// The arguments of a command in the wire format.
std::vector<std::string> ParseWire(std::string_view wire);

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_FAKE_NODE_CLIENT_H_
