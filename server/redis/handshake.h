// What is said on a new connection before any data: pure, commands out and replies in.
//
// AUTH and SELECT as the endpoint asks, the name of the connection and the question whether it may
// be made (Introduction), INFO (the server must be a master outside cluster mode, version 6.2 or
// newer), SCRIPT LOAD for all scripts, and a PING at last, which a server that is still loading
// refuses. All are sent at once; the first reply that does not fit decides.
//
//   Handshake handshake(endpoint, scripts);
//   for (const Command& command : handshake.commands()) Send(command);
//   switch (handshake.OnReply(reply)) ...   // for each, in order
//
// Thread-compatible.
#ifndef KACHE_SERVER_REDIS_HANDSHAKE_H_
#define KACHE_SERVER_REDIS_HANDSHAKE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/redis/command.h"
#include "server/redis/endpoint.h"
#include "server/redis/node_client.h"
#include "server/redis/reply.h"

namespace kache::redis {

// The reason for which a server is not used that answered `error` (its text) to `what`.
DownReason ReasonOfErrorReply(std::string_view what, std::string_view error);

// Who connects; see ClientOptions.
struct Introduction {
  std::string name;
  std::vector<std::string> lost_question;
};

class Handshake {
 public:
  enum class Progress { kMore, kReady, kRefused };

  Handshake(const Endpoint& endpoint, const std::vector<const Script*>& scripts,
            const Introduction& introduction = {});

  const std::vector<Command>& commands() const { return commands_; }

  // Whether any reply came.
  bool heard() const { return answered_ > 0; }

  // Requires: the last answer was kMore (or there was none).
  Progress OnReply(const Reply& reply);

  // Once kReady.
  const ServerFacts& facts() const { return facts_; }
  // Once kRefused.
  const DownReason& refusal() const { return refusal_; }

 private:
  enum class Step {
    kAuth,
    kSelect,
    kName,
    kLostQuestion,
    kInfoServer,
    kInfoReplication,
    kInfoCluster,
    kLoad,
    kPing
  };

  struct Expected {
    Step step;
    std::string name;  // for messages
  };

  void Add(Step step, std::string name, Command command);
  void NoteForbidden(const Reply& reply, const std::string& what);
  Progress Refuse(DownReason reason);
  Progress OnError(const Expected& expected, const std::string& error);
  Progress CheckServer(std::string_view info);
  Progress CheckReplication(std::string_view info);
  Progress CheckCluster(std::string_view info);

  std::vector<Command> commands_;
  std::vector<Expected> expected_;  // the replies to commands_
  size_t answered_ = 0;
  ServerFacts facts_;
  DownReason refusal_;
  // Of a step before INFO server, which tells whether a Redis server or a Sentinel refused.
  std::optional<DownReason> unsure_;
};

}  // namespace kache::redis

#endif  // KACHE_SERVER_REDIS_HANDSHAKE_H_
