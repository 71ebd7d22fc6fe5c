// The inside of RedisClient (redis_client.h): the states of a connection, and the commands on it.
//
// Bodies: redis_client.cc (making, watching and losing the connection), redis_client_traffic.cc
// (commands and replies).
#ifndef KACHE_SERVER_REDIS_REDIS_CLIENT_IMPL_H_
#define KACHE_SERVER_REDIS_REDIS_CLIENT_IMPL_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "server/redis/backoff.h"
#include "server/redis/event_loop_impl.h"
#include "server/redis/handshake.h"
#include "server/redis/held_commands.h"
#include "server/redis/pending_queue.h"
#include "server/redis/redis_client.h"
#include "server/redis/reply_reader.h"
#include "server/redis/reply_window.h"
#include "server/redis/resumption.h"
#include "server/redis/silence_watch.h"
#include "server/redis/socket.h"
#include "server/redis/unsent_reads.h"

namespace kache::redis {

class RedisClientImpl final : public RedisClient, private LoopMember, private SocketListener {
 public:
  RedisClientImpl(EventLoop& loop, NodeId node, Endpoint endpoint, ClientOptions options,
                  std::vector<const Script*> scripts, NodeObserver& observer,
                  std::function<bool()> suspect_self, MayQueue may_queue);
  ~RedisClientImpl() override;

  bool Ready() const override { return state_ == State::kReady || resuming_; }
  void Send(Command command, absl::Duration timeout, ReplyCallback done) override;
  ClientCounters counters() const override;
  void Reconnect(const DownReason& reason) override;
  size_t counted_bytes() const override {
    return sent_.counted_bytes() + resumed_.counted_bytes() + held_.counted_bytes();
  }
  bool Silent() const override;
  absl::Duration Silence() const override;

 private:
  enum class State {
    kWaiting,      // for the next try
    kConnecting,   // the name, then TCP
    kHandshaking,  // the server is asked what it is
    kReady,
  };
  struct Refused {  // a command that could not be sent
    ReplyCallback done;
    absl::Status status;
  };

  // The connection: redis_client.cc.
  void OnTurnEnd() override;
  void OnLate(std::chrono::nanoseconds delay, MonotonicTime now) override;
  void OnTick(MonotonicTime now) override;
  void OnOpen() override;
  void OnBytes(std::string_view bytes) override;
  void OnClosed(const DownReason& reason) override;
  std::string Address() const { return endpoint_.host + ":" + std::to_string(endpoint_.port); }
  void ScheduleConnect(absl::Duration delay);
  void Connect();
  void BecomeReady();
  // Makes another connection at once, to send all that waits again. Requires: the connection was
  // ready. Calls back for culprits only.
  void StartResuming(LossCause cause);
  // The new connection reaches another process: what waits is not for that.
  void GiveUpResuming();
  // Closes, tells the observer, answers the waiting commands, and schedules the next try. Calls
  // back: never from inside Send.
  void Lose(const DownReason& reason, bool was_unusable = false);
  // What both have in common.
  void DropConnection();
  void AnswerAllWaiting(const absl::Status& status);
  void CheckSilence(MonotonicTime now);

  // The traffic: redis_client_traffic.cc.
  bool HasRoom(const Command& command, size_t bytes) const;
  void Refuse(ReplyCallback done, absl::Status status);
  void AnswerRefused();
  void AnswerTimedOut(MonotonicTime now);
  void SendPing();
  // Sends the command, or holds it until its turn comes.
  void Enqueue(HeldCommand&& command);
  bool MayWrite(const Command& next) const;
  void Write(HeldCommand&& command);
  // As far as MayWrite says: first what is sent again.
  void SendHeld();
  bool SendResumed();
  bool NoneIsHeld() const { return held_.empty() && resumed_.empty(); }
  bool NoneWaits() const { return sent_.empty() && NoneIsHeld(); }
  void CountReply(const Reply& reply);
  // `bytes` are the last that came.
  void LoseUnreadable(std::string_view bytes);
  void OnReply(Reply reply);
  void OnCommandReply(Reply reply);
  void OnErrorReply(Reply reply);
  void OnProtocolError(const std::string& error);
  void OnHandshakeReply(const Reply& reply);
  void LoadScriptAndResend();

  EventLoop& loop_;
  const NodeId node_;
  const Endpoint endpoint_;
  const ClientOptions options_;
  const std::vector<const Script*> scripts_;
  NodeObserver& observer_;
  const std::function<bool()> suspect_self_;
  const MayQueue may_queue_;

  State state_ = State::kWaiting;
  MonotonicTime connect_deadline_;
  MonotonicTime asked_at_;  // when the handshake began
  bool resuming_ = false;   // ready for all others, while another connection is made
  std::string run_id_;      // of the process that was reached last
  int idle_losses_ = 0;     // in a row, without a reply in between
  Socket socket_;
  ReplyReader reader_;
  std::optional<Handshake> handshake_;
  PendingQueue sent_;  // and not yet answered
  ReplyWindow window_;
  size_t values_under_way_ = 0;  // that these ask for
  PendingQueue resumed_;  // sent on an earlier connection, to be sent again before all others
  size_t suspects_ = 0;   // the first so many of these (resumption.h)
  HeldCommands held_;     // while MayWrite says no
  UnsentReads unsent_reads_{sent_, held_, window_};
  std::vector<Refused> refused_;          // to be called back when the turn ends
  std::vector<ReplyCallback> timed_out_;  // kept for its memory
  std::vector<const Script*> loading_;    // SCRIPT LOADs sent and not yet answered
  SilenceWatch silence_;
  Backoff backoff_;
  absl::BitGen random_;
  LoopTimer connect_timer_;
  LoopTimer ping_timer_;
  bool ping_waiting_ = false;
  MonotonicTime ping_sent_;
  const Command ping_ = Command::Of({"PING"});
  absl::Status not_ready_;  // what Send answers while there is no connection
  ClientCounters counters_;
};

}  // namespace kache::redis

#endif  // KACHE_SERVER_REDIS_REDIS_CLIENT_IMPL_H_
