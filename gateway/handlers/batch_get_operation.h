// Reads many keys. A server stops at a few MiB of answer and says of each key that is left that the
// answer is full (IsAnswerFull); those are asked for again, round by round, until all are answered,
// the request's deadline passes, a round brings nothing new, or the answer reaches its own limit. A
// key that a full queue refused is given back with the server's advice how long to wait.
//
// Owned by its call under way (shared_ptr). Runs on whatever thread its answers come.
#ifndef KACHE_GATEWAY_HANDLERS_BATCH_GET_OPERATION_H_
#define KACHE_GATEWAY_HANDLERS_BATCH_GET_OPERATION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateway/handlers/request_options.h"
#include "gateway/upstream/upstream.h"

namespace kache::gateway {

class BatchGetOperation : public std::enable_shared_from_this<BatchGetOperation> {
 public:
  // One result for each key, in order; an error when not even the first round was answered.
  using Finished = absl::AnyInvocable<void(const std::vector<std::string>& keys,
                                           absl::StatusOr<std::vector<v1::GetResult>> results)>;

  // Asked before each round, with what the answer takes so far: the values, and again as many bytes
  // for what is made of them. False: there is no room for it; nobody waits for the results any
  // more, and `finished` is not called.
  using Reserve = absl::AnyInvocable<bool(uint64_t bytes)>;

  // Values of more than `max_answer_bytes` together are not read: the keys that are left get an
  // OUT_OF_RANGE error of their own.
  BatchGetOperation(Upstream* upstream, std::vector<std::string> keys, RequestOptions options,
                    size_t max_answer_bytes, Reserve reserve, Finished finished);
  void Start() {
    if (reserve_(0)) Ask();
  }

 private:
  void Ask();
  void OnAnswer(absl::StatusOr<v1::BatchGetResponse> answer);
  void FailRest(const absl::Status& status);
  void Finish();

  Upstream* const upstream_;
  const std::vector<std::string> keys_;
  const RequestOptions options_;
  const size_t max_answer_bytes_;
  Reserve reserve_;
  Finished finished_;
  std::vector<v1::GetResult> results_;
  std::vector<size_t> pending_;  // indices into keys_
  size_t answer_bytes_ = 0;
  bool first_round_ = true;
};

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_BATCH_GET_OPERATION_H_
