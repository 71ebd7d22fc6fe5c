#include "http/worker.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/time/time.h"
#include "base/deferred_wakes.h"
#include "boost/asio/buffer.hpp"
#include "boost/asio/post.hpp"
#include "http/connection.h"
#include "http/request_naming.h"
#include "http/response_writer.h"

namespace kache {
namespace {

namespace net = boost::asio;

// How late a time limit may strike: a tenth of the shortest limit, within these bounds.
constexpr auto kMinTick = std::chrono::milliseconds(5);
constexpr auto kMaxTick = std::chrono::milliseconds(250);

// What waits until no handler is ready waits for so many at most.
constexpr int kHandlersPerTurn = 256;

std::chrono::milliseconds TickFor(const HttpOptions& options) {
  const absl::Duration shortest =
      std::min({options.read_timeout, options.idle_timeout, options.write_timeout});
  return std::clamp(absl::ToChronoMilliseconds(shortest / 10), kMinTick, kMaxTick);
}

std::string AddressOf(const TcpSocket& socket) {
  boost::system::error_code error;
  const auto peer = socket.remote_endpoint(error);
  sockaddr_storage address{};
  if (!error) std::memcpy(&address, peer.data(), std::min(peer.size(), sizeof(address)));
  return ClientAddress(address);
}

// Tells the client why it is refused, and waits for nothing. The answer may be lost where the
// client has sent something already.
void TellAtOnce(HttpService& service, std::string_view why, TcpSocket* socket) {
  const HttpResponse refusal = service.Refusal(503, why);
  std::string answer;
  WriteResponseHead(refusal, ConnectionField::kClose, HttpDate(), NameRequest(HeaderList()),
                    &answer);
  answer += refusal.body;
  boost::system::error_code ignored;
  socket->non_blocking(true, ignored);
  socket->write_some(net::buffer(answer), ignored);
}

}  // namespace

Worker::Worker(HttpServerState* state, size_t index)
    : state_(state),
      index_(index),
      context_(1),
      work_(net::make_work_guard(context_)),
      ticker_(context_),
      tick_(TickFor(state->options)) {
  ScheduleTick();
  thread_ = std::thread([this] { Run(); });
}

Worker::~Worker() { Stop(); }

void Worker::Adopt(TcpSocket socket) {
  const std::string address = AddressOf(socket);
  ConnectionRoom::Place place;
  const ConnectionBook::Room room = state_->room.Take(address, &place);
  if (room == ConnectionBook::Room::kThere) {
    auto connection = std::make_shared<Connection>(state_, this, std::move(socket));
    connection->Keep(std::move(place));
    return net::post(context_, [connection = std::move(connection)] { connection->Start(); });
  }
  const bool full = room == ConnectionBook::Room::kFull;
  const std::string_view why =
      full ? "too many connections" : "too many connections of one client address";
  state_->observer->OnRefused(full ? RefusalReason::kTooManyConnections
                                   : RefusalReason::kTooManyConnectionsOfAddress);
  const bool replaces = state_->options.replaces_waiting;
  if (!replaces && state_->refused.Take(address, &place) != ConnectionBook::Room::kThere) {
    if (state_->certificates == nullptr) TellAtOnce(*state_->service, why, &socket);
    return;  // its end closes it
  }
  auto connection = std::make_shared<Connection>(state_, this, std::move(socket));
  connection->Keep(std::move(place));
  net::post(context_, [this, connection = std::move(connection), address, why, replaces] {
    if (replaces) return ReplaceOrRefuse(connection, address, why);
    connection->StartRefused(why);
  });
}

void Worker::ReplaceOrRefuse(const std::shared_ptr<Connection>& connection,
                             const std::string& address, std::string_view why) {
  if (CloseLongestWaiting()) {
    connection->Keep(state_->room.Count(address));
    return connection->Start();
  }
  ConnectionRoom::Place place;
  if (state_->refused.Take(address, &place) != ConnectionBook::Room::kThere) {
    return connection->Close();
  }
  connection->Keep(std::move(place));
  connection->StartRefused(why);
}

bool Worker::CloseLongestWaiting() {
  const auto longest = std::min_element(
      connections_.begin(), connections_.end(),
      [](const Connection* a, const Connection* b) { return a->WaitsUntil() < b->WaitsUntil(); });
  if (longest == connections_.end() || (*longest)->WaitsUntil() == SteadyTime::max()) return false;
  (*longest)->Close();
  return true;
}

void Worker::CloseIdle() {
  net::post(context_, [this] {
    const std::vector<Connection*> connections = connections_;
    for (Connection* connection : connections) connection->CloseIfIdle();
  });
}

void Worker::Stop() {
  if (!thread_.joinable()) return;
  net::post(context_, [this] {
    ticker_.cancel();
    work_.reset();
    const std::vector<Connection*> connections = connections_;
    for (Connection* connection : connections) connection->Close();
    context_.stop();
  });
  thread_.join();
}

void Worker::Run() {
  DeferredWakes wakes;
  while (context_.run_one() > 0) {
    for (int ran = 1; ran < kHandlersPerTurn && context_.poll_one() > 0; ++ran) {
    }
    wakes.Flush();
  }
}

void Worker::Deliver(std::shared_ptr<Connection> connection, HttpResponse response) {
  if (context_.get_executor().running_in_this_thread()) {
    connection->Answer(std::move(response));
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    answers_.push_back({std::move(connection), std::move(response)});
    if (answers_.size() > 1) return;
  }
  DeferredWakes::Wake(
      [](void* self) {
        auto* const worker = static_cast<Worker*>(self);
        net::post(worker->context_, [worker] { worker->TakeAnswers(); });
      },
      this);
}

void Worker::TakeAnswers() {
  {
    const std::lock_guard lock(mutex_);
    taken_.swap(answers_);
  }
  for (Answer& answer : taken_) answer.connection->Answer(std::move(answer.response));
  taken_.clear();
}

void Worker::Add(Connection* connection) {
  connection->set_slot(connections_.size());
  connections_.push_back(connection);
}

void Worker::Remove(Connection* connection) {
  Connection* const last = connections_.back();
  connections_[connection->slot()] = last;
  last->set_slot(connection->slot());
  connections_.pop_back();
}

void Worker::ScheduleTick() {
  ticker_.expires_after(tick_);
  ticker_.async_wait([this](const boost::system::error_code& error) {
    if (!error) Tick();
  });
}

void Worker::Tick() {
  const SteadyTime now = std::chrono::steady_clock::now();
  // Backwards: a connection that ends is replaced by the last one, which was looked at already.
  for (size_t i = connections_.size(); i-- > 0;) {
    if (i < connections_.size()) connections_[i]->OnTick(now);
  }
  ScheduleTick();
}

}  // namespace kache
