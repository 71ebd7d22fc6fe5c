// The load over Pipeline: one bidirectional stream for each connection, one message for each slot
// under way, with as many operations as the request has keys. A slot ends when all of its
// operations are answered, in whatever order and messages the answers come.
//
// A stream that breaks fails all that is under way on it, and is opened again by the next request.
//
// One thread only.
#ifndef KACHE_CLIENT_BENCH_PIPELINE_LOAD_H_
#define KACHE_CLIENT_BENCH_PIPELINE_LOAD_H_

#include <memory>
#include <string>
#include <vector>

#include "client/bench/grpc_load.h"
#include "client/bench/slotted_load.h"
#include "grpcpp/completion_queue.h"
#include "kache/v1/kache.grpc.pb.h"

namespace kache::bench {

struct PipelineSlot : LoadSlot {
  std::vector<std::string> values;  // that the outcomes view
  size_t unanswered = 0;
  Instant deadline;
};

class PipelineLoad final : public SlottedLoad<PipelineSlot> {
 public:
  // `options.batches` is not used.
  explicit PipelineLoad(const GrpcLoadOptions& options);
  ~PipelineLoad() override;  // cancels and awaits the streams

  void Start(size_t slot) override;
  bool Wait(Instant until, size_t* slot) override;

 private:
  class Stream;

  void FillMessage(size_t slot, v1::PipelineRequest* message) const;
  void TakeResult(v1::PipelineResult* result);
  void SetOutcome(size_t slot, size_t i, Outcome outcome);
  void FailAll(const Stream& stream, absl::StatusCode code, const std::string& message);
  // Cancels the streams whose server has forgotten an operation.
  void CancelLate(Instant now);
  // Waits for one event of the streams; true when a slot has ended.
  bool Poll(Instant until);

  const GrpcLoadOptions options_;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<size_t> ended_;  // not yet told by Wait
  Instant next_look_;
};

}  // namespace kache::bench

#endif  // KACHE_CLIENT_BENCH_PIPELINE_LOAD_H_
