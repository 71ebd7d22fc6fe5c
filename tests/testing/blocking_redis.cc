#include "tests/testing/blocking_redis.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>

namespace kache::testing {
namespace {

constexpr timeval kReplyTimeout = {.tv_sec = 10, .tv_usec = 0};

std::string Format(const std::vector<std::string>& arguments) {
  std::string wire = fmt::format("*{}\r\n", arguments.size());
  for (const std::string& argument : arguments) {
    wire += fmt::format("${}\r\n{}\r\n", argument.size(), argument);
  }
  return wire;
}

}  // namespace

BlockingRedis::BlockingRedis(uint16_t port) {
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &kReplyTimeout, sizeof kReplyTimeout);
  setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &kReplyTimeout, sizeof kReplyTimeout);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    close(fd_);
    fd_ = -1;
  }
}

BlockingRedis::~BlockingRedis() {
  if (fd_ >= 0) close(fd_);
}

std::optional<redis::Reply> BlockingRedis::Run(const std::vector<std::string>& arguments) {
  if (!connected()) return std::nullopt;
  const std::string wire = Format(arguments);
  for (size_t sent = 0; sent < wire.size();) {
    const ssize_t size = send(fd_, wire.data() + sent, wire.size() - sent, MSG_NOSIGNAL);
    if (size <= 0) return std::nullopt;
    sent += static_cast<size_t>(size);
  }
  return Read();
}

std::optional<redis::Reply> BlockingRedis::Read() {
  redis::Reply reply;
  reader_.Feed({});
  while (true) {
    switch (reader_.Next(reply)) {
      case redis::ReplyReader::Result::kReply:
        return reply;
      case redis::ReplyReader::Result::kBroken:
        return std::nullopt;
      case redis::ReplyReader::Result::kMore:
        break;
    }
    static thread_local std::array<char, 65536> buffer;
    const ssize_t size = recv(fd_, buffer.data(), buffer.size(), 0);
    if (size <= 0) return std::nullopt;
    reader_.Feed({buffer.data(), static_cast<size_t>(size)});
  }
}

}  // namespace kache::testing
