#include "server/redis/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <memory>
#include <utility>

namespace kache::redis {
namespace {

constexpr unsigned int kKeepaliveSeconds = 10;
// The most that one record of TLS holds.
constexpr size_t kRecordBytes = 16 * 1024;

}  // namespace

struct Socket::Lookup {
  uv_getaddrinfo_t request;
  Socket* socket;  // null: nobody wants the answer any more
};

struct Socket::Connection {
  explicit Connection(Socket* its_socket) : socket(its_socket) {}

  uv_tcp_t handle;
  uv_connect_t connect;
  uv_write_t write;
  WriteBatch in_flight;   // what `write` is sending
  std::string encrypted;  // likewise, with TLS
  bool writing = false;
  Socket* socket;  // null once closed
};

Socket::Socket(EventLoop::Impl& loop, SocketListener& listener,
               std::chrono::milliseconds unacknowledged_limit)
    : loop_(loop), listener_(listener), unacknowledged_limit_(unacknowledged_limit) {}

Socket::~Socket() { Close(); }

void Socket::Connect(const std::string& host, uint16_t port, MonotonicTime deadline,
                     std::shared_ptr<ssl_ctx_st> tls) {
  assert(lookup_ == nullptr && connection_ == nullptr);
  host_ = host + ":" + std::to_string(port);
  name_ = host;
  tls_context_ = std::move(tls);
  port_ = port;
  deadline_ = deadline;
  addresses_.clear();
  next_address_ = 0;
  last_error_ = 0;
  write_error_ = 0;
  unanswered_ = false;

  sockaddr_storage numeric{};
  if (uv_ip4_addr(host.c_str(), port, reinterpret_cast<sockaddr_in*>(&numeric)) == 0 ||
      uv_ip6_addr(host.c_str(), port, reinterpret_cast<sockaddr_in6*>(&numeric)) == 0) {
    addresses_.push_back(numeric);
    TryNextAddress();
    return;
  }
  address_deadline_ = deadline;
  lookup_ = new Lookup{{}, this};
  lookup_->request.data = lookup_;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  const int result = uv_getaddrinfo(
      &loop_.loop, &lookup_->request,
      [](uv_getaddrinfo_t* request, int status, addrinfo* found) {
        std::unique_ptr<Lookup> lookup(static_cast<Lookup*>(request->data));
        if (lookup->socket != nullptr) lookup->socket->OnLookedUp(status, found);
        uv_freeaddrinfo(found);
      },
      host.c_str(), nullptr, &hints);
  if (result == 0) return;
  delete std::exchange(lookup_, nullptr);
  Fail({"name_not_found", "cannot look up " + host_ + ": " + uv_strerror(result)});
}

void Socket::OnLookedUp(int result, const addrinfo* found) {
  lookup_ = nullptr;
  if (result != 0) {
    Fail({"name_not_found", "cannot look up " + host_ + ": " + uv_strerror(result)});
    return;
  }
  for (; found != nullptr; found = found->ai_next) {
    sockaddr_storage address{};
    std::memcpy(&address, found->ai_addr, found->ai_addrlen);
    const uint16_t port = htons(port_);
    if (address.ss_family == AF_INET) reinterpret_cast<sockaddr_in&>(address).sin_port = port;
    if (address.ss_family == AF_INET6) reinterpret_cast<sockaddr_in6&>(address).sin6_port = port;
    addresses_.push_back(address);
  }
  TryNextAddress();
}

void Socket::TryNextAddress() {
  const MonotonicTime now = std::chrono::steady_clock::now();
  while (next_address_ < addresses_.size() && now < deadline_) {
    const auto left = static_cast<int64_t>(addresses_.size() - next_address_);
    address_deadline_ = now + (deadline_ - now) / left;
    const sockaddr_storage& address = addresses_[next_address_++];
    last_error_ = StartConnection(reinterpret_cast<const sockaddr*>(&address));
    if (last_error_ == 0) return;
    DropConnection();
  }
  Fail(ReasonOfNoConnection());
}

int Socket::StartConnection(const sockaddr* address) {
  connection_ = new Connection(this);
  uv_tcp_init(&loop_.loop, &connection_->handle);
  connection_->handle.data = connection_;
  connection_->connect.data = connection_;
  connection_->write.data = connection_;
  return uv_tcp_connect(&connection_->connect, &connection_->handle, address,
                        [](uv_connect_t* request, int status) {
                          auto* connection = static_cast<Connection*>(request->data);
                          if (connection->socket != nullptr)
                            connection->socket->OnConnected(status);
                        });
}

void Socket::OnConnected(int result) {
  if (result != 0) {
    last_error_ = result;
    DropConnection();
    TryNextAddress();
    return;
  }
  uv_tcp_nodelay(&connection_->handle, 1);
  uv_tcp_keepalive(&connection_->handle, 1, kKeepaliveSeconds);
  uv_os_fd_t fd = -1;
  if (uv_fileno(reinterpret_cast<uv_handle_t*>(&connection_->handle), &fd) == 0) {
    const auto limit_ms = static_cast<unsigned int>(unacknowledged_limit_.count());
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms, sizeof limit_ms);
  }
  const int started = uv_read_start(
      reinterpret_cast<uv_stream_t*>(&connection_->handle),
      [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
        auto& shared = static_cast<Connection*>(handle->data)->socket->loop_.read_buffer;
        *buffer = uv_buf_init(shared.data(), static_cast<unsigned int>(shared.size()));
      },
      [](uv_stream_t* handle, ssize_t size, const uv_buf_t* buffer) {
        static_cast<Connection*>(handle->data)->socket->OnRead(size, buffer);
      });
  if (started != 0) {
    last_error_ = started;
    Fail(ReasonOfNoConnection());
    return;
  }
  if (tls_context_) {
    tls_ = std::make_unique<TlsSession>(tls_context_, name_);
    FlushTls();
    return;
  }
  open_ = true;
  listener_.OnOpen();
}

void Socket::OnRead(ssize_t size, const uv_buf_t* buffer) {
  if (size > 0 && tls_) {
    OnTlsBytes({buffer->base, static_cast<size_t>(size)});
  } else if (size > 0) {
    heard_ = true;
    listener_.OnBytes({buffer->base, static_cast<size_t>(size)});
  } else if (size == UV_EOF) {
    Fail(ReasonOfEnd(host_ + " closed the connection"));
  } else if (size < 0) {
    const char* error = uv_strerror(static_cast<int>(size));
    Fail(ReasonOfEnd("the connection to " + host_ + " was lost: " + error));
  }
}

void Socket::OnTlsBytes(std::string_view bytes) {
  plain_.clear();
  const bool fine = tls_->Receive(bytes, &plain_);
  FlushTls();
  if (!fine && !open_) return FailTls(bytes);
  if (!open_ && tls_->established()) {
    open_ = spoke_tls_ = true;
    listener_.OnOpen();
  }
  if (open_ && !plain_.empty()) {
    heard_ = true;
    listener_.OnBytes(plain_);
  }
  // What came before the mistake may say what is wrong.
  if (!fine && open_) FailTls(bytes);
}

void Socket::FailTls(std::string_view bytes) {
  std::string why = "no TLS with " + host_ + ": " + tls_->error();
  if (!open_) why += HintOfTlsBytes(bytes);
  // A server that wants a certificate may say so after the handshake.
  Fail({heard_ ? "connection_lost" : "tls_failed", std::move(why)});
}

TlsStage Socket::stage() const {
  if (tls_ == nullptr) return TlsStage::kNone;
  return tls_->established() ? TlsStage::kAgreed : TlsStage::kShaking;
}

DownReason Socket::ReasonOfNoConnection() const {
  if (unanswered_) return SilentFromTheStart(host_, TlsStage::kShaking, spoke_tls_);
  const int error = last_error_ == 0 ? UV_ETIMEDOUT : last_error_;
  const char* code = error == UV_ETIMEDOUT ? "connect_timeout" : "connection_refused";
  return {code, "cannot connect to " + host_ + ": " + uv_strerror(error)};
}

DownReason Socket::ReasonOfEnd(const std::string& why) const {
  return heard_ ? DownReason{"connection_lost", why} : ClosedUnanswered(host_, stage());
}

void Socket::FlushTls() {
  if (connection_ == nullptr || connection_->writing || write_error_ != 0) return;
  if (open_ && !gathered_.empty()) EncryptGathered();
  std::string& bytes = tls_->outgoing();
  if (bytes.empty()) return;
  buffers_.assign(1, uv_buf_init(bytes.data(), static_cast<unsigned int>(bytes.size())));
  const int sent = TryWrite();
  if (sent < 0) return;
  if (static_cast<size_t>(sent) < bytes.size()) {
    connection_->encrypted.swap(bytes);
    buffers_[0] = uv_buf_init(
        connection_->encrypted.data() + sent,
        static_cast<unsigned int>(connection_->encrypted.size()) - static_cast<unsigned int>(sent));
    WriteLater();
  }
  tls_->outgoing().clear();
}

void Socket::EncryptGathered() {
  gathered_.Pieces(0, pieces_);
  // Small commands share a record.
  std::string& record = connection_->encrypted;  // nothing is being written
  record.clear();
  bool fine = true;
  for (std::string_view piece : pieces_) {
    if (record.size() + piece.size() > kRecordBytes) {
      fine = fine && tls_->Encrypt(record);
      record.clear();
    }
    if (piece.size() > kRecordBytes) {
      fine = fine && tls_->Encrypt(piece);
    } else {
      record.append(piece);
    }
  }
  fine = fine && tls_->Encrypt(record);
  record.clear();
  gathered_.Clear();
  ++batch_;
  if (!fine) write_error_ = UV_EPROTO;  // told by OnTick
}

void Socket::Flush() {
  if (!open_ || connection_->writing || gathered_.empty() || write_error_ != 0) return;
  if (tls_) return FlushTls();
  const auto fill_buffers = [this](const WriteBatch& batch, size_t skip) {
    batch.Pieces(skip, pieces_);
    buffers_.clear();
    for (std::string_view piece : pieces_) {
      // libuv's buffers are not const, though it only reads them here.
      buffers_.push_back({const_cast<char*>(piece.data()), piece.size()});
    }
  };
  ++batch_;
  fill_buffers(gathered_, 0);
  const int sent = TryWrite();
  if (sent < 0) return;
  if (static_cast<size_t>(sent) == gathered_.bytes()) {
    gathered_.Clear();
    return;
  }
  std::swap(gathered_, connection_->in_flight);
  fill_buffers(connection_->in_flight, static_cast<size_t>(sent));
  WriteLater();
}

int Socket::TryWrite() {
  auto* stream = reinterpret_cast<uv_stream_t*>(&connection_->handle);
  const int sent =
      uv_try_write(stream, buffers_.data(), static_cast<unsigned int>(buffers_.size()));
  if (sent == UV_EAGAIN) return 0;
  if (sent >= 0) return sent;
  write_error_ = sent;
  return -1;
}

void Socket::WriteLater() {
  connection_->writing = true;
  const int result = uv_write(
      &connection_->write, reinterpret_cast<uv_stream_t*>(&connection_->handle), buffers_.data(),
      static_cast<unsigned int>(buffers_.size()), [](uv_write_t* request, int status) {
        auto* connection = static_cast<Connection*>(request->data);
        if (connection->socket != nullptr) {
          connection->socket->OnWritten(status);
        }
      });
  if (result != 0) OnWritten(result);
}

void Socket::OnWritten(int result) {
  connection_->writing = false;
  connection_->in_flight.Clear();
  connection_->encrypted.clear();
  if (result < 0) {
    write_error_ = result;
    return;
  }
  if (tls_) return FlushTls();
  Flush();
}

void Socket::OnTick(MonotonicTime now) {
  if (write_error_ != 0) {
    // Told only now, so that an error reply that came before the close could be read first.
    Fail(ReasonOfEnd("cannot write to " + host_ + ": " + uv_strerror(write_error_)));
    return;
  }
  if (open_ || now < address_deadline_) return;
  last_error_ = UV_ETIMEDOUT;
  if (lookup_ != nullptr) {
    Fail({"connect_timeout", "the look-up of " + host_ + " took too long"});
  } else if (connection_ != nullptr) {
    if (stage() == TlsStage::kShaking) unanswered_ = true;
    DropConnection();
    TryNextAddress();
  }
}

void Socket::Extend(std::chrono::nanoseconds delay, MonotonicTime latest) {
  for (MonotonicTime* deadline : {&deadline_, &address_deadline_}) {
    *deadline = std::max(*deadline, std::min(*deadline + delay, latest));
  }
}

void Socket::Fail(DownReason reason) {
  Close();
  listener_.OnClosed(reason);
}

void Socket::Close() {
  if (lookup_ != nullptr) {
    lookup_->socket = nullptr;
    uv_cancel(reinterpret_cast<uv_req_t*>(&lookup_->request));
    lookup_ = nullptr;
  }
  DropConnection();
}

void Socket::DropConnection() {
  open_ = heard_ = false;
  tls_.reset();
  gathered_.Clear();
  if (connection_ == nullptr) return;
  Connection* dropped = std::exchange(connection_, nullptr);
  dropped->socket = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&dropped->handle),
           [](uv_handle_t* handle) { delete static_cast<Connection*>(handle->data); });
}

}  // namespace kache::redis
