#include "tests/testing/fake_redis.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "tests/testing/ports.h"

namespace kache::testing {

FakeRedis::FakeRedis() {
  BePolite();
  listening_ = ListenOnFreePort(&port_);
  if (pipe(stop_pipe_) != 0) std::abort();
  thread_ = std::thread([this] { Serve(); });
}

FakeRedis::~FakeRedis() {
  close(stop_pipe_[1]);
  thread_.join();
  close(stop_pipe_[0]);
  close(listening_);
  for (const auto& connection : open_) close(connection->fd);
}

void FakeRedis::BePolite() {
  const std::lock_guard lock(mutex_);
  answers_ = {{"", "+OK\r\n"},
              {"PING", "+PONG\r\n"},
              {"INFO server", "$33\r\nredis_version:7.0.15\r\nrun_id:fake\r\n"},
              {"INFO replication", "$11\r\nrole:master\r\n"},
              {"INFO cluster", "$17\r\ncluster_enabled:0\r\n"}};
}

void FakeRedis::FallSilent() {
  const std::lock_guard lock(mutex_);
  answers_ = {{"", std::string(kSilence)}};
}

void FakeRedis::OnCommand(std::string words, std::string_view wire) {
  const std::lock_guard lock(mutex_);
  answers_[std::move(words)] = wire;
}

void FakeRedis::SendNow(std::string_view wire) {
  const std::lock_guard lock(mutex_);
  for (const auto& connection : open_) SendTo(*connection, wire);
}

void FakeRedis::CloseAll(bool reset) {
  const std::lock_guard lock(mutex_);
  for (const auto& connection : open_) {
    const linger no_linger = {.l_onoff = 1, .l_linger = 0};
    if (reset) setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &no_linger, sizeof no_linger);
    close(connection->fd);
  }
  open_.clear();
}

int FakeRedis::Count(std::string_view words) const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(std::ranges::count_if(
      commands_, [words](const std::string& command) { return command.starts_with(words); }));
}

void FakeRedis::Serve() {
  while (true) {
    std::vector<pollfd> polled = {{stop_pipe_[0], POLLIN, 0}, {listening_, POLLIN, 0}};
    {
      const std::lock_guard lock(mutex_);
      for (const auto& connection : open_) polled.push_back({connection->fd, POLLIN, 0});
    }
    // Connections that the test closes meanwhile are seen by the next round.
    constexpr int kRoundMs = 5;
    poll(polled.data(), polled.size(), kRoundMs);
    if (polled[0].revents != 0) return;
    if (polled[1].revents != 0) Accept();
    const std::lock_guard lock(mutex_);
    std::erase_if(open_, [this](const std::unique_ptr<Connection>& connection) {
      if (Read(*connection)) return false;
      close(connection->fd);
      return true;
    });
  }
}

void FakeRedis::Accept() {
  const int fd = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return;
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const std::lock_guard lock(mutex_);
  open_.push_back(std::make_unique<Connection>(Connection{fd, redis::ReplyReader()}));
  ++connections_;
}

bool FakeRedis::Read(Connection& connection) {
  std::array<char, 65536> buffer;
  const ssize_t size = recv(connection.fd, buffer.data(), buffer.size(), 0);
  if (size <= 0) return size < 0 && errno == EAGAIN;
  connection.reader.Feed({buffer.data(), static_cast<size_t>(size)});
  redis::Reply command;
  while (connection.reader.Next(command) == redis::ReplyReader::Result::kReply) {
    if (!Answer(connection, command)) return false;
  }
  return true;
}

bool FakeRedis::Answer(Connection& connection, const redis::Reply& command) {
  std::string words;
  for (const redis::Reply& word : command.elements) {
    words.append(words.empty() ? "" : " ").append(word.text);
  }
  commands_.push_back(words);
  const std::pair<const std::string, std::string>* best = nullptr;
  for (const auto& answer : answers_) {
    if (!words.starts_with(answer.first)) continue;
    if (best == nullptr || answer.first.size() > best->first.size()) best = &answer;
  }
  if (best->second == kClose) return false;
  return best->second == kSilence || SendTo(connection, best->second);
}

bool FakeRedis::SendTo(const Connection& connection, std::string_view wire) {
  while (!wire.empty()) {
    const size_t portion = single_bytes_ ? 1 : wire.size();
    const ssize_t size = send(connection.fd, wire.data(), portion, MSG_NOSIGNAL);
    if (size <= 0) return false;
    wire.remove_prefix(static_cast<size_t>(size));
  }
  return true;
}

}  // namespace kache::testing
