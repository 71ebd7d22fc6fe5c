// One thread of the HTTP server: an io_context, the connections that live on it, and the clock
// that ends those whose time is up. Also what all threads of a server share.
#ifndef KACHE_HTTP_WORKER_H_
#define KACHE_HTTP_WORKER_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "boost/asio/basic_waitable_timer.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "http/connection_room.h"
#include "http/held_bytes.h"
#include "http/http_server.h"
#include "http/http_service.h"
#include "security/certificates.h"

namespace kache {

using TcpSocket =
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;
using SteadyTime = std::chrono::steady_clock::time_point;

// Thread-safe.
struct HttpServerState {
  explicit HttpServerState(const HttpOptions& its_options)
      : options(its_options),
        held(its_options.max_buffered_bytes),
        room(its_options.max_connections),
        refused(MaxRefusedConnections(its_options.max_connections)) {}

  const HttpOptions options;
  HttpService* service = nullptr;
  HttpObserver* observer = nullptr;
  std::unique_ptr<Certificates> certificates;  // nullptr = no TLS
  std::atomic<bool> draining = false;
  std::atomic<size_t> connections = 0;  // those that are refused included
  HeldBytes held;
  ConnectionRoom room;     // of those that are served
  ConnectionRoom refused;  // of those that are told why they are not
};

class Connection;

class Worker {
 public:
  Worker(HttpServerState* state, size_t index);
  ~Worker();  // stops
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  boost::asio::io_context& context() { return context_; }
  size_t index() const { return index_; }

  // Any thread. Serves the socket, which was made with this worker's context; one over the limit
  // of connections is told so and closed. Those that are refused take no place of those that are
  // served, whoever opens how many of them.
  void Adopt(TcpSocket socket);
  // Any thread. Closes the connections that have no request.
  void CloseIdle();
  // Any thread but the worker's own. Closes all connections and joins the thread.
  void Stop();
  // Any thread. Gives the answer to its connection: at once on this worker's thread; else there,
  // together with all that come before it gets to them.
  void Deliver(std::shared_ptr<Connection> connection, HttpResponse response);

  // This worker's thread only; called by connections.
  void Add(Connection* connection);
  void Remove(Connection* connection);

 private:
  struct Answer {
    std::shared_ptr<Connection> connection;
    HttpResponse response;
  };

  void Run();
  // On this thread, for each further connection of a full server that replaces those that wait.
  void ReplaceOrRefuse(const std::shared_ptr<Connection>& connection, const std::string& address,
                       std::string_view why);
  // False: none waits.
  bool CloseLongestWaiting();
  void TakeAnswers();
  void ScheduleTick();
  void Tick();

  HttpServerState* const state_;
  const size_t index_;
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock> ticker_;
  std::chrono::milliseconds tick_;
  std::vector<Connection*> connections_;
  std::vector<Answer> taken_;  // empty but in TakeAnswers
  std::mutex mutex_;
  std::vector<Answer> answers_;  // under the lock; TakeAnswers is to come unless it is empty
  std::thread thread_;
};

}  // namespace kache

#endif  // KACHE_HTTP_WORKER_H_
