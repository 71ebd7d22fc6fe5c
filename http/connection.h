// One client's connection: reads requests one after another, hands each to the service, writes the
// answers. See http_server.h for what is bounded.
//
//   (TLS handshake ->) idle -> reading -> answering -> writing -> idle ... -> lingering -> closed
//
// Lingering: after the last answer the sending side is shut and what the client still sends is
// thrown away for a moment, as closing at once could destroy the answer on its way (RFC 9112,
// section 9.6).
//
// Owned by its pending operations (shared_ptr): the last one to finish destroys it. All methods
// run on the worker's thread, except Send, Reserve and StillWaits, which may be called on any.
// While the service has a request, nothing here touches what these three use.
#ifndef KACHE_HTTP_CONNECTION_H_
#define KACHE_HTTP_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/requester.h"
#include "boost/beast/core/flat_buffer.hpp"
#include "http/byte_stream.h"
#include "http/connection_room.h"
#include "http/held_bytes.h"
#include "http/http_service.h"
#include "http/message.h"
#include "http/request_parser.h"
#include "http/worker.h"

namespace kache {

class Connection final : public ResponseSink,
                         public Requester,
                         public std::enable_shared_from_this<Connection> {
 public:
  // Counts as one of state->connections until destroyed.
  Connection(HttpServerState* state, Worker* worker, TcpSocket socket);
  ~Connection() override;

  // Its place, instead of the one before, until it is destroyed. Before it is started.
  void Keep(ConnectionRoom::Place place) {
    share_.BelongTo(place.bytes());
    place_ = std::move(place);
  }
  void Start();
  // Answers 503 without reading a request, then closes.
  void StartRefused(std::string_view why);

  // ResponseSink: the answer to the request that the service was given. Any thread.
  void Send(HttpResponse response) override;
  bool Reserve(uint64_t bytes) override;

  // Requester: false once the client has ended or lost its connection. One that has only ended its
  // own sending looks the same, and counts as gone. Any thread, before the answer was sent.
  bool StillWaits() const override;

  // As Send, on the worker's thread; nothing where nobody waits for it any more.
  void Answer(HttpResponse response);

  // Until when the connection waits for its client: for bytes of a request, or that an answer is
  // read. The end of time while the client waits for it.
  SteadyTime WaitsUntil() const {
    return phase_ == Phase::kAnswering ? SteadyTime::max() : phase_end_;
  }
  void OnTick(SteadyTime now);
  void CloseIfIdle();
  void Close();

  // Its place in the worker's list.
  size_t slot() const { return slot_; }
  void set_slot(size_t slot) { slot_ = slot; }

 private:
  using ErrorCode = boost::system::error_code;
  enum class Phase : uint8_t {
    kHandshake,
    kIdle,
    kReading,
    kAnswering,
    kWriting,
    kLingering,
    kClosed
  };

  void Enter(Phase phase, absl::Duration limit);
  void Handshake();
  void Read();
  void OnRead(const ErrorCode& error, size_t bytes);
  void OnInputEnded(const ErrorCode& error);
  // Parses what has arrived and does what follows from it.
  void Advance();
  // Starts the parser for the next request; false when no byte of one is there yet.
  bool BeginRequest();
  // The head is complete. False when the request was refused.
  bool OnHead();
  void SendContinue();
  size_t BodyBytesToRead() const;
  // What it holds now of requests and answers.
  uint64_t Holds() const;
  // Counts that, and `more` that it is about to hold. False: there is no room for it, and the
  // request was refused.
  bool CountOrRefuse(uint64_t more = 0);
  void OnParseError(const ErrorCode& error);
  void Serve();

  // Answers for the server itself and ends the connection.
  void Refuse(int status, std::string_view message, RefusalReason reason);
  void Write(HttpResponse response);
  void OnWritten(const ErrorCode& error);
  HttpAnswered Answered(SteadyTime now) const;
  void Linger();
  void Discard();

  HttpServerState* const state_;
  Worker* const worker_;
  ByteStream stream_;
  ConnectionRoom::Place place_;
  mutable std::mutex close_mutex_;  // between Close and StillWaits
  size_t slot_ = 0;
  bool listed_ = false;

  Phase phase_ = Phase::kIdle;
  SteadyTime phase_end_ = SteadyTime::max();
  bool timed_out_ = false;

  boost::beast::flat_buffer buffer_;
  std::optional<RequestParser> parser_;
  HttpRequest request_;
  bool head_done_ = false;
  bool served_ = false;  // the observer was told that the request started
  bool keep_alive_ = false;
  bool http_1_1_ = true;
  SteadyTime head_at_;
  // By the coarse clock:
  SteadyTime received_at_;
  SteadyTime answered_at_;

  HttpResponse response_;
  std::string head_;
  HeldBytes::Share share_;
  uint64_t reserved_ = 0;  // by the service, for the request that it has
};

}  // namespace kache

#endif  // KACHE_HTTP_CONNECTION_H_
