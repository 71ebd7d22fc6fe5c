// The real NodeClient: one pipelined connection to one Redis server, made and remade by itself.
//
// Connection: the name is looked up at each try; TCP_NODELAY, keepalive and TCP_USER_TIMEOUT are
// set; AUTH and SELECT as the address says; the connection is named and asks whether this process
// was declared lost, as the options say; INFO must show a master outside cluster mode, version 6.2
// or newer; all scripts are loaded. Only then Ready() is true and OnConnected called. All of this
// has `connect_timeout`. After a failure the next try comes after an exponential back-off with full
// jitter between `reconnect_min` and `reconnect_max`; it starts over after a connection that was
// ready.
//
// Resumed: where the socket ends while the connection is ready, or Redis answers "Protocol error",
// another connection is made at once, for `resume_limit` at most. Meanwhile Ready() stays true and
// commands wait. Where it reaches the same process, all commands that were under way are sent again
// on it, in order, before the others, and the observer hears nothing: so each command must do no
// harm when it is carried out twice. A command that the server cannot digest is found and answered
// FAILED_PRECONDITION (resumption.h). Otherwise the connection counts as lost.
//
// Lost: on a socket error, on replies that can't be parsed, on LOADING, MASTERDOWN, NOAUTH and
// WRONGPASS replies, and when the server is *unresponsive*: commands wait for a reply, and no byte
// has come for `silence_limit` although at least three commands have timed out, or for
// `ping_timeout` whatever the traffic. Every waiting command then gets UNAVAILABLE.
// Before a connection is given up for silence, `suspect_self` is asked; while it says that most
// nodes are silent at once (so the fault is likely ours), four times the limits apply. A turn of
// the loop that comes late (this process was stopped or starved) extends the limits by the delay.
//
// A ping goes out on the connection every `ping_interval`.
//
// A GET that finds an equal one unsent shares its reply (unsent_reads.h).
//
// Turns: few commands are under way at once (reply_window.h); of those that wait the callers send
// in turns (held_commands.h), so that none of them holds up the others.
//
// Bounds: `max_queue_bytes` of commands unsent and unanswered, `max_uncounted_bytes` of those whose
// bytes are counted nowhere else (Command::keeps), and for the others what `may_queue` says; beyond
// them Send answers RESOURCE_EXHAUSTED.
//
// Shard thread only: construct, use and destroy on the loop's thread (or while it does not run).
// Destruction answers every waiting command UNAVAILABLE from inside the destructor.
#ifndef KACHE_SERVER_REDIS_REDIS_CLIENT_H_
#define KACHE_SERVER_REDIS_REDIS_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/redis/endpoint.h"
#include "server/redis/event_loop.h"
#include "server/redis/node_client.h"

namespace kache::redis {

struct ClientOptions {
  // What the server calls the connection (CLIENT SETNAME). Empty = it has no name.
  std::string name;
  // Asked on each new connection next after its name. An integer reply other than 0 refuses the
  // connection: kCoordinatorLost. Empty = nothing is asked. A server that forbids either is used
  // all the same (ServerFacts::unnamed).
  std::vector<std::string> lost_question;
  absl::Duration connect_timeout = absl::Seconds(1);
  absl::Duration reconnect_min = absl::Milliseconds(50);
  absl::Duration reconnect_max = absl::Seconds(2);
  absl::Duration ping_interval = absl::Seconds(3);
  absl::Duration ping_timeout = absl::Seconds(1);
  absl::Duration silence_limit = absl::Milliseconds(250);
  absl::Duration resume_limit = absl::ZeroDuration();  // zero = connections are never resumed
  size_t max_queue_bytes = size_t{64} << 20;
  size_t max_uncounted_bytes = size_t{64} << 20;
};

// What a client has counted since its construction. Plain numbers, written on the shard's thread.
struct ClientCounters {
  uint64_t commands = 0;          // accepted by Send; pings and the handshake do not count
  uint64_t reads_joined = 0;      // reads answered by another one's reply; no commands
  uint64_t error_replies = 0;     // Redis's error replies to them, NOSCRIPT excepted
  uint64_t timeouts = 0;          // commands answered DEADLINE_EXCEEDED
  uint64_t connects = 0;          // connections became ready
  uint64_t disconnects = 0;       // connections that were ready were lost
  uint64_t resumes = 0;           // of these, those that another one took the place of at once
  uint64_t culprits = 0;          // commands answered FAILED_PRECONDITION
  uint64_t late_replies = 0;      // came after their command had timed out
  uint64_t queue_full = 0;        // commands answered RESOURCE_EXHAUSTED
  uint64_t script_reloads = 0;    // SCRIPT LOADs after a NOSCRIPT
  uint64_t waiting_commands = 0;  // now; timed-out ones and pings included
  uint64_t queued_bytes = 0;      // now, counted against max_queue_bytes
};

class RedisClient : public NodeClient {
 public:
  // Whether a command that is counted elsewhere may be sent while `counted_bytes` of such commands
  // wait. A node for which none wait is sent any.
  using MayQueue = std::function<bool(size_t counted_bytes)>;

  // `observer`, `loop` and `scripts` outlive the client. Starts to connect at once.
  static std::unique_ptr<RedisClient> Create(EventLoop& loop, NodeId node, Endpoint endpoint,
                                             ClientOptions options,
                                             std::vector<const Script*> scripts,
                                             NodeObserver& observer,
                                             std::function<bool()> suspect_self = {},
                                             MayQueue may_queue = {});

  virtual ClientCounters counters() const = 0;
  // Loses the connection, for this reason, and makes another one. Does nothing unless Ready().
  virtual void Reconnect(const DownReason& reason) = 0;
  // Of the commands that wait and are counted elsewhere; those that have timed out included.
  virtual size_t counted_bytes() const = 0;
  // True while commands wait and no byte has come for at least half of silence_limit.
  virtual bool Silent() const = 0;
};

}  // namespace kache::redis

#endif  // KACHE_SERVER_REDIS_REDIS_CLIENT_H_
