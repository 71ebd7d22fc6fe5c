#include "client/batches.h"

#include <utility>

#include "client/messages.h"
#include "client/rpc_status.h"

namespace kache {
namespace {

absl::StatusOr<Receipt> ReceiptOfResult(const v1::WriteResult& result) {
  if (result.has_receipt()) return FromMessage(result.receipt());
  return StatusFromError(result.error());
}

}  // namespace

void GetBatch::Add(Item& key, Request* request) const {
  request->add_keys(key);
  request->set_consistency(ToMessage(options.consistency));
  if (options.min_version.IsSet()) *request->add_min_versions() = ToMessage(options.min_version);
}

absl::StatusOr<GetResult> GetBatch::Take(Response* response, int i) {
  v1::GetResult* const result = response->mutable_results(i);
  if (result->has_response()) return FromMessage(std::move(*result->mutable_response()));
  return StatusFromError(result->error());
}

void PutBatch::Add(Item& entry, Request* request) const {
  v1::BatchPutRequest::Entry* const added = request->add_entries();
  added->set_key(std::move(entry.key));
  added->set_value(std::move(entry.value));
  added->set_ttl_ms(TtlMs(entry.ttl).value_or(0));
  request->set_consistency(ToMessage(options.consistency));
}

absl::StatusOr<Receipt> PutBatch::Take(Response* response, int i) {
  return ReceiptOfResult(response->results(i));
}

void DeleteBatch::Add(Item& key, Request* request) const {
  request->add_keys(key);
  request->set_consistency(ToMessage(options.consistency));
}

absl::StatusOr<Receipt> DeleteBatch::Take(Response* response, int i) {
  return ReceiptOfResult(response->results(i));
}

}  // namespace kache
