// A listening port, the Redis server behind it, and what the network between them does.
//
//   pass      bytes go through, `delay` after they came.
//   cut       nothing goes through, either way, and nobody is told: connections stay half-open, new
//             ones are accepted and led nowhere. What was sent meanwhile is held, as TCP would
//             retransmit it, and arrives when the cut ends, also from a peer that has gone.
//   cut_commands, cut_replies
//             the same one way: bytes of the client are held, or bytes of the server. Connections
//             that are made meanwhile are led nowhere, as a handshake needs both ways.
//   reset     every connection is reset, and every new one at once.
//
// Single-threaded, with poll(): a proxy has a few dozen connections.
#ifndef KACHE_TESTS_CHAOS_PROXY_ROUTE_H_
#define KACHE_TESTS_CHAOS_PROXY_ROUTE_H_

#include <poll.h>

#include <chrono>
#include <memory>
#include <vector>

#include "tests/chaos/proxy/stream.h"

namespace kache::chaos {

enum class Fault { kPass, kCut, kCutCommands, kCutReplies, kReset };

class Route {
 public:
  // Exits the process when the port can't be listened on.
  Route(int listen_port, int target_port);
  ~Route();
  Route(const Route&) = delete;
  Route& operator=(const Route&) = delete;

  void Set(Fault fault, std::chrono::milliseconds delay);

  // One turn: AddTo() says what to wait for, Step() does what can be done. The entries added are
  // given back in the same order.
  void AddTo(std::vector<pollfd>& waits, Time now) const;
  const pollfd* Step(const pollfd* ready, Time now);
  Time NextDue() const;

 private:
  struct Link {
    int client = -1;
    int server = -1;  // -1 while the way to it is cut
    bool connecting = false;
    bool broken = false;
    Stream to_server;
    Stream to_client;
  };

  // Which way of the connections is open.
  bool CommandsPass() const { return fault_ == Fault::kPass || fault_ == Fault::kCutReplies; }
  bool RepliesPass() const { return fault_ == Fault::kPass || fault_ == Fault::kCutCommands; }

  void Accept();
  void Connect(Link& link);
  void StepLink(Link& link, short client_events, short server_events, Time now);
  static void Close(Link& link, bool reset);

  const int target_port_;
  int listener_ = -1;
  Fault fault_ = Fault::kPass;
  std::chrono::milliseconds delay_{0};
  std::vector<std::unique_ptr<Link>> links_;
};

// A loopback socket that listens on `port`; exits the process when there is none to be had.
int ListenOn(int port);

}  // namespace kache::chaos

#endif  // KACHE_TESTS_CHAOS_PROXY_ROUTE_H_
