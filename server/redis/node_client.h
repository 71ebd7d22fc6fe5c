// The seam between Kache and one Redis server: send a command, get its reply. The real client
// (redis_client.h) keeps one pipelined connection; tests use fakes and decorators.
//
// Shard thread only.
#ifndef KACHE_SERVER_REDIS_NODE_CLIENT_H_
#define KACHE_SERVER_REDIS_NODE_CLIENT_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "ring/node_id.h"
#include "server/redis/command.h"
#include "server/redis/reply.h"

namespace kache::redis {

// Called exactly once, on the shard's thread, never from inside Send:
//   a Reply            what Redis said, error replies included
//   DEADLINE_EXCEEDED  no reply within the timeout, or the server says BUSY; the command may have
//                      been, or may yet be, carried out
//   UNAVAILABLE        no connection, or it was lost before the reply came; a command that was
//                      sent may have been carried out
//   RESOURCE_EXHAUSTED the connection's queue is full; nothing was sent
//   FAILED_PRECONDITION
//                      the server ends every connection that this command comes by: the command or
//                      its reply is more than the server's limits allow (resumption.h). It is not
//                      to be sent to another node
using ReplyCallback = absl::AnyInvocable<void(absl::StatusOr<Reply>)>;

// Whether that is what a ReplyCallback was given.
inline bool IsBeyondNodeLimits(const absl::Status& status) {
  return absl::IsFailedPrecondition(status);
}

class NodeClient {
 public:
  virtual ~NodeClient() = default;

  // True when commands can be sent: connected, and the server was found fit to be used.
  virtual bool Ready() const = 0;

  // For how long commands have waited without a byte from the server; zero where no command waits,
  // or none can be sent. Time for which this process itself stood still does not count. A slow
  // server that answers other commands meanwhile is not silent.
  virtual absl::Duration Silence() const = 0;

  // Sends in order with the earlier commands of the same caller (Command::For). What is for no
  // caller is sent in order among its like, and before all that has to wait for its turn. A command
  // whose timeout passed never holds up those behind it: its late reply is dropped when it comes.
  virtual void Send(Command command, absl::Duration timeout, ReplyCallback done) = 0;
};

// Wraps a client, for tests that play faults: the wrapper passes on what it does not change. The
// client outlives it. An empty function = no wrapper.
using NodeClientDecorator = std::function<std::unique_ptr<NodeClient>(NodeClient& client)>;

// What a server says of itself when a connection is made.
struct ServerFacts {
  std::string run_id;  // changes with every start of the Redis process
  std::string version;
  // When the connection was open and the server was asked for these: it lived then, or later.
  MonotonicTime asked_at{};
  // Why the connection has no name, or could not ask whether it may be made (ClientOptions). Empty
  // = both went well, or were not wanted.
  std::string unnamed = {};
};

// The reason of a node that lets this coordinator in no more: it was declared lost
// (ClientOptions::lost_question).
inline constexpr char kCoordinatorLost[] = "coordinator_lost";

// Why a node can't be used, in snake_case for states and labels: "connection_refused",
// "connection_lost", "connect_timeout", "name_not_found", "tls_failed", "closed_unanswered",
// "unresponsive", "loading", "master_down", "auth_failed", "protected_mode", "no_perm",
// "no_perm_for_key", "no_command", "too_many_clients", "not_a_master", "sentinel", "cluster_mode",
// "version_too_old", "not_redis", "protocol_error", kCoordinatorLost. `message` is for people and
// holds no secret.
struct DownReason {
  std::string code;
  std::string message;
};

// What a client notices about its server. Called on the shard's thread.
class NodeObserver {
 public:
  virtual ~NodeObserver() = default;
  // Ready() has become true.
  virtual void OnConnected(NodeId node, const ServerFacts& facts) = 0;
  // Ready() has become false, or a try to connect has failed; called after every failed try.
  virtual void OnDown(NodeId node, const DownReason& reason) = 0;
  // A ping was answered.
  virtual void OnPing(NodeId node, absl::Duration round_trip) = 0;
};

}  // namespace kache::redis

#endif  // KACHE_SERVER_REDIS_NODE_CLIENT_H_
