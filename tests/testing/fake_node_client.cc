#include "tests/testing/fake_node_client.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "server/replication/hint_scripts.h"

namespace kache::testing {
namespace {

// Takes "<mark><number>\r\n" off the front.
size_t TakeNumber(std::string_view& wire, char mark) {
  const size_t end = wire.find("\r\n");
  if (wire.empty() || wire[0] != mark || end == wire.npos) {
    ADD_FAILURE() << "not a command in the wire format";
    return 0;
  }
  size_t number = 0;
  std::from_chars(wire.data() + 1, wire.data() + end, number);
  wire.remove_prefix(end + 2);
  return number;
}

}  // namespace

std::vector<std::string> ParseWire(std::string_view wire) {
  std::vector<std::string> arguments(TakeNumber(wire, '*'));
  for (std::string& argument : arguments) {
    const size_t size = TakeNumber(wire, '$');
    argument = wire.substr(0, size);
    wire.remove_prefix(std::min(wire.size(), size + 2));
  }
  EXPECT_TRUE(wire.empty()) << "bytes after the command";
  return arguments;
}

FakeNodeClient::~FakeNodeClient() { Disconnect(); }

void FakeNodeClient::Send(redis::Command command, absl::Duration timeout,
                          redis::ReplyCallback done) {
  Sent sent{ParseWire(command.wire()),
            command.script(),
            timeout,
            clock_.Monotonic(),
            sent_.size() + notes_.size() + hints_.size(),
            command.caller()};
  const bool notes = sent.script == &OpenHints() || sent.script == &ReassertNote() ||
                     sent.script == &RestoreNote();
  if (notes || sent.arguments[0] == "HSET") {
    notes_.push_back(std::move(sent));
    return;
  }
  if (sent.script == &LeaveHints()) {
    hints_.push_back(std::move(sent));
    waiting_hints_.push_back(std::move(done));
    return;
  }
  if (waiting() == 0) silent_since_ = clock_.Monotonic();
  sent_.push_back(std::move(sent));
  // The command, and what it keeps, stays until it is answered.
  callbacks_.push_back([kept = std::optional(std::move(command)),
                        done = std::move(done)](absl::StatusOr<redis::Reply> reply) mutable {
    kept.reset();
    done(std::move(reply));
  });
  if (on_send_) on_send_();
}

absl::Duration FakeNodeClient::Silence() const {
  if (waiting() == 0) return absl::ZeroDuration();
  return absl::FromChrono(clock_.Monotonic() - silent_since_);
}

size_t FakeNodeClient::waiting() const {
  return static_cast<size_t>(std::ranges::count_if(
      callbacks_, [](const redis::ReplyCallback& callback) { return callback != nullptr; }));
}

void FakeNodeClient::AnswerHints(const redis::Reply& reply) {
  for (redis::ReplyCallback& done : std::exchange(waiting_hints_, {})) done(reply);
}

void FakeNodeClient::Disconnect() {
  ready_ = false;
  for (size_t i = 0; i < callbacks_.size(); ++i) {
    if (callbacks_[i]) Reply(i, absl::UnavailableError("the connection was lost"));
  }
  for (redis::ReplyCallback& done : std::exchange(waiting_hints_, {})) {
    done(absl::UnavailableError("the connection was lost"));
  }
}

void FakeNodeClient::ExpireDue() {
  for (size_t i = 0; i < callbacks_.size(); ++i) {
    if (!callbacks_[i]) continue;
    if (absl::FromChrono(clock_.Monotonic() - sent_[i].at) < sent_[i].timeout) continue;
    Reply(i, absl::DeadlineExceededError("no reply in time"));
  }
}

size_t FakeNodeClient::Oldest() const {
  size_t index = 0;
  while (index < callbacks_.size() && !callbacks_[index]) ++index;
  return index;
}

void FakeNodeClient::Reply(size_t index, absl::StatusOr<redis::Reply> reply) {
  ASSERT_LT(index, callbacks_.size()) << "no command waits for this answer";
  ASSERT_TRUE(callbacks_[index]) << "the command at " << index << " was answered before";
  if (reply.ok()) silent_since_ = clock_.Monotonic();
  std::exchange(callbacks_[index], nullptr)(std::move(reply));
}

}  // namespace kache::testing
