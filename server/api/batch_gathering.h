// Gathers the results of a batch's operations, which come on several shards' threads, into one
// answer. Each result goes to its own place in the response; the last one to come finishes.
//
//   ReadGathering* gathering = new ReadGathering(keys, max_bytes, response, answer);
//   for (i...) coordinator.Get(key[i], deadline, gathering->Slot(i));
//
// Owns itself: gone once every slot was called, each exactly once (Take does for
// a slot). The slots are thread-safe among
// each other, without a lock. Request, response and answer outlive it.
#ifndef KACHE_SERVER_API_BATCH_GATHERING_H_
#define KACHE_SERVER_API_BATCH_GATHERING_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_field.h"
#include "kache/v1/kache.pb.h"
#include "server/api/answer.h"
#include "server/replication/batch_read.h"
#include "server/replication/results.h"

namespace kache {

// Counts down to the answer.
class Gathering {
 public:
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;

 protected:
  // Requires: operations >= 1.
  Gathering(size_t operations, Answer& answer) : missing_(operations), answer_(answer) {}
  virtual ~Gathering() = default;
  // One result is in place. The last one finishes the answer and deletes this.
  void CountOne();
  Answer& answer() const { return answer_; }

 private:
  std::atomic<size_t> missing_;
  Answer& answer_;
};

class ReadGathering final : public Gathering, public BatchReadSink {
 public:
  // Values beyond `max_bytes` together are dropped at once, and their keys get OUT_OF_RANGE with
  // the reason kAnswerFull each: they are to be asked for again at once. The first value always
  // fits. Values that the answer does not admit are dropped, too, and their keys get
  // RESOURCE_EXHAUSTED.
  ReadGathering(size_t keys, size_t max_bytes, v1::BatchGetResponse& response, Answer& answer);
  ReadCallback Slot(size_t index);
  void Take(size_t index, absl::StatusOr<ReadResult> result) override;
  uint64_t room_bytes() const override;
  void LeaveOut(size_t index) override { Take(index, Full()); }

 private:
  bool Fits(size_t bytes);
  absl::Status Full() const;
  // Has the answer admit as much as the values take, a piece at a time.
  bool Admitted();

  const int64_t max_bytes_;
  std::atomic<int64_t> bytes_left_;
  std::atomic<int64_t> admitted_bytes_{0};
  v1::BatchGetResponse& response_;
};

class WriteGathering final : public Gathering {
 public:
  using Results = google::protobuf::RepeatedPtrField<v1::WriteResult>;

  WriteGathering(size_t keys, Results& results, Answer& answer);
  WriteCallback Slot(size_t index);

 private:
  void Take(size_t index, absl::StatusOr<Receipt> result);

  Results& results_;
};

class TouchGathering final : public Gathering {
 public:
  TouchGathering(size_t keys, v1::BatchTouchResponse& response, Answer& answer);
  TouchCallback Slot(size_t index);

 private:
  v1::BatchTouchResponse& response_;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_BATCH_GATHERING_H_
