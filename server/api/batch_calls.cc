#include "server/api/batch_calls.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/api/batch_gathering.h"
#include "server/api/receipts.h"
#include "server/api/validate.h"

namespace kache {

prometheus::Histogram& BatchKeysHistogram(prometheus::Registry& registry) {
  return prometheus::BuildHistogram()
      .Name("kache_batch_keys")
      .Help("Keys of each batch.")
      .Register(registry)
      .Add({},
           prometheus::Histogram::BucketBoundaries{1, 3, 10, 30, 100, 300, 1000, 10000, 100000});
}

namespace {

// The shards' threads begin their parts each at a time of its own.
void NoteBegun(Answer& answer) {
  if (answer.times() != nullptr) answer.times()->begun = CoarseMonotonic();
}

}  // namespace

// A gathering may be gone, and its request with it, once the last slot was called: the loops below
// therefore read nothing of either after that. (The call of the last slot is the last step of the
// loop; the counts are read before.)

void ServeBatchGet(ServiceContext& context, const v1::BatchGetRequest& request,
                   MonotonicTime deadline, v1::BatchGetResponse& response, Answer& answer) {
  const int count = request.keys_size();
  context.batch_keys.Observe(count);
  NoteBegun(answer);
  if (count == 0) return answer.Finish(absl::OkStatus());
  const Consistency consistency = FromProto(request.consistency());
  const bool together = consistency == Consistency::kOne && request.min_versions_size() == 0;
  auto* gathering = new ReadGathering(static_cast<size_t>(count), context.limits.max_batch_bytes,
                                      response, answer);
  const OperationTiming timing{deadline, nullptr, nullptr, answer.caller()};
  std::vector<Coordinator::KeyRead> reads;
  if (together) reads.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    const absl::Status status = ValidateKey(request.keys(i), context.limits);
    if (!status.ok()) {
      gathering->Take(static_cast<size_t>(i), status);
    } else if (together) {
      reads.push_back({request.keys(i), static_cast<size_t>(i)});
    } else {
      const ReadOptions options{consistency, request.min_versions_size() > 0
                                                 ? FromProto(request.min_versions(i))
                                                 : Version()};
      context.coordinator.Get(request.keys(i), options, timing,
                              gathering->Slot(static_cast<size_t>(i)));
    }
  }
  if (!reads.empty()) context.coordinator.GetMany(reads, timing, *gathering);
}

void ServeBatchPut(ServiceContext& context, const v1::BatchPutRequest& request,
                   MonotonicTime deadline, v1::BatchPutResponse& response, Answer& answer) {
  const int count = request.entries_size();
  context.batch_keys.Observe(count);
  NoteBegun(answer);
  if (count == 0) return answer.Finish(absl::OkStatus());
  const Consistency consistency = FromProto(request.consistency());
  auto* gathering =
      new WriteGathering(static_cast<size_t>(count), *response.mutable_results(), answer);
  int64_t held = answer.held_bytes();
  for (int i = 0; i < count; ++i) {
    WriteCallback slot = gathering->Slot(static_cast<size_t>(i));
    const v1::BatchPutRequest::Entry& entry = request.entries(i);
    absl::Status status = ValidateWrite(entry.key(), entry.value(), entry.ttl_ms(), context.limits);
    if (status.ok()) status = ValidateStamp(entry.stamp());
    if (status.ok()) {
      const int64_t before = held;
      held += Coordinator::kCopiesOfWrite *
              static_cast<int64_t>(entry.key().size() + entry.value().size());
      context.coordinator.Put(
          entry.key(), entry.value(),
          {consistency, FromProto(entry.stamp()), absl::Milliseconds(entry.ttl_ms()), before},
          {deadline, nullptr, answer.cancelled(), answer.caller()}, std::move(slot));
    } else {
      slot(status);
    }
  }
}

void ServeBatchDelete(ServiceContext& context, const v1::BatchDeleteRequest& request,
                      MonotonicTime deadline, v1::BatchDeleteResponse& response, Answer& answer) {
  const int count = request.keys_size();
  context.batch_keys.Observe(count);
  NoteBegun(answer);
  if (count == 0) return answer.Finish(absl::OkStatus());
  const Consistency consistency = FromProto(request.consistency());
  auto* gathering =
      new WriteGathering(static_cast<size_t>(count), *response.mutable_results(), answer);
  for (int i = 0; i < count; ++i) {
    WriteCallback slot = gathering->Slot(static_cast<size_t>(i));
    absl::Status status = ValidateKey(request.keys(i), context.limits);
    if (status.ok() && request.stamps_size() > 0) status = ValidateStamp(request.stamps(i));
    if (status.ok()) {
      const Stamp stamp = request.stamps_size() > 0 ? FromProto(request.stamps(i)) : Stamp();
      context.coordinator.Delete(request.keys(i), {consistency, stamp},
                                 {deadline, nullptr, answer.cancelled(), answer.caller()},
                                 std::move(slot));
    } else {
      slot(status);
    }
  }
}

}  // namespace kache
