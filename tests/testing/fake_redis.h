// A TCP server that plays a Redis server's faults, which the real one can't: it answers what the
// test says, late, in pieces, or not at all. On its own thread.
//
//   FakeRedis server;  // polite: a fit master that answers +OK to all else
//   server.OnCommand("GET", "-LOADING Redis is loading the dataset in memory\r\n");
//   server.OnCommand("SET", FakeRedis::kSilence);
//
// Thread-safe.
#ifndef KACHE_TESTS_TESTING_FAKE_REDIS_H_
#define KACHE_TESTS_TESTING_FAKE_REDIS_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "server/redis/endpoint.h"
#include "server/redis/reply_reader.h"

namespace kache::testing {

class FakeRedis {
 public:
  // In place of an answer: none, or the end of the connection.
  static constexpr std::string_view kSilence = "(silence)";
  static constexpr std::string_view kClose = "(close)";

  FakeRedis();
  ~FakeRedis();
  FakeRedis(const FakeRedis&) = delete;
  FakeRedis& operator=(const FakeRedis&) = delete;

  redis::Endpoint endpoint() const { return {"127.0.0.1", port_, "", "", 0}; }

  // Forgets all that OnCommand said: a fit master, or one that reads and never answers.
  void BePolite();
  void FallSilent();

  // From now on answers `wire` to commands whose first words are `words`, such as "INFO server".
  // The longest match counts.
  void OnCommand(std::string words, std::string_view wire);
  // From now on sends byte by byte.
  void SendInSingleBytes() { single_bytes_ = true; }

  // Sends `wire` now to all who are connected.
  void SendNow(std::string_view wire);
  // Ends all connections now; with `reset`, by RST instead of FIN.
  void CloseAll(bool reset = false);

  // How many connections were made, and how many commands beginning with `words` came.
  int connections() const { return connections_; }
  int Count(std::string_view words) const;

 private:
  struct Connection {
    int fd;
    redis::ReplyReader reader;  // commands are arrays, so it reads them too
  };

  void Serve();
  void Accept();
  // False when the connection has ended.
  bool Read(Connection& connection);
  bool Answer(Connection& connection, const redis::Reply& command);
  bool SendTo(const Connection& connection, std::string_view wire);

  int listening_ = -1;
  int stop_pipe_[2] = {-1, -1};
  uint16_t port_ = 0;
  std::atomic<bool> single_bytes_ = false;
  std::atomic<int> connections_ = 0;
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, std::string> answers_;
  std::vector<std::string> commands_;  // all that came, their words joined
  std::vector<std::unique_ptr<Connection>> open_;
  std::thread thread_;
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_FAKE_REDIS_H_
