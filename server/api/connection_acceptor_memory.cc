// What connections make gRPC keep: how the acceptor bounds it.
#include <algorithm>
#include <string>
#include <vector>

#include "server/api/connection_acceptor.h"

namespace kache {
namespace {

constexpr auto kLookInterval = std::chrono::milliseconds(500);
constexpr uint64_t kGrowth = uint64_t{8} << 20;
constexpr auto kRoundTime = std::chrono::milliseconds(10);
// Half requests are looked for so often, and with many connections less often, so that it takes no
// more than a hundredth of a thread.
constexpr std::chrono::nanoseconds kHalfInterval = std::chrono::milliseconds(25);
constexpr std::chrono::nanoseconds kHalfIntervalOfConnection = std::chrono::microseconds(100);

}  // namespace

// All are looked at twice a second, and whenever the process has grown or takes too much.
void ConnectionAcceptor::BoundUnanswered(uint64_t resident) {
  const bool in_need = IsInNeed(resident, options_.memory_sum_bytes);
  const bool has_grown = resident > resident_bytes_ + kGrowth;
  if (!in_need && !has_grown && Clock::now() - looked_ < kLookInterval) return;
  looked_ = Clock::now();
  resident_bytes_ = resident;
  std::vector<UnansweredConnection> found;
  for (auto& [fd, connection] : connections_) {
    if (connection.is_cut) continue;
    const auto traffic = ReadTraffic(fd);
    if (traffic.has_value()) found.push_back({fd, connection.unanswered.Update(*traffic)});
  }
  for (const int fd : ConnectionsWithoutAnswer(found, in_need)) {
    Cut(fd, connections_.at(fd), unanswered_);
  }
}

void ConnectionAcceptor::TakeBack(uint64_t resident) {
  if (rounds_.IsDue(resident) && !waiting_->running()) {
    rounds_.Began();
    waiting_->StartRound();
  }
  waiting_->Continue(kRoundTime);
}

// They are counted only once enough has come for them to be many: gRPC's counters cost 10 us for
// each connection.
void ConnectionAcceptor::BoundHalfRequests() {
  const Clock::time_point now = Clock::now();
  const auto connections = static_cast<int64_t>(connections_.size());
  if (options_.max_buffer_bytes == 0 ||
      now - sought_half_ < std::max(kHalfInterval, connections * kHalfIntervalOfConnection)) {
    return;
  }
  sought_half_ = now;
  absl::flat_hash_map<std::string, int> open;  // file descriptors, by peer
  for (auto& [fd, connection] : connections_) {
    if (connection.is_cut) continue;
    const auto traffic = ReadTraffic(fd);
    if (!traffic.has_value()) continue;
    read_since_counted_ += traffic->read_bytes - connection.read_bytes_before;
    connection.read_bytes_before = traffic->read_bytes;
    open.emplace(connection.peer, fd);
  }
  if (!much_half_ && read_since_counted_ < options_.max_buffer_bytes / 4) return;
  read_since_counted_ = 0;
  uint64_t held = 0;
  std::vector<ConnectionWithHalfRequest> found;
  for (const ConnectionCalls& count : census_->Count()) {
    const auto fd = open.find(count.peer);
    if (fd == open.end()) continue;
    Connection& connection = connections_.at(fd->second);
    HalfRequest& half = connection.half_request;
    half.Update(connection.read_bytes_before, count.messages, count.calls, now);
    held += half.bytes();
    found.push_back({.fd = fd->second, .bytes = half.bytes(), .age = now - half.began()});
  }
  much_half_ = held > options_.max_buffer_bytes / 2;
  for (const int fd : HalfRequestsToClose(found, options_.max_buffer_bytes)) {
    Cut(fd, connections_.at(fd), half_requests_);
  }
}

}  // namespace kache
