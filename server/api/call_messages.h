// The request and the response of a call, used again by the next call.
//
// Small messages are cleared and keep their memory. Those of batches are of many parts, which would
// be allocated and freed one by one, on different threads: they live in an arena that goes as a
// whole after each call.
//
// Thread-compatible; but several threads may fill different parts of a response in.
#ifndef KACHE_SERVER_API_CALL_MESSAGES_H_
#define KACHE_SERVER_API_CALL_MESSAGES_H_

#include <cstdint>
#include <optional>

#include "google/protobuf/arena.h"

namespace kache {

template <class Request, class Response>
class CallMessages {
 public:
  explicit CallMessages(bool in_arena) : in_arena_(in_arena) {}
  CallMessages(const CallMessages&) = delete;
  CallMessages& operator=(const CallMessages&) = delete;

  // Called before each call: makes empty messages.
  void Prepare() {
    if (in_arena_) {
      if (request_ != nullptr) return;
      if (!arena_) arena_.emplace(ArenaSizes());
      request_ = google::protobuf::Arena::CreateMessage<Request>(&*arena_);
      response_ = google::protobuf::Arena::CreateMessage<Response>(&*arena_);
    } else {
      request_ = kept_request_ ? &*kept_request_ : &kept_request_.emplace();
      response_ = kept_response_ ? &*kept_response_ : &kept_response_.emplace();
    }
  }
  // Called after each call. `bytes`: what the messages held, about.
  void Clear(int64_t bytes) {
    if (in_arena_ || bytes > kKeptBytesMax) return Drop();
    kept_request_->Clear();
    kept_response_->Clear();
  }
  // In place of Clear: keeps no memory of them.
  void Drop() {
    request_ = nullptr;
    response_ = nullptr;
    kept_request_.reset();
    kept_response_.reset();
    if (in_arena_) arena_->Reset();
  }

  // Between Prepare and Clear.
  Request& request() { return *request_; }
  Response& response() { return *response_; }

 private:
  // Messages that held more are dropped after the call rather than kept.
  static constexpr int64_t kKeptBytesMax = 4096;

  static google::protobuf::ArenaOptions ArenaSizes() {
    google::protobuf::ArenaOptions options;
    options.start_block_size = 4096;  // some 10 keys
    options.max_block_size = 65536;
    return options;
  }

  const bool in_arena_;
  std::optional<google::protobuf::Arena> arena_;
  std::optional<Request> kept_request_;
  std::optional<Response> kept_response_;
  Request* request_ = nullptr;
  Response* response_ = nullptr;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_CALL_MESSAGES_H_
