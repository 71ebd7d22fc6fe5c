#include "server/api/connection_acceptor.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "server/api/refusals.h"
#include "spdlog/spdlog.h"

namespace kache {
namespace {

constexpr auto kSweepInterval = std::chrono::seconds(1);
constexpr auto kLogInterval = std::chrono::seconds(1);
// Before something is refused.
constexpr auto kLeastSweepInterval = std::chrono::milliseconds(20);
constexpr auto kCountInterval = std::chrono::milliseconds(25);
// What gRPC says of all its calls together grows too large with time.
constexpr auto kExactCountInterval = std::chrono::seconds(30);
constexpr auto kIdleInterval = std::chrono::minutes(1);
// What is read of a connection meanwhile where it is the one that keeps a thread busy.
constexpr uint64_t kFloodBytes = 64 << 10;
constexpr auto kPause = std::chrono::milliseconds(100);
// Accepted from one socket before the others have their turn.
constexpr int kAcceptsPerTurn = 64;

// HTTP/2: an empty SETTINGS frame, then GOAWAY with ENHANCE_YOUR_CALM and the reason for people.
std::string GoAway(std::string_view why) {
  constexpr char kGoAwayType = 7;
  constexpr char kEnhanceYourCalm = 11;
  constexpr size_t kGoAwayBytes = 8;
  std::string frames("\0\0\0\4\0\0\0\0\0", 9);
  frames.append(2, '\0');
  frames.push_back(static_cast<char>(kGoAwayBytes + why.size()));
  frames.push_back(kGoAwayType);
  frames.append(5, '\0');  // no flags; of the connection
  frames.append(7, '\0');  // no stream was taken
  frames.push_back(kEnhanceYourCalm);
  frames.append(why);
  return frames;
}

bool MeansTryAtOnce(int error) {
  return error == EINTR || error == ECONNABORTED || error == EPROTO || error == EPERM;
}

bool IsSocket(int fd, dev_t device, ino_t socket) {
  struct stat status {};
  return fstat(fd, &status) == 0 && status.st_dev == device && status.st_ino == socket;
}

// Of our own, so that it stays this socket while gRPC closes its own. None where it was closed.
UniqueFd OwnSocket(int fd, dev_t device, ino_t socket) {
  UniqueFd own(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  return own.ok() && IsSocket(own.get(), device, socket) ? std::move(own) : UniqueFd();
}

// What has come and was not read yet.
int64_t UnreadBytes(int fd) {
  int bytes = 0;
  return ioctl(fd, FIONREAD, &bytes) == 0 ? bytes : 0;
}

}  // namespace

ConnectionAcceptor::ConnectionAcceptor(ListeningSockets listening, const Options& options,
                                       prometheus::Registry& registry)
    : options_(options),
      listening_(std::move(listening)),
      stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      book_(options.max_connections),
      rounds_(options.memory_sum_bytes),
      gauge_(prometheus::BuildGauge()
                 .Name("kache_grpc_connections")
                 .Help("Open gRPC connections, as of a second ago.")
                 .Register(registry)
                 .Add({})),
      calls_gauge_(prometheus::BuildGauge()
                       .Name("kache_grpc_calls")
                       .Help("Calls that gRPC holds, at most: also those without a request yet.")
                       .Register(registry)
                       .Add({})),
      accepted_(prometheus::BuildCounter()
                    .Name("kache_grpc_connections_accepted_total")
                    .Help("gRPC connections that were accepted and not refused.")
                    .Register(registry)
                    .Add({})),
      refused_full_(Refusals(registry, "too_many_connections")),
      refused_address_(Refusals(registry, "too_many_connections_of_address")),
      too_many_calls_{Refusals(registry, "too_many_calls")},
      floods_{Refusals(registry, "flooding_connection")},
      unanswered_{Refusals(registry, "unanswered_bytes")},
      half_requests_{Refusals(registry, "half_requests")},
      failed_(prometheus::BuildCounter()
                  .Name("kache_grpc_accept_failures_total")
                  .Help("Times that accepting gRPC connections failed, as for want of files.")
                  .Register(registry)
                  .Add({})) {}

ConnectionAcceptor::~ConnectionAcceptor() { Stop(); }

void ConnectionAcceptor::Start(HandOver hand_over, std::optional<CallCensus> census, Work work,
                               std::unique_ptr<WaitingCalls> waiting) {
  hand_over_ = std::move(hand_over);
  census_ = std::move(census);
  work_ = std::move(work);
  waiting_ = std::move(waiting);
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "grpc-accept");
}

void ConnectionAcceptor::Stop() {
  if (thread_.joinable()) {
    eventfd_write(stop_.get(), 1);
    thread_.join();
  }
  listening_.sockets.clear();
}

void ConnectionAcceptor::Run() {
  while (Wait()) {
    const Clock::time_point now = Clock::now();
    if (now - swept_ >= kSweepInterval) Sweep();
    if (now - logged_ >= kLogInterval) LogRefusals();
    if (now - counted_ >= kCountInterval) {
      counted_ = now;
      if (work_ != nullptr) EndFloods();
      if (census_.has_value()) {
        BoundCalls();
        CloseIdle();
      }
      const uint64_t resident = ResidentBytes();
      BoundUnanswered(resident);
      if (census_.has_value()) BoundHalfRequests();
      if (waiting_ != nullptr) TakeBack(resident);
    }
    if (now < paused_until_) continue;
    for (const UniqueFd& socket : listening_.sockets) AcceptFrom(socket.get());
  }
  waiting_.reset();
}

bool ConnectionAcceptor::Wait() {
  const bool paused = Clock::now() < paused_until_;
  std::vector<pollfd> sockets = {{.fd = stop_.get(), .events = POLLIN, .revents = 0}};
  if (!paused) {
    for (const UniqueFd& socket : listening_.sockets) {
      sockets.push_back({.fd = socket.get(), .events = POLLIN, .revents = 0});
    }
  }
  std::chrono::milliseconds timeout = paused ? kPause : kSweepInterval;
  // No calls without connections.
  if (book_.connections() > 0 || (waiting_ != nullptr && waiting_->running())) {
    timeout = kCountInterval;
  }
  poll(sockets.data(), sockets.size(), static_cast<int>(timeout.count()));
  return sockets.front().revents == 0;
}

void ConnectionAcceptor::AcceptFrom(int listening) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    sockaddr_storage peer{};
    socklen_t size = sizeof(peer);
    UniqueFd socket(accept4(listening, reinterpret_cast<sockaddr*>(&peer), &size,
                            SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.ok()) {
      Take(std::move(socket), peer);
    } else if (errno == EAGAIN) {
      return;
    } else if (!MeansTryAtOnce(errno)) {
      return Pause(errno);
    }
  }
}

void ConnectionAcceptor::Take(UniqueFd socket, const sockaddr_storage& from) {
  const std::string peer = PeerBytes(from);
  const std::string address = ClientAddressOfPeer(peer);
  struct stat status {};
  if (fstat(socket.get(), &status) != 0) return;
  // The connection that had this file descriptor has ended.
  if (const auto found = connections_.find(socket.get()); found != connections_.end()) {
    book_.Remove(found->second.address);
    connections_.erase(found);
  }
  if (const auto room = RoomFor(address); room != ConnectionBook::Room::kThere) {
    return Refuse(std::move(socket), address, room);
  }
  book_.Add(address);
  connections_.emplace(socket.get(), Connection{.peer = peer,
                                                .address = address,
                                                .device = status.st_dev,
                                                .socket = status.st_ino,
                                                .idle = IdleWatch(Clock::now())});
  accepted_.Increment();
  gauge_.Set(static_cast<double>(book_.connections()));
  hand_over_(std::move(socket));
}

ConnectionBook::Room ConnectionAcceptor::RoomFor(const std::string& address) {
  const auto room = book_.RoomFor(address);
  if (room == ConnectionBook::Room::kThere) return room;
  if (Clock::now() - swept_ < kLeastSweepInterval) return room;
  Sweep();
  return book_.RoomFor(address);
}

void ConnectionAcceptor::Refuse(UniqueFd socket, const std::string& address,
                                ConnectionBook::Room room) {
  const bool full = room == ConnectionBook::Room::kFull;
  (full ? refused_full_ : refused_address_).Increment();
  ++refused_;
  refused_last_ = address;
  if (options_.encrypted) return;
  const std::string frames =
      GoAway(full ? "more than MAX_GRPC_CONNECTIONS connections; try another server, or later"
                  : "too many connections of one client address; close some, or try later");
  // What does not leave at once is lost.
  send(socket.get(), frames.data(), frames.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void ConnectionAcceptor::Pause(int error) {
  failed_.Increment();
  if (Clock::now() - paused_until_ > kSweepInterval) {
    spdlog::warn("cannot accept gRPC connections error=\"{}\"", std::strerror(error));
  }
  paused_until_ = Clock::now() + kPause;
}

void ConnectionAcceptor::Sweep() {
  swept_ = Clock::now();
  absl::erase_if(connections_, [this](const auto& entry) {
    const Connection& connection = entry.second;
    const bool open = IsSocket(entry.first, connection.device, connection.socket);
    if (!open) book_.Remove(connection.address);
    return !open;
  });
  gauge_.Set(static_cast<double>(book_.connections()));
}

void ConnectionAcceptor::BoundCalls() {
  const int64_t at_most = census_->AtMost();
  calls_gauge_.Set(static_cast<double>(at_most));
  const bool over = at_most > options_.max_calls;
  if (!over && (at_most == 0 || counted_ - counted_exactly_ < kExactCountInterval)) return;
  counted_exactly_ = counted_;
  std::vector<ConnectionCalls> counts = census_->Count();
  calls_gauge_.Set(static_cast<double>(census_->AtMost()));
  Sweep();
  absl::flat_hash_map<std::string, int> open;  // file descriptors, by peer
  for (const auto& [fd, connection] : connections_) {
    if (!connection.is_cut) open.emplace(connection.peer, fd);
  }
  absl::flat_hash_map<std::string, int> unknown = open;  // to gRPC, as they have not spoken yet
  for (ConnectionCalls& count : counts) {
    const auto found = open.find(count.peer);
    count.is_ending = found == open.end();
    if (!count.is_ending) count.unread = UnreadBytes(found->second);
    unknown.erase(count.peer);
  }
  for (const auto& [peer, fd] : unknown)
    counts.push_back({.peer = peer, .unread = UnreadBytes(fd)});
  for (const std::string& peer : ConnectionsToClose(counts, options_.max_calls)) {
    const int fd = open.at(peer);
    Cut(fd, connections_.at(fd), too_many_calls_);
  }
}

void ConnectionAcceptor::CloseIdle() {
  if (counted_ - sought_idle_ < kIdleInterval) return;
  sought_idle_ = counted_;
  absl::flat_hash_map<std::string, ConnectionCalls> counts;
  for (ConnectionCalls& count : census_->Count()) {
    const std::string peer = count.peer;
    counts.emplace(peer, std::move(count));
  }
  for (auto& [fd, connection] : connections_) {
    const auto count = counts.find(connection.peer);
    if (connection.is_cut || count == counts.end()) continue;
    if (!connection.idle.IsIdle(count->second.started, count->second.calls, counted_)) continue;
    // gRPC sees the end of what comes, and closes the connection as if its client had.
    const UniqueFd socket = OwnSocket(fd, connection.device, connection.socket);
    if (!socket.ok()) continue;
    connection.is_cut = true;
    shutdown(socket.get(), SHUT_RD);
  }
}

void ConnectionAcceptor::EndFloods() {
  const bool was_captured = std::exchange(captured_, captures_.IsCaptured(work_()));
  if (!captured_) return;
  // Where the capture is new, what was read so far says nothing.
  uint64_t most = 0;
  int flooding = -1;
  for (auto& [fd, connection] : connections_) {
    if (connection.is_cut) continue;
    const auto traffic = ReadTraffic(fd);
    if (!traffic.has_value()) continue;
    const uint64_t meanwhile =
        traffic->read_bytes - std::exchange(connection.read_bytes, traffic->read_bytes);
    if (meanwhile <= most) continue;
    most = meanwhile;
    flooding = fd;
  }
  if (!was_captured || most < kFloodBytes) return;
  Cut(flooding, connections_.at(flooding), floods_);
}

void ConnectionAcceptor::Cut(int fd, Connection& connection, Cuts& cuts) {
  const UniqueFd socket = OwnSocket(fd, connection.device, connection.socket);
  if (!socket.ok()) return;
  connection.is_cut = true;
  cuts.counter.Increment();
  ++cuts.unlogged;
  cuts.last = connection.address;
  // Ends the connection and drops what it has received, which shutdown() would leave to be read.
  const sockaddr none{.sa_family = AF_UNSPEC, .sa_data = {}};
  if (connect(socket.get(), &none, sizeof(none)) != 0) shutdown(socket.get(), SHUT_RDWR);
}

void ConnectionAcceptor::LogRefusals() {
  logged_ = Clock::now();
  if (refused_ > 0) {
    spdlog::warn("grpc connections refused count={} last={} connections={} max_grpc_connections={}",
                 std::exchange(refused_, 0), ClientAddressText(refused_last_), book_.connections(),
                 options_.max_connections);
  }
  if (too_many_calls_.unlogged > 0) {
    spdlog::warn("grpc connections with too many calls closed count={} last={} max_grpc_calls={}",
                 std::exchange(too_many_calls_.unlogged, 0),
                 ClientAddressText(too_many_calls_.last), options_.max_calls);
  }
  if (floods_.unlogged > 0) {
    spdlog::warn("grpc connections that kept a thread busy closed count={} last={}",
                 std::exchange(floods_.unlogged, 0), ClientAddressText(floods_.last));
  }
  if (unanswered_.unlogged > 0) {
    spdlog::warn("grpc connections that only send closed count={} last={}",
                 std::exchange(unanswered_.unlogged, 0), ClientAddressText(unanswered_.last));
  }
  if (half_requests_.unlogged > 0) {
    spdlog::warn(
        "grpc connections with half requests closed count={} last={} max_grpc_buffer_bytes={}",
        std::exchange(half_requests_.unlogged, 0), ClientAddressText(half_requests_.last),
        options_.max_buffer_bytes);
  }
}

}  // namespace kache
