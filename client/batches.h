// What is special about each of the three batch rpcs, for BatchRun.
#ifndef KACHE_CLIENT_BATCHES_H_
#define KACHE_CLIENT_BATCHES_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "client/rpc_status.h"
#include "client/transport.h"
#include "client/types.h"

namespace kache {

// Room for the framing of an item.
constexpr size_t kItemOverheadBytes = 32;

struct GetBatch {
  using Item = std::string;
  using Result = GetResult;
  using Request = v1::BatchGetRequest;
  using Response = v1::BatchGetResponse;

  static size_t Bytes(const Item& key) { return key.size() + kItemOverheadBytes; }
  void Add(Item& key, Request* request) const;
  static int Count(const Response& response) { return response.results_size(); }
  static absl::StatusOr<Result> Take(Response* response, int i);
  // A key that a full queue refused is given back with the server's advice: who waits, and whether,
  // is the caller's to say.
  static bool AskAgain(const absl::StatusOr<Result>& result) {
    return IsAnswerFull(result.status());
  }
  void Send(Request request, Done<Response> done) const {
    transport->BatchGet(std::move(request), {deadline}, std::move(done));
  }

  Transport* transport;
  GetOptions options;
  MonotonicTime deadline;
};

struct PutBatch {
  using Item = PutEntry;
  using Result = Receipt;
  using Request = v1::BatchPutRequest;
  using Response = v1::BatchPutResponse;

  static size_t Bytes(const Item& entry) {
    return entry.key.size() + entry.value.size() + kItemOverheadBytes;
  }
  // Takes the entry's bytes. REQUIRES: its TTL is valid.
  void Add(Item& entry, Request* request) const;
  static int Count(const Response& response) { return response.results_size(); }
  static absl::StatusOr<Result> Take(Response* response, int i);
  static bool AskAgain(const absl::StatusOr<Result>& /*result*/) { return false; }
  void Send(Request request, Done<Response> done) const {
    transport->BatchPut(std::move(request), {deadline}, std::move(done));
  }

  Transport* transport;
  PutOptions options;
  MonotonicTime deadline;
};

struct DeleteBatch {
  using Item = std::string;
  using Result = Receipt;
  using Request = v1::BatchDeleteRequest;
  using Response = v1::BatchDeleteResponse;

  static size_t Bytes(const Item& key) { return key.size() + kItemOverheadBytes; }
  void Add(Item& key, Request* request) const;
  static int Count(const Response& response) { return response.results_size(); }
  static absl::StatusOr<Result> Take(Response* response, int i);
  static bool AskAgain(const absl::StatusOr<Result>& /*result*/) { return false; }
  void Send(Request request, Done<Response> done) const {
    transport->BatchDelete(std::move(request), {deadline}, std::move(done));
  }

  Transport* transport;
  DeleteOptions options;
  MonotonicTime deadline;
};

}  // namespace kache

#endif  // KACHE_CLIENT_BATCHES_H_
