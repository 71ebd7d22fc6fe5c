#include "client/bench/rest_load.h"

#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/strings.h"
#include "client/bench/precise_wait.h"

namespace kache::bench {
namespace {

constexpr int kMaxEvents = 64;
constexpr size_t kReadBytes = 64 * 1024;
constexpr auto kLookForLate = std::chrono::milliseconds(50);

const char* Method(Action action) {
  switch (action) {
    case Action::kPut:
      return "PUT ";
    case Action::kDelete:
      return "DELETE ";
    case Action::kGet:
      break;
  }
  return "GET ";
}

}  // namespace

struct RestLoad::Address {
  sockaddr_storage storage = {};
  socklen_t size = 0;
};

absl::StatusOr<std::unique_ptr<RestLoad>> RestLoad::Create(const RestLoadOptions& options) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(options.gateway.host.c_str(),
                                std::to_string(options.gateway.port).c_str(), &hints, &found);
  if (error != 0) {
    return absl::UnavailableError(Concat(options.gateway.ToString(), ": ", gai_strerror(error)));
  }
  auto load = std::unique_ptr<RestLoad>(new RestLoad(options));
  std::memcpy(&load->address_->storage, found->ai_addr, found->ai_addrlen);
  load->address_->size = found->ai_addrlen;
  freeaddrinfo(found);
  return load;
}

RestLoad::RestLoad(const RestLoadOptions& options)
    : SlottedLoad(options.slots),
      options_(options),
      address_(std::make_unique<Address>()),
      poll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (options.ttl > absl::ZeroDuration()) {
    request_tail_ = Concat("?ttl=", absl::ToInt64Seconds(options.ttl));
  }
}

RestLoad::~RestLoad() {
  for (RestSlot& slot : slots_) Disconnect(slot);
  close(poll_);
}

void RestLoad::WriteRequest(RestSlot& slot) const {
  const Request& request = slot.request;
  slot.sent.assign(Method(request.action));
  Append(&slot.sent, "/api/v1/keys/", request.keys[0]);
  if (request.action == Action::kPut) slot.sent += request_tail_;
  Append(&slot.sent, " HTTP/1.1\r\nHost: ", options_.gateway.host, "\r\n");
  if (!options_.authorization.empty()) {
    Append(&slot.sent, "Authorization: ", options_.authorization, "\r\n");
  }
  if (request.action == Action::kGet) slot.sent += "Accept: application/octet-stream\r\n";
  if (request.action == Action::kPut) {
    Append(&slot.sent,
           "Content-Type: application/octet-stream\r\nContent-Length: ", request.values[0].size(),
           "\r\n");
  }
  slot.sent += "\r\n";
  if (request.action == Action::kPut) slot.sent += request.values[0];
  slot.written = 0;
}

bool RestLoad::Connect(size_t index) {
  RestSlot& slot = slots_[index];
  slot.socket = socket(address_->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (slot.socket < 0) return false;
  const int on = 1;
  setsockopt(slot.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const int error =
      connect(slot.socket, reinterpret_cast<const sockaddr*>(&address_->storage), address_->size);
  if (error != 0 && errno != EINPROGRESS) return false;
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLOUT | EPOLLET;
  event.data.u64 = index;
  return epoll_ctl(poll_, EPOLL_CTL_ADD, slot.socket, &event) == 0;
}

void RestLoad::Disconnect(RestSlot& slot) {
  if (slot.socket >= 0) close(slot.socket);
  slot.socket = -1;
}

void RestLoad::Start(size_t index) {
  RestSlot& slot = slots_[index];
  slot.running = true;
  slot.received.clear();
  slot.deadline = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(options_.timeout);
  WriteRequest(slot);
  if ((slot.socket >= 0 || Connect(index)) && Send(slot)) return;
  Fail(slot, absl::StatusCode::kUnavailable, std::strerror(errno));
  ended_.push_back(index);
}

bool RestLoad::Send(RestSlot& slot) {
  while (slot.written < slot.sent.size()) {
    const ssize_t count = send(slot.socket, slot.sent.data() + slot.written,
                               slot.sent.size() - slot.written, MSG_NOSIGNAL);
    if (count < 0) return errno == EAGAIN || errno == ENOTCONN || errno == EINPROGRESS;
    slot.written += static_cast<size_t>(count);
  }
  return true;
}

bool RestLoad::Receive(RestSlot& slot) {
  char block[kReadBytes];
  while (true) {
    const ssize_t count = recv(slot.socket, block, sizeof(block), 0);
    if (count > 0) {
      slot.received.append(block, static_cast<size_t>(count));
      if (slot.running && TakeAnswer(slot)) return true;
      continue;
    }
    if (count < 0 && (errno == EAGAIN || errno == ENOTCONN)) return false;
    const char* const why = count == 0 ? "the gateway closed the connection" : strerror(errno);
    if (!slot.running) {  // an idle connection: no request is lost
      Disconnect(slot);
      return false;
    }
    Fail(slot, absl::StatusCode::kUnavailable, why);
    return true;
  }
}

bool RestLoad::TakeAnswer(RestSlot& slot) {
  if (!ParseHttpHead(slot.received, &slot.head)) return false;
  if (slot.head.status == 0) {
    Fail(slot, absl::StatusCode::kInternal, "the gateway's answer is no HTTP/1.1");
    return true;
  }
  if (slot.received.size() < slot.head.head_bytes + slot.head.body_bytes) return false;
  const std::string_view body =
      std::string_view(slot.received).substr(slot.head.head_bytes, slot.head.body_bytes);
  Outcome outcome;
  outcome.code = CodeOfHttpStatus(slot.head.status);
  const bool is_get = slot.request.action == Action::kGet;
  if (is_get && outcome.code == absl::StatusCode::kOk) {
    outcome.found = true;
    outcome.value = body;
  } else if (is_get && outcome.code == absl::StatusCode::kNotFound) {
    outcome.code = absl::StatusCode::kOk;
  } else if (outcome.code != absl::StatusCode::kOk) {
    NoteError(Concat("HTTP status ", slot.head.status, ": ", body.substr(0, 200)));
  }
  slot.outcomes.assign(1, outcome);
  slot.running = false;
  return true;
}

void RestLoad::Fail(RestSlot& slot, absl::StatusCode code, const std::string& message) {
  NoteError(message);
  Disconnect(slot);
  slot.outcomes.assign(1, {code, false, {}});
  slot.running = false;
}

void RestLoad::FailLate(Instant now) {
  next_look_ = now + kLookForLate;
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (!slots_[i].running || slots_[i].deadline > now) continue;
    Fail(slots_[i], absl::StatusCode::kDeadlineExceeded, "no answer in time");
    ended_.push_back(i);
  }
}

bool RestLoad::Wait(Instant until, size_t* index) {
  if (ended_.empty()) {
    const Instant now = std::chrono::steady_clock::now();
    if (now >= next_look_) FailLate(now);
  }
  if (ended_.empty()) {
    WaitPrecisely(std::min(until, next_look_), [this](Instant instant) {
      Poll(instant);
      return !ended_.empty();
    });
  }
  if (ended_.empty()) return false;
  *index = ended_.back();
  ended_.pop_back();
  return true;
}

void RestLoad::Poll(Instant until) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      until - std::chrono::steady_clock::now());
  epoll_event events[kMaxEvents];
  const int wait_ms = static_cast<int>(std::max<int64_t>(0, left.count()));
  const int count = epoll_wait(poll_, events, kMaxEvents, wait_ms);
  for (int i = 0; i < count; ++i) {
    RestSlot& slot = slots_[events[i].data.u64];
    const bool was_running = slot.running;
    if (was_running && !Send(slot)) {
      Fail(slot, absl::StatusCode::kUnavailable, std::strerror(errno));
    } else if (slot.socket >= 0) {
      Receive(slot);
    }
    if (!was_running || slot.running) continue;
    if (slot.head.close) Disconnect(slot);
    ended_.push_back(events[i].data.u64);
  }
}

}  // namespace kache::bench
