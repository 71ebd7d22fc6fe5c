#include "server/api/slow_log.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_format.h"
#include "base/strings.h"
#include "ring/hash_ring.h"
#include "ring/node_id.h"
#include "spdlog/spdlog.h"

namespace kache {
namespace {

double Milliseconds(MonotonicTime from, MonotonicTime to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

void AddKey(std::string_view key, std::string* facts) {
  absl::StrAppendFormat(facts, " key_token=%016x key_bytes=%d", HashRing::Token(key), key.size());
}

}  // namespace

SlowLog::SlowLog(absl::Duration threshold, const std::vector<std::string>& nodes,
                 prometheus::Registry& registry)
    : threshold_(std::chrono::duration_cast<MonotonicTime::duration>(
          absl::ToChronoNanoseconds(threshold))),
      slow_operations_(prometheus::BuildCounter()
                           .Name("kache_slow_operations_total")
                           .Help("Calls and operations that took longer than SLOW_OPERATION_MS.")
                           .Register(registry)
                           .Add({})) {
  for (const std::string& name : nodes) nodes_.emplace(WireNodeId(name), name);
}

void SlowLog::Report(std::string_view rpc, const OperationInstants& instants, std::string_view code,
                     const std::string& facts, const RequestName& name) const {
  slow_operations_.Increment();
  // Coarse instants may lie a little before the exact ones, and some may be missing.
  const MonotonicTime arrived = instants.arrived;
  const MonotonicTime answered = std::clamp(instants.answered, arrived, instants.sent);
  const bool has_begun = instants.begun != MonotonicTime();
  const MonotonicTime begun = has_begun ? std::clamp(instants.begun, arrived, answered) : answered;
  spdlog::warn(
      "slow operation rpc={} ms={:.1f} queue_ms={:.1f} redis_ms={:.1f} answer_ms={:.1f} "
      "code={}{}{}",
      rpc, Milliseconds(arrived, instants.sent), Milliseconds(arrived, begun),
      Milliseconds(begun, answered), Milliseconds(answered, instants.sent), code, facts,
      name.LogText());
}

void SlowLog::AddRequest(const v1::GetRequest& request, std::string* facts) {
  AddKey(request.key(), facts);
}

void SlowLog::AddRequest(const v1::PutRequest& request, std::string* facts) {
  AddKey(request.key(), facts);
  Append(facts, " value_bytes=", request.value().size());
}

void SlowLog::AddRequest(const v1::DeleteRequest& request, std::string* facts) {
  AddKey(request.key(), facts);
}

void SlowLog::AddRequest(const v1::TouchRequest& request, std::string* facts) {
  AddKey(request.key(), facts);
}

void SlowLog::AddRequest(const v1::BatchTouchRequest& request, std::string* facts) {
  Append(facts, " keys=", request.entries_size());
}

void SlowLog::AddRequest(const v1::GetOrLeaseRequest& request, std::string* facts) {
  AddKey(request.key(), facts);
}

void SlowLog::AddRequest(const v1::LocateRequest& request, std::string* facts) {
  AddKey(request.key(), facts);
}

void SlowLog::AddRequest(const v1::BatchGetRequest& request, std::string* facts) {
  Append(facts, " keys=", request.keys_size());
}

void SlowLog::AddRequest(const v1::BatchPutRequest& request, std::string* facts) {
  Append(facts, " keys=", request.entries_size());
}

void SlowLog::AddRequest(const v1::BatchDeleteRequest& request, std::string* facts) {
  Append(facts, " keys=", request.keys_size());
}

void SlowLog::AddResponse(const v1::GetResponse& response, std::string* facts) const {
  if (response.found()) Append(facts, " value_bytes=", response.value().size());
  if (response.has_receipt()) AddReceipt(response.receipt(), facts);
}

void SlowLog::AddResponse(const v1::PutResponse& response, std::string* facts) const {
  if (response.has_receipt()) AddReceipt(response.receipt(), facts);
}

void SlowLog::AddResponse(const v1::DeleteResponse& response, std::string* facts) const {
  if (response.has_receipt()) AddReceipt(response.receipt(), facts);
}

void SlowLog::AddResponse(const v1::TouchResponse& response, std::string* facts) const {
  if (response.has_receipt()) AddReceipt(response.receipt(), facts);
}

void SlowLog::AddResponse(const v1::GetOrLeaseResponse& response, std::string* facts) const {
  if (response.has_receipt()) AddReceipt(response.receipt(), facts);
}

void SlowLog::AddReceipt(const v1::Receipt& receipt, std::string* facts) const {
  if (receipt.has_node_id()) {
    const auto node = nodes_.find(receipt.node_id());
    if (node != nodes_.end()) Append(facts, " node=", node->second);
  }
  Append(facts, " acknowledged=", receipt.acknowledged(),
         " degraded=", receipt.degraded() ? "true" : "false");
}

}  // namespace kache
