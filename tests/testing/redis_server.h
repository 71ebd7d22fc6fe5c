// A real redis-server process for one test, on a free port of 127.0.0.1, with its own directory
// that is removed afterwards. It never outlives the thread that started it.
//
//   RedisServer server({"--maxmemory", "1mb"});
//   server.Run({"SET", "k", "v"});
//   server.Freeze();
//
// Faults end the test program with a message: nothing can be tested without a server.
// Thread-compatible.
#ifndef KACHE_TESTS_TESTING_REDIS_SERVER_H_
#define KACHE_TESTS_TESTING_REDIS_SERVER_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/redis/endpoint.h"
#include "server/redis/reply.h"

namespace kache::testing {

class RedisServer {
 public:
  // Starts one that takes commands, LOADING and AUTH refusals excepted, when the constructor
  // returns. `options` are redis-server's own; nothing is saved to disk unless they say so.
  explicit RedisServer(std::vector<std::string> options = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  uint16_t port() const { return port_; }
  redis::Endpoint endpoint() const { return {"127.0.0.1", port_, "", "", 0}; }
  // "127.0.0.1:6379"
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // Where it saves, when told to.
  const std::string& directory() const { return directory_; }
  bool running() const { return process_ > 0; }

  // SIGKILL; returns when the process is gone. Idempotent.
  void Kill();
  // Starts it again on the same port, after a Kill or instead of the running one.
  void Restart();
  // SIGSTOP and SIGCONT: its sockets stay open, and nobody answers.
  void Freeze();
  void Thaw();
  // Of all clients but the one that asks.
  void CloseConnections() const;
  // Of the clients that gave themselves this name (CLIENT SETNAME).
  void CloseConnectionsNamed(std::string_view name) const;

  // Runs one command on a connection of its own, of the default user, and returns the reply; an
  // error reply also. Blocks for at most 10 s.
  redis::Reply Run(const std::vector<std::string>& arguments) const;
  // The same on a connection that first says AUTH user password.
  redis::Reply RunAs(const std::string& user, const std::string& password,
                     const std::vector<std::string>& arguments) const;

 private:
  void Start();
  bool StartOn(uint16_t port);
  bool WaitUntilItAnswers();

  const std::vector<std::string> options_;
  std::string directory_;
  uint16_t port_ = 0;
  pid_t process_ = 0;
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_REDIS_SERVER_H_
