#include "tests/unit/http/raw_http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "base/strings.h"

namespace kache {

std::string RawResponse::Header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? "" : found->second;
}

RawHttpClient::RawHttpClient(uint16_t port, uint8_t from)
    : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  const timeval timeout = {30, 0};  // also on a machine that has other work
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl((INADDR_LOOPBACK & ~uint32_t{0xFF}) | from);
  if (from != 1) ::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address);
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // A failure shows as Send returning false.
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::shutdown(socket_, SHUT_RDWR);
  }
}

RawHttpClient::~RawHttpClient() { ::close(socket_); }

bool RawHttpClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool RawHttpClient::Fill() {
  char bytes[16 * 1024];
  const ssize_t received = ::recv(socket_, bytes, sizeof bytes, 0);
  if (received <= 0) return false;
  buffer_.append(bytes, static_cast<size_t>(received));
  return true;
}

RawResponse RawHttpClient::Receive(bool to_head) {
  RawResponse response;
  while (buffer_.find("\r\n\r\n") == std::string::npos) {
    if (!Fill()) return {};
  }
  const size_t head_end = buffer_.find("\r\n\r\n");
  const std::string head = buffer_.substr(0, head_end + 2);
  buffer_.erase(0, head_end + 4);
  size_t line_begin = head.find("\r\n") + 2;
  const int status = std::atoi(head.c_str() + sizeof("HTTP/1.1"));
  while (line_begin < head.size()) {
    const size_t line_end = head.find("\r\n", line_begin);
    const std::string line = head.substr(line_begin, line_end - line_begin);
    const size_t colon = line.find(": ");
    response.headers[absl::AsciiStrToLower(line.substr(0, colon))] = line.substr(colon + 2);
    line_begin = line_end + 2;
  }
  const auto length = static_cast<size_t>(std::atoll(response.Header("content-length").c_str()));
  if (!to_head) {
    while (buffer_.size() < length) {
      if (!Fill()) return {};
    }
    response.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
  }
  response.status = status;
  return response;
}

bool RawHttpClient::AtEnd() {
  if (!buffer_.empty()) return false;
  char byte = 0;
  return ::recv(socket_, &byte, 1, 0) == 0;
}

void RawHttpClient::ShutdownSend() { ::shutdown(socket_, SHUT_WR); }

RawResponse RawHttpClient::Ask(std::string_view method, std::string_view target,
                               std::string_view body, std::string_view headers) {
  Send(Concat(method, " ", target, " HTTP/1.1\r\nHost: test\r\nContent-Length: ", body.size(),
              "\r\n", headers, "\r\n", body));
  return Receive(/*to_head=*/method == "HEAD");
}

}  // namespace kache
