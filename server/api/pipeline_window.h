// What one Pipeline stream may have in the server at a time. Pure bookkeeping: the stream asks
// before it takes an operation or reads a message, and tells what has gone.
//
// A stream that is full is not read, so gRPC's flow control holds its client up. Nothing is
// refused, but for one thing: how large a value is shows only when it has been read from Redis. A
// value that finds `max_answer_bytes` of unsent answers is dropped at once.
//
// All functions are for the queue's thread, but for AnswerFits, which is thread-safe.
#ifndef KACHE_SERVER_API_PIPELINE_WINDOW_H_
#define KACHE_SERVER_API_PIPELINE_WINDOW_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace kache {

struct PipelineLimits {
  // Operations taken whose answers have not left.
  size_t max_operations = 1024;
  // Of one message.
  size_t max_message_operations = 1024;
  // Messages whose operations are not all answered; one message more may be there.
  size_t max_request_bytes = size_t{4} << 20;
  // Values read and not sent: no operation is taken beyond the first, no value kept beyond the
  // second. One value always fits.
  size_t pause_answer_bytes = size_t{4} << 20;
  size_t max_answer_bytes = size_t{32} << 20;
};

class PipelineWindow {
 public:
  explicit PipelineWindow(const PipelineLimits& limits) : limits_(limits) {}

  bool OperationsFull() const { return operations_ >= limits_.max_operations; }
  bool RequestsFull() const { return request_bytes_ >= limits_.max_request_bytes; }
  bool AnswersFull() const { return answer_bytes() >= limits_.pause_answer_bytes; }

  void AddOperation() { ++operations_; }
  void RemoveOperations(size_t count) { operations_ -= count; }
  size_t operations() const { return operations_; }

  void AddMessage(size_t bytes) { request_bytes_ += bytes; }
  void RemoveMessage(size_t bytes) { request_bytes_ -= bytes; }

  // True: the bytes count until RemoveAnswers.
  bool AnswerFits(size_t bytes) {
    const size_t before = answer_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    if (before == 0 || before + bytes <= limits_.max_answer_bytes) return true;
    RemoveAnswers(bytes);
    return false;
  }
  void RemoveAnswers(size_t bytes) { answer_bytes_.fetch_sub(bytes, std::memory_order_relaxed); }
  size_t answer_bytes() const { return answer_bytes_.load(std::memory_order_relaxed); }

 private:
  const PipelineLimits limits_;
  size_t operations_ = 0;
  size_t request_bytes_ = 0;
  std::atomic<size_t> answer_bytes_{0};
};

}  // namespace kache

#endif  // KACHE_SERVER_API_PIPELINE_WINDOW_H_
