// One message of a Pipeline stream: its operations, and the results as they come. Everything of a
// message lives in one arena and goes at once, when its last operation has been answered.
//
// Life of an operation: Begin on the queue's thread -> Finish on any thread -> posted back to the
// queue's thread, which takes it to the stream.
#ifndef KACHE_SERVER_API_PIPELINE_MESSAGE_H_
#define KACHE_SERVER_API_PIPELINE_MESSAGE_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "google/protobuf/arena.h"
#include "kache/v1/kache.pb.h"
#include "ring/hash_ring.h"
#include "server/api/answer.h"
#include "server/api/message_bytes.h"
#include "server/api/post_box.h"

namespace kache {

class PipelineMessage;
class PipelineOperation;

// What operations need of their stream.
class PipelineSink {
 public:
  // Any thread: Take follows on the queue's thread.
  virtual void Post(PipelineOperation* operation) = 0;
  virtual void Take(PipelineOperation& operation) = 0;
  // Any thread. Not OK: there is no room for a value of so many bytes, and it must go. `held`: what
  // its operation's message counts for.
  virtual absl::Status AdmitAnswer(size_t bytes, int64_t held) = 0;
  // Becomes true once the stream is broken. Any thread; until the last operation has ended.
  virtual const std::atomic<bool>* cancelled() const = 0;
  // As Answer::caller.
  virtual redis::CallerId caller() const = 0;
  // As Answer::ring.
  virtual const HashRing& ring() const = 0;

 protected:
  ~PipelineSink() = default;
};

class PipelineOperation final : public Answer, public Posted {
 public:
  // Called once, before anything else. `timed`: its times are asked for.
  void Begin(PipelineSink& sink, PipelineMessage& message, const v1::PipelineOperation& request,
             bool timed);

  // For the handlers. Any thread.
  void Finish(absl::Status status) override;
  void RunPosted() override { sink_->Take(*this); }

  PipelineMessage& message() { return *message_; }
  const v1::PipelineOperation& request() const { return *request_; }
  v1::PipelineResult& result() { return *result_; }
  absl::StatusCode code() const { return code_; }
  // Once it was answered; zero unless timed.
  MonotonicTime begun() const { return times_.begun; }
  MonotonicTime finished() const { return finished_; }
  // Of the value, as AdmitAnswer was told.
  size_t answer_bytes() const { return answer_bytes_; }
  // Whether AdmissionControl counts it.
  bool admitted = false;

 private:
  PipelineSink* sink_ = nullptr;
  PipelineMessage* message_ = nullptr;
  const v1::PipelineOperation* request_ = nullptr;
  v1::PipelineResult* result_ = nullptr;
  absl::StatusCode code_ = absl::StatusCode::kOk;
  MonotonicTime finished_;
  size_t answer_bytes_ = 0;
};

class PipelineMessage {
 public:
  // For a message of these parts.
  explicit PipelineMessage(const MessageParts& parts);

  // To be read into.
  v1::PipelineRequest& request() { return *request_; }
  google::protobuf::Arena& arena() { return arena_; }

  // The message has come, as so many bytes.
  void Arrive(MonotonicTime now, size_t bytes);
  MonotonicTime arrived() const { return arrived_; }
  size_t bytes() const { return bytes_; }
  size_t size() const { return operations_.size(); }
  // What a message of so many bytes and these parts takes of memory at most, with the results.
  static constexpr size_t MemoryBytes(size_t bytes, const MessageParts& parts) {
    const bool fits_one_block =
        parts.extra == 0 && FirstBlockBytes(parts.fields) < kMaxFirstBlockBytes;
    return bytes + kMessageBytes + (fits_one_block ? 0 : kMaxBlockBytes) +
           parts.fields * (sizeof(PipelineOperation) + kMessagesOfOperation) +
           parts.extra * kExtraPartBytes;
  }
  // What the refusals of so many operations take.
  static constexpr size_t RefusalBytes(size_t operations) {
    constexpr size_t kIdAndKind = 16;
    return MemoryBytes(operations * kIdAndKind, {.fields = operations});
  }
  size_t memory_bytes() const { return MemoryBytes(bytes_, parts_); }
  // Whether AdmissionControl counts the message. Otherwise its operations are to be refused.
  bool admitted = false;
  // What it counts for, there or among the refusals.
  int64_t counted = 0;
  // What a refusal of `full` needs: its operations' ids and kinds.
  static std::unique_ptr<PipelineMessage> Stripped(const PipelineMessage& full);

  // Operations in the order of the request.
  bool HasNext() const { return next_ < operations_.size(); }
  PipelineOperation& Next(PipelineSink& sink, bool timed = false);
  // Those that are left will not be taken.
  void DropRest();
  // An operation that was taken is over.
  void EndOperation() { ++ended_; }
  // Nothing is left to be taken, and all that was is over.
  bool Over() const { return ended_ == operations_.size(); }

 private:
  // The request and the result of an operation, as objects beside their strings.
  static constexpr size_t kMessagesOfOperation = 704;
  // This object, and the arena without its operations.
  static constexpr size_t kMessageBytes = 1792;
  // Of these, what the arena holds beside the operations.
  static constexpr size_t kOwnMessagesBytes = 512;
  static constexpr size_t kMaxFirstBlockBytes = 65536;
  static constexpr size_t kMaxBlockBytes = 4096;
  // Of the arena's first block, into which a message fits as clients write it. Later blocks are at
  // most kMaxBlockBytes, and all but the last one are full.
  static constexpr size_t FirstBlockBytes(size_t operations) {
    return std::min(kMaxFirstBlockBytes, kOwnMessagesBytes + operations * kMessagesOfOperation);
  }
  static google::protobuf::ArenaOptions ArenaSizes(size_t operations);

  const MessageParts parts_;
  google::protobuf::Arena arena_;
  v1::PipelineRequest* const request_;
  std::vector<PipelineOperation> operations_;
  size_t next_ = 0;
  size_t ended_ = 0;
  size_t bytes_ = 0;
  MonotonicTime arrived_;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_PIPELINE_MESSAGE_H_
