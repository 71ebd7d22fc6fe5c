#include "tests/chaos/proxy/stream.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <string>
#include <utility>

namespace kache::chaos {
namespace {

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

bool Stream::ReadFrom(int socket, Time due) {
  char buffer[1 << 16];
  const ssize_t count = recv(socket, buffer, sizeof buffer, 0);
  if (count < 0) return WouldBlock();
  if (count == 0) {
    closed_ = true;
    return true;
  }
  const auto size = static_cast<size_t>(count);
  chunks_.push_back({due, std::string(buffer, size)});
  held_bytes_ += size;
  return true;
}

bool Stream::WriteTo(int socket, Time now) {
  while (!chunks_.empty() && chunks_.front().due <= now) {
    Chunk& chunk = chunks_.front();
    const ssize_t count = send(socket, chunk.bytes.data() + chunk.written,
                               chunk.bytes.size() - chunk.written, MSG_NOSIGNAL);
    if (count < 0) return WouldBlock();
    chunk.written += static_cast<size_t>(count);
    held_bytes_ -= static_cast<size_t>(count);
    if (chunk.written < chunk.bytes.size()) return true;
    chunks_.pop_front();
  }
  if (closed_ && chunks_.empty() && !shut_down_) {
    shutdown(socket, SHUT_WR);
    shut_down_ = true;
  }
  return true;
}

bool Stream::WantsToWrite(Time now) const {
  return chunks_.empty() ? closed_ && !shut_down_ : chunks_.front().due <= now;
}

}  // namespace kache::chaos
