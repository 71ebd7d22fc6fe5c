// Accepts the connections of a port and hands them over, as gRPC's own listener does not bound
// them, and never accepts again once the process has run out of files:
//
//   * A connection beyond the bounds (ConnectionBook) is closed, and counted. Where it is not
//     encrypted, an HTTP/2 client is told why.
//   * Where accepting fails, for want of files or memory, it is tried again after a pause.
//   * Where gRPC holds too many calls, the connections that hold most of them are closed
//     (connection_calls.h).
//   * Where one connection keeps a thread busy, it is closed (capture_watch.h).
//   * Where gRPC reads ever more of a connection and answers nothing, it is closed
//     (unanswered_bytes.h).
//   * Where requests that have come in part fill what gRPC may hold, the connections that hold most
//     of them are closed (half_requests.h).
//   * Where a connection has had no call for five minutes, it is closed.
//   * Where the process has grown, what gRPC keeps of calls without a request is taken back
//     (waiting_calls.h).
//
// Who takes a connection over does not tell when it ends. The acceptor looks: a file descriptor
// whose socket is another one, or gone, was closed. It looks once a second, and before it refuses.
//
// Life: made, Start, Stop. Thread-compatible; has a thread of its own.
#ifndef KACHE_SERVER_API_CONNECTION_ACCEPTOR_H_
#define KACHE_SERVER_API_CONNECTION_ACCEPTOR_H_

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "base/connection_book.h"
#include "base/unique_fd.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"
#include "server/api/call_census.h"
#include "server/api/capture_watch.h"
#include "server/api/connection_calls.h"
#include "server/api/half_requests.h"
#include "server/api/listening_sockets.h"
#include "server/api/unanswered_bytes.h"
#include "server/api/waiting_calls.h"

namespace kache {

class ConnectionAcceptor {
 public:
  struct Options {
    size_t max_connections = 10000;
    // A connection is closed without a word.
    bool encrypted = false;
    // Of all connections, counted every 25 ms.
    int64_t max_calls = 20000;
    // What the bounds of the process add up to; 0 = not known.
    uint64_t memory_sum_bytes = 0;
    // What gRPC may hold of what it has received; 0 = not known.
    uint64_t max_buffer_bytes = 0;
  };
  // What the threads that read the connections have done.
  using Work = absl::AnyInvocable<std::vector<QueueWork>()>;
  // Takes the socket over, which does not block. On the acceptor's thread, so it must return soon.
  using HandOver = absl::AnyInvocable<void(UniqueFd socket)>;

  // `registry` outlives it.
  ConnectionAcceptor(ListeningSockets listening, const Options& options,
                     prometheus::Registry& registry);
  // Stops.
  ~ConnectionAcceptor();

  // Counts the calls, watches the threads and takes back the memory of whoever takes the
  // connections over; nullopt and nullptr: none of it. Call it once.
  void Start(HandOver hand_over, std::optional<CallCensus> census = std::nullopt,
             Work work = nullptr, std::unique_ptr<WaitingCalls> waiting = nullptr);
  // Accepts no more, and closes the port. Later calls do nothing.
  void Stop();

 private:
  using Clock = std::chrono::steady_clock;
  struct Connection {
    std::string peer;  // PeerBytes
    std::string address;
    dev_t device;
    ino_t socket;
    IdleWatch idle;
    UnansweredBytes unanswered{};
    HalfRequest half_request{};
    uint64_t read_bytes_before = 0;  // when it was looked for half requests
    bool is_cut = false;
    uint64_t read_bytes = 0;  // when floods were looked for
  };
  // Connections that were closed for one reason.
  struct Cuts {
    prometheus::Counter& counter;
    size_t unlogged = 0;    // since they were logged
    std::string last = {};  // client address
  };

  void Run();
  // Waits until there is something to do; false once it is to stop.
  bool Wait();
  void AcceptFrom(int listening);
  void Take(UniqueFd socket, const sockaddr_storage& from);
  ConnectionBook::Room RoomFor(const std::string& address);
  void Refuse(UniqueFd socket, const std::string& address, ConnectionBook::Room room);
  void Pause(int error);
  // Forgets the connections that have ended.
  void Sweep();
  void BoundCalls();
  void CloseIdle();
  void EndFloods();
  // `resident`: what the process takes.
  void BoundUnanswered(uint64_t resident);
  void BoundHalfRequests();
  void TakeBack(uint64_t resident);
  // Closes a connection that was handed over.
  void Cut(int fd, Connection& connection, Cuts& cuts);
  void LogRefusals();

  const Options options_;
  ListeningSockets listening_;
  HandOver hand_over_;
  UniqueFd stop_;  // readable once it is to stop
  ConnectionBook book_;
  absl::flat_hash_map<int, Connection> connections_;  // by file descriptor
  std::optional<CallCensus> census_;
  Work work_;
  CaptureWatch captures_;
  bool captured_ = false;  // when it was looked last
  Clock::time_point counted_{};
  Clock::time_point counted_exactly_{};
  Clock::time_point sought_idle_{};
  Clock::time_point swept_{};
  Clock::time_point sought_half_{};
  uint64_t read_since_counted_ = 0;  // by all, since half requests were counted
  bool much_half_ = false;           // as they were counted last
  Clock::time_point looked_{};       // for what was not answered
  uint64_t resident_bytes_ = 0;      // then
  std::unique_ptr<WaitingCalls> waiting_;
  RoundTrigger rounds_;
  Clock::time_point logged_{};
  Clock::time_point paused_until_{};
  size_t refused_ = 0;  // since they were logged
  std::string refused_last_;
  prometheus::Gauge& gauge_;
  prometheus::Gauge& calls_gauge_;
  prometheus::Counter& accepted_;
  prometheus::Counter& refused_full_;
  prometheus::Counter& refused_address_;
  Cuts too_many_calls_;
  Cuts floods_;
  Cuts unanswered_;
  Cuts half_requests_;
  prometheus::Counter& failed_;
  std::thread thread_;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_CONNECTION_ACCEPTOR_H_
