#include "tests/testing/balancer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "tests/testing/ports.h"

namespace kache::testing {
namespace {

constexpr int kPollMs = 5;

int ConnectTo(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

bool SendAll(int fd, const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes += sent;
    size -= static_cast<size_t>(sent);
  }
  return true;
}

void SendWithoutDelay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

Balancer::Balancer(std::vector<uint16_t> ports)
    : listening_(ListenOnFreePort(&port_)), ports_(std::move(ports)) {
  thread_ = std::thread([this] { Run(); });
}

Balancer::~Balancer() {
  stopping_ = true;
  thread_.join();
  close(listening_);
  for (const Pair& pair : pairs_) {
    close(pair.client);
    close(pair.server);
  }
}

void Balancer::Use(std::vector<uint16_t> ports) {
  const std::lock_guard lock(mutex_);
  ports_ = std::move(ports);
  next_ = 0;
}

void Balancer::CloseOldest() {
  const std::lock_guard lock(mutex_);
  // The loop then sees the end, and removes the pair.
  if (!pairs_.empty()) shutdown(pairs_.front().client, SHUT_RDWR);
}

void Balancer::CloseAll() {
  const std::lock_guard lock(mutex_);
  for (const Pair& pair : pairs_) shutdown(pair.client, SHUT_RDWR);
}

void Balancer::Run() {
  while (!stopping_) {
    std::vector<pollfd> fds = {{listening_, POLLIN, 0}};
    {
      const std::lock_guard lock(mutex_);
      for (const Pair& pair : pairs_) {
        fds.push_back({pair.client, POLLIN, 0});
        fds.push_back({pair.server, POLLIN, 0});
      }
    }
    if (poll(fds.data(), fds.size(), kPollMs) <= 0) continue;
    const std::lock_guard lock(mutex_);
    std::vector<Pair> left;
    for (size_t i = 0; i < pairs_.size(); ++i) {
      const bool from_client = fds[1 + 2 * i].revents != 0;
      const bool from_server = fds[2 + 2 * i].revents != 0;
      if ((!from_client || Pump(pairs_[i], true)) && (!from_server || Pump(pairs_[i], false))) {
        left.push_back(pairs_[i]);
        continue;
      }
      close(pairs_[i].client);
      close(pairs_[i].server);
    }
    pairs_ = std::move(left);
    if (fds[0].revents != 0) Accept();
  }
}

void Balancer::Accept() {
  const int client = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
  const int server = ConnectTo(ports_[next_++ % ports_.size()]);
  if (server < 0) {
    close(client);
    return;
  }
  SendWithoutDelay(client);
  SendWithoutDelay(server);
  pairs_.push_back({client, server});
}

bool Balancer::Pump(const Pair& pair, bool from_client) {
  std::array<char, size_t{64} << 10> bytes;
  const ssize_t got = recv(from_client ? pair.client : pair.server, bytes.data(), bytes.size(), 0);
  if (got <= 0) return false;
  return SendAll(from_client ? pair.server : pair.client, bytes.data(), static_cast<size_t>(got));
}

}  // namespace kache::testing
