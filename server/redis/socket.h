// One TCP connection on the loop: looks the name up, tries its addresses one after another, reads,
// and writes what was gathered in one system call a turn. Can be connected again after it closed.
//
// Loop thread only. Not destroyed from inside its listener's calls.
#ifndef KACHE_SERVER_REDIS_SOCKET_H_
#define KACHE_SERVER_REDIS_SOCKET_H_

#include <uv.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "server/redis/command.h"
#include "server/redis/event_loop_impl.h"
#include "server/redis/first_contact.h"
#include "server/redis/node_client.h"
#include "server/redis/tls_session.h"
#include "server/redis/write_batch.h"

namespace kache::redis {

class SocketListener {
 public:
  virtual void OnOpen() = 0;
  // `bytes` are good during the call.
  virtual void OnBytes(std::string_view bytes) = 0;
  // No address could be reached, or the connection was lost. The socket is closed.
  virtual void OnClosed(const DownReason& reason) = 0;

 protected:
  ~SocketListener() = default;
};

class Socket {
 public:
  // Unacknowledged bytes older than `unacknowledged_limit` end the connection (TCP_USER_TIMEOUT).
  Socket(EventLoop::Impl& loop, SocketListener& listener,
         std::chrono::milliseconds unacknowledged_limit);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // Requires: closed. The listener may be told of a failure from inside. With `tls` the connection
  // is open once that is agreed on, for which the deadline counts, too.
  void Connect(const std::string& host, uint16_t port, MonotonicTime deadline,
               std::shared_ptr<ssl_ctx_st> tls = nullptr);
  // The listener hears nothing more of this connection; unsent bytes are dropped.
  void Close();

  // Gathers. Requires: open.
  void Write(const Command& command) { gathered_.Add(command); }
  // The number of the batch that Write gathers in. It grows once that is on its way.
  uint64_t batch() const { return batch_; }
  // Sends what was gathered. A failure is told later, from the read side or from OnTick.
  void Flush();

  // Goes on to the next address when one has taken its share of the time; tells failed writes.
  void OnTick(MonotonicTime now);
  // The connect deadline moves by a delay that was ours, but not beyond `latest`.
  void Extend(std::chrono::nanoseconds delay, MonotonicTime latest);

 private:
  struct Lookup;      // a name look-up; outlives the socket when it must
  struct Connection;  // a libuv handle and what is being written; likewise

  void OnLookedUp(int result, const addrinfo* found);
  void TryNextAddress();
  int StartConnection(const sockaddr* address);
  void OnConnected(int result);
  void OnRead(ssize_t size, const uv_buf_t* buffer);
  void OnWritten(int result);
  void OnTlsBytes(std::string_view bytes);
  // As Flush, of what TLS has to send.
  void FlushTls();
  void EncryptGathered();
  void FailTls(std::string_view bytes);
  TlsStage stage() const;
  DownReason ReasonOfNoConnection() const;
  // `why` where the connection has been of use.
  DownReason ReasonOfEnd(const std::string& why) const;
  // Sends what one call takes; returns the number of bytes, or notes the error and returns -1.
  int TryWrite();
  // Sends buffers_, which stay until OnWritten.
  void WriteLater();
  void Fail(DownReason reason);
  void DropConnection();

  EventLoop::Impl& loop_;
  SocketListener& listener_;
  const std::chrono::milliseconds unacknowledged_limit_;
  std::string host_;  // with the port, for messages
  std::string name_;  // of the certificate
  uint16_t port_ = 0;
  MonotonicTime deadline_;          // of all the addresses
  MonotonicTime address_deadline_;  // of the one that is being tried
  std::vector<sockaddr_storage> addresses_;
  size_t next_address_ = 0;
  int last_error_ = 0;   // of the addresses tried; uv error
  int write_error_ = 0;  // uv error
  Lookup* lookup_ = nullptr;
  Connection* connection_ = nullptr;
  bool open_ = false;
  bool heard_ = false;                       // bytes came for the listener on this connection
  bool spoke_tls_ = false;                   // on this connection, or one before
  bool unanswered_ = false;                  // an address accepted, and did not speak TLS in time
  std::shared_ptr<ssl_ctx_st> tls_context_;  // nullptr = no TLS
  std::unique_ptr<TlsSession> tls_;          // of connection_
  std::string plain_;                        // kept for its memory
  WriteBatch gathered_;
  uint64_t batch_ = 0;
  std::vector<std::string_view> pieces_;  // kept for its memory
  std::vector<uv_buf_t> buffers_;         // likewise
};

}  // namespace kache::redis

#endif  // KACHE_SERVER_REDIS_SOCKET_H_
