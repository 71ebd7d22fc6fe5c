// One message of a Pipeline stream: its operations, and the results as they come. Everything of a
// message lives in one arena and goes at once, when its last operation has been answered.
//
// Life of an operation: Begin on the queue's thread -> Finish on any thread -> posted back to the
// queue's thread, which takes it to the stream.
#ifndef KACHE_SERVER_API_PIPELINE_MESSAGE_H_
#define KACHE_SERVER_API_PIPELINE_MESSAGE_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "google/protobuf/arena.h"
#include "kache/v1/kache.pb.h"
#include "ring/hash_ring.h"
#include "server/api/answer.h"
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
  // Any thread. False: the client has too many unread bytes; the value must go.
  virtual bool AnswerFits(size_t bytes) = 0;
  // Becomes true once the stream is broken. Any thread; until the last operation has ended.
  virtual const std::atomic<bool>* cancelled() const = 0;
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
  // Of the value, as AnswerFits was told.
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
  PipelineMessage();

  // To be read into.
  v1::PipelineRequest& request() { return *request_; }
  google::protobuf::Arena& arena() { return arena_; }

  // The message has come.
  void Arrive(MonotonicTime now);
  MonotonicTime arrived() const { return arrived_; }
  size_t bytes() const { return bytes_; }
  size_t size() const { return operations_.size(); }
  // What it takes of memory, with its operations.
  size_t memory_bytes() const { return bytes_ + size() * sizeof(PipelineOperation); }
  // Whether AdmissionControl counts these bytes. Otherwise its operations are to be refused.
  bool admitted = false;
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
