// One coordinator's connection to a played node. Replies wait for Deliver.
//
// The node outlives it. Thread-compatible.
#ifndef KACHE_TESTS_TESTING_PLAYED_CONNECTION_H_
#define KACHE_TESTS_TESTING_PLAYED_CONNECTION_H_

#include <deque>
#include <memory>
#include <optional>

#include "absl/time/time.h"
#include "base/clock.h"
#include "server/redis/node_client.h"
#include "tests/testing/played_node.h"

namespace kache::testing {

class PlayedConnection final : public redis::NodeClient {
 public:
  explicit PlayedConnection(PlayedNode& node) : node_(&node) {}
  ~PlayedConnection() override { Break(); }

  bool Ready() const override { return ready_; }
  absl::Duration Silence() const override { return absl::ZeroDuration(); }  // not played
  void Send(redis::Command command, absl::Duration timeout, redis::ReplyCallback done) override;

  void Connect() {
    ready_ = true;
    severed_ = false;
  }
  // Where the name leads: what it is connected to is `node` from now on. Requires: !Ready().
  void LeadTo(PlayedNode& node) { node_ = &node; }
  const PlayedNode& node() const { return *node_; }
  // What waits is answered UNAVAILABLE; what has not arrived yet never does.
  void Break();
  // The other side is gone, and this one has not noticed yet: nothing arrives any more.
  void Sever();
  bool severed() const { return severed_; }
  // How long a command takes to the node, and its reply back.
  void SetLag(absl::Duration lag) { lag_ = lag; }
  // Commands that are due reach the node, whatever the coordinator does.
  void Arrive();
  // True where any callback was called: with the replies that are due, in order, or as the time
  // that it had has passed.
  bool Deliver();

 private:
  struct Waiting {
    redis::ReplyCallback done;  // null once called
    MonotonicTime deadline;
    std::optional<redis::Reply> reply = std::nullopt;
    MonotonicTime due = {};  // the reply's
  };
  struct OnItsWay {
    MonotonicTime due;
    redis::Command command;
    std::shared_ptr<Waiting> waiting;
  };
  void Hand(OnItsWay command);

  PlayedNode* node_;
  bool ready_ = false;
  bool severed_ = false;
  absl::Duration lag_;
  std::deque<OnItsWay> out_;
  std::deque<redis::ReplyCallback> unsent_;       // of what came while it was not ready
  std::deque<std::shared_ptr<Waiting>> waiting_;  // shared with what the node has to answer
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_PLAYED_CONNECTION_H_
