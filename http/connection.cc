#include "http/connection.h"

#include <algorithm>
#include <utility>

#include "absl/time/time.h"
#include "base/clock.h"
#include "boost/asio/buffer.hpp"
#include "boost/beast/http/error.hpp"
#include "http/error_response.h"
#include "http/framing.h"
#include "http/request_naming.h"
#include "http/response_writer.h"

namespace kache {
namespace {

namespace net = boost::asio;
namespace http = boost::beast::http;

constexpr size_t kHeadReadBytes = 8 * 1024;
constexpr size_t kBodyReadBytes = 64 * 1024;
// Room beside the head for the body bytes that arrive in the same read.
constexpr size_t kSpareBufferBytes = 2 * kBodyReadBytes;
constexpr absl::Duration kLingerTime = absl::Seconds(2);
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

Connection::Connection(HttpServerState* state, Worker* worker, TcpSocket socket)
    : state_(state),
      worker_(worker),
      stream_(std::move(socket), state->certificates ? state->certificates->context() : nullptr),
      buffer_(state->options.max_head_bytes + kSpareBufferBytes),
      share_(state->held) {
  request_.worker = worker->index();
  request_.requester = this;
  state_->connections.fetch_add(1);
  state_->observer->OnConnectionOpened();
}

Connection::~Connection() {
  state_->observer->OnConnectionClosed();
  state_->connections.fetch_sub(1);
}

void Connection::Start() {
  worker_->Add(this);
  listed_ = true;
  ErrorCode ignored;
  stream_.socket().set_option(net::ip::tcp::no_delay(true), ignored);
  if (stream_.is_tls()) {
    Handshake();
  } else {
    Advance();
  }
}

void Connection::Handshake() {
  Enter(Phase::kHandshake, state_->options.read_timeout);
  stream_.Handshake([self = shared_from_this()](const ErrorCode& error) {
    if (self->phase_ == Phase::kClosed) return;
    if (error) {
      self->state_->observer->OnRefused(RefusalReason::kTls);
      self->Close();
      return;
    }
    self->phase_end_ = SteadyTime::max();  // the idle time starts
    self->phase_ = Phase::kIdle;
    self->Advance();
  });
}

void Connection::StartRefused(std::string_view why) {
  if (stream_.is_tls()) return Close();  // a handshake is more than one over the limit is worth
  worker_->Add(this);
  listed_ = true;
  head_at_ = std::chrono::steady_clock::now();
  Write(state_->service->Refusal(503, why));
}

void Connection::Enter(Phase phase, absl::Duration limit) {
  phase_ = phase;
  phase_end_ = limit == absl::InfiniteDuration()
                   ? SteadyTime::max()
                   : CoarseMonotonic() + absl::ToChronoNanoseconds(limit);
}

// No more than a small body needs, so that its request stays small (held_bytes.h).
size_t Connection::BodyBytesToRead() const {
  const uint64_t announced = parser_->announced_bytes();
  if (announced <= request_.body.size()) return kBodyReadBytes;  // Not known, or chunked.
  return static_cast<size_t>(std::min<uint64_t>(kBodyReadBytes, announced - request_.body.size()));
}

void Connection::Read() {
  const size_t want = head_done_ ? BodyBytesToRead() : kHeadReadBytes;
  const size_t room = buffer_.max_size() - buffer_.size();
  if (room == 0) {
    Refuse(head_done_ ? 400 : 431,
           head_done_ ? "a chunk header or trailer is too long" : "the request's head is too large",
           head_done_ ? RefusalReason::kBadRequest : RefusalReason::kHeadersTooLarge);
    return;
  }
  const auto place = buffer_.prepare(std::min(want, room));
  if (!CountOrRefuse()) return;
  stream_.Read(place, [self = shared_from_this()](const ErrorCode& error, size_t bytes) {
    self->OnRead(error, bytes);
  });
}

void Connection::OnRead(const ErrorCode& error, size_t bytes) {
  if (phase_ == Phase::kClosed) return;
  if (timed_out_ || error) {
    OnInputEnded(error);
    return;
  }
  buffer_.commit(bytes);
  Advance();
}

void Connection::OnInputEnded(const ErrorCode& error) {
  if (timed_out_) {
    timed_out_ = false;
    Refuse(408, "the request took too long to arrive", RefusalReason::kReadTimeout);
  } else if (error == net::error::eof && phase_ == Phase::kReading) {
    // The client may have shut its sending side only, and still be listening.
    Refuse(400, "the request was cut short", RefusalReason::kBadRequest);
  } else {
    Close();
  }
}

bool Connection::BeginRequest() {
  // Empty lines before a request are skipped (RFC 9112, section 2.2).
  while (buffer_.size() >= 2) {
    const char* front = static_cast<const char*>(buffer_.cdata().data());
    if (front[0] != '\r' || front[1] != '\n') break;
    buffer_.consume(2);
  }
  const bool begun =
      buffer_.size() > 1 ||
      (buffer_.size() == 1 && *static_cast<const char*>(buffer_.cdata().data()) != '\r');
  if (!begun) {
    if (buffer_.size() == 0 && buffer_.capacity() > kHeadReadBytes) buffer_.shrink_to_fit();
    if (phase_ != Phase::kIdle || phase_end_ == SteadyTime::max()) {
      Enter(Phase::kIdle, state_->options.idle_timeout);
    }
    return false;
  }
  Enter(Phase::kReading, state_->options.read_timeout);
  head_done_ = false;
  served_ = false;
  parser_.emplace(request_, state_->options.max_head_bytes);
  return true;
}

void Connection::Advance() {
  if (!parser_ && !BeginRequest()) {
    Read();
    return;
  }
  while (!parser_->is_done()) {
    if (buffer_.size() == 0) {
      Read();
      return;
    }
    if (!CountOrRefuse(parser_->BytesToGrow(buffer_.size()))) return;
    ErrorCode error;
    buffer_.consume(parser_->put(buffer_.cdata(), error));
    if (!head_done_ && parser_->is_header_done()) {
      if (!OnHead()) return;
      // Otherwise the body goes on below, or after "100 Continue" was written.
      if (phase_ != Phase::kReading) return;
    }
    if (error == http::error::need_more) {
      Read();
      return;
    }
    if (error) {
      OnParseError(error);
      return;
    }
  }
  if (CountOrRefuse()) Serve();
}

bool Connection::OnHead() {
  head_done_ = true;
  head_at_ = std::chrono::steady_clock::now();
  http_1_1_ = parser_->http_1_1();
  keep_alive_ = parser_->keep_alive();
  request_.name = NameRequest(request_.headers);
  const FramingVerdict framing = CheckFraming(request_, http_1_1_);
  if (framing.refuse_with != 0) {
    Refuse(framing.refuse_with, framing.message, RefusalReason::kBadRequest);
    return false;
  }
  Admission admission = state_->service->Admit(request_);
  const uint64_t length = parser_->content_length().value_or(0);
  const bool has_body = length > 0 || parser_->chunked();
  if (admission.refusal) {
    if (has_body) keep_alive_ = false;
    Write(*std::move(admission.refusal));
    return false;
  }
  if (length > admission.body_limit) {
    Refuse(413, "the body is too large", RefusalReason::kBodyTooLarge);
    return false;
  }
  parser_->set_body_limit(admission.body_limit);
  parser_->eager(true);
  if (framing.expects_continue && has_body && buffer_.size() == 0) SendContinue();
  return true;
}

void Connection::SendContinue() {
  Enter(Phase::kWriting, state_->options.write_timeout);
  stream_.Write(net::buffer(kContinue), net::const_buffer(),
                [self = shared_from_this()](const ErrorCode& error, size_t /*bytes*/) {
                  if (self->phase_ == Phase::kClosed) return;
                  if (error) {
                    self->Close();
                    return;
                  }
                  self->Enter(Phase::kReading, self->state_->options.read_timeout);
                  self->Advance();
                });
}

uint64_t Connection::Holds() const {
  // The smallest buffer is part of what every connection costs.
  const size_t buffer = buffer_.capacity() - std::min(buffer_.capacity(), kHeadReadBytes);
  return buffer + request_.memory_bytes() + response_.memory_bytes() + head_.capacity() + reserved_;
}

bool Connection::CountOrRefuse(uint64_t more) {
  if (share_.TrySet(Holds() + more, parser_ ? parser_->expected_bytes() : 0)) return true;
  request_.DropLargeBody();
  Refuse(503, kNoRoom, RefusalReason::kMemory);
  return false;
}

bool Connection::Reserve(uint64_t bytes) {
  if (!share_.TrySet(Holds() - reserved_ + bytes)) return false;
  reserved_ = bytes;
  return true;
}

void Connection::OnParseError(const ErrorCode& error) {
  if (error == http::error::header_limit) {
    Refuse(431, "the request's head is too large", RefusalReason::kHeadersTooLarge);
  } else if (error == http::error::body_limit) {
    Refuse(413, "the body is too large", RefusalReason::kBodyTooLarge);
  } else {
    Refuse(400, "not an HTTP/1.1 request: " + error.message(), RefusalReason::kBadRequest);
  }
}

void Connection::Serve() {
  Enter(Phase::kAnswering, absl::InfiniteDuration());  // the service keeps its own deadline
  served_ = true;
  received_at_ = CoarseMonotonic();
  state_->observer->OnStarted(request_);
  state_->service->Serve(request_, Responder(shared_from_this()));
}

void Connection::Refuse(int status, std::string_view message, RefusalReason reason) {
  if (!head_done_) head_at_ = std::chrono::steady_clock::now();
  state_->observer->OnRefused(reason);
  keep_alive_ = false;
  Write(state_->service->Refusal(status, message));
}

void Connection::Send(HttpResponse response) {
  reserved_ = 0;
  const bool fits = share_.TrySet(Holds() + response.memory_bytes());
  if (!fits && !response.tells_of_write) {
    std::exchange(response, state_->service->Refusal(503, kNoRoom));
    response.no_room = true;
  }
  if (response.no_room) state_->observer->OnRefused(RefusalReason::kMemory);
  worker_->Deliver(shared_from_this(), std::move(response));
}

bool Connection::StillWaits() const {
  const std::lock_guard lock(close_mutex_);
  return stream_.PeerIsThere();
}

void Connection::Answer(HttpResponse response) {
  if (phase_ == Phase::kAnswering) Write(std::move(response));
}

void Connection::Write(HttpResponse response) {
  response_ = std::move(response);
  if (response_.close || state_->draining.load(std::memory_order_relaxed)) keep_alive_ = false;
  ConnectionField field = ConnectionField::kNone;
  if (!keep_alive_) field = ConnectionField::kClose;
  if (keep_alive_ && !http_1_1_) field = ConnectionField::kKeepAlive;
  // Not named yet where it is refused before its head is complete: by the fields that are known.
  if (!head_done_) request_.name = NameRequest(request_.headers);
  WriteResponseHead(response_, field, HttpDate(), request_.name, &head_);
  answered_at_ = CoarseMonotonic();

  share_.Set(Holds());
  const bool with_body = request_.method != HttpMethod::kHead && response_.status != 304;
  Enter(Phase::kWriting, state_->options.write_timeout);
  stream_.Write(net::buffer(head_), with_body ? net::buffer(response_.body) : net::const_buffer(),
                [self = shared_from_this()](const ErrorCode& error, size_t /*bytes*/) {
                  self->OnWritten(error);
                });
}

void Connection::OnWritten(const ErrorCode& error) {
  state_->observer->OnAnswered(request_, Answered(std::chrono::steady_clock::now()));
  std::exchange(response_, HttpResponse());  // assigned, it would keep its memory
  parser_.reset();
  request_.Clear();
  share_.Set(Holds());
  if (phase_ == Phase::kClosed) return;
  if (error) {
    Close();
    return;
  }
  head_done_ = false;
  if (!keep_alive_) {
    Linger();
    return;
  }
  phase_end_ = SteadyTime::max();  // the idle time starts anew
  Advance();
}

HttpAnswered Connection::Answered(SteadyTime now) const {
  // Coarse instants may lie a little before the exact ones.
  const SteadyTime answered = std::clamp(answered_at_, head_at_, now);
  const SteadyTime received = served_ ? std::clamp(received_at_, head_at_, answered) : answered;
  return {.status = response_.status,
          .body_bytes = response_.body.size(),
          .served = served_,
          .receiving = absl::FromChrono(received - head_at_),
          .serving = absl::FromChrono(answered - received),
          .sending = absl::FromChrono(now - answered)};
}

void Connection::Linger() {
  Enter(Phase::kLingering, kLingerTime);
  buffer_.clear();
  buffer_.shrink_to_fit();
  share_.Set(Holds());
  stream_.EndSending([self = shared_from_this()] {
    if (self->phase_ != Phase::kClosed) self->Discard();
  });
}

void Connection::Discard() {
  // Not through TLS: what comes is of no interest.
  stream_.socket().async_read_some(
      buffer_.prepare(kHeadReadBytes),
      [self = shared_from_this()](const ErrorCode& error, size_t /*bytes*/) {
        if (self->phase_ == Phase::kClosed) return;
        if (error) {
          self->Close();
        } else {
          self->Discard();
        }
      });
}

void Connection::OnTick(SteadyTime now) {
  if (now < phase_end_) return;
  phase_end_ = SteadyTime::max();
  if (phase_ == Phase::kReading) {
    timed_out_ = true;
    stream_.Cancel();  // OnRead answers 408
    return;
  }
  if (phase_ == Phase::kHandshake) state_->observer->OnRefused(RefusalReason::kTls);
  if (phase_ == Phase::kWriting) state_->observer->OnRefused(RefusalReason::kWriteTimeout);
  Close();
}

void Connection::CloseIfIdle() {
  if (phase_ == Phase::kIdle || phase_ == Phase::kHandshake) Close();
}

void Connection::Close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  phase_end_ = SteadyTime::max();
  {
    const std::lock_guard lock(close_mutex_);
    stream_.Close();
  }
  if (listed_) worker_->Remove(this);
  listed_ = false;
}

}  // namespace kache
