// One log line for each operation that took longer than SLOW_OPERATION_MS, with where the time went
// and what the request is called:
//
//   slow operation rpc=Get ms=153.2 queue_ms=0.4 redis_ms=152.1 answer_ms=0.7 code=OK
//       key_token=9f86d081884c7d65 key_bytes=12 node=cache-a degraded=true request_id=r-17
//
//   queue   from the arrival of the call, or of its message, until the shard took the operation up
//   redis   until it was answered: Redis, and what waits for Redis
//   answer  until the answer was handed to the client's connection
//
// A batch is taken up when it is handed to the shards. The middle instants are CoarseMonotonic's,
// so stages are exact to some 4 ms, their sum to the microsecond. Keys are shown as their place on
// the ring, the token that `kachectl locate KEY` prints, and never themselves; values never at all.
//
// Thread-safe. Costs an operation that is not slow two readings of a coarse clock; nothing when
// off.
#ifndef KACHE_SERVER_API_SLOW_LOG_H_
#define KACHE_SERVER_API_SLOW_LOG_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/request_name.h"
#include "kache/v1/kache.pb.h"
#include "prometheus/counter.h"
#include "prometheus/registry.h"

namespace kache {

// Zero (the clock's beginning) where it did not come to that.
struct OperationInstants {
  MonotonicTime arrived;
  MonotonicTime begun;
  MonotonicTime answered;
  MonotonicTime sent;
};

class SlowLog {
 public:
  // `threshold` zero = off. `nodes`: their names.
  SlowLog(absl::Duration threshold, const std::vector<std::string>& nodes,
          prometheus::Registry& registry);

  bool on() const { return threshold_ > MonotonicTime::duration::zero(); }
  bool IsSlow(MonotonicTime from, MonotonicTime to) const {
    return on() && to - from >= threshold_;
  }

  // Counts and logs. `rpc` and `code` as in metrics; `facts` come from the functions below.
  void Report(std::string_view rpc, const OperationInstants& instants, std::string_view code,
              const std::string& facts, const RequestName& name) const;

  // What is told of a request and its answer, each fact with a blank before it.
  template <class Request, class Response>
  std::string Facts(const Request& request, const Response& response) const {
    std::string facts;
    AddRequest(request, &facts);
    AddResponse(response, &facts);
    return facts;
  }

 private:
  // Messages of other kinds have nothing to tell.
  template <class Message>
  static void AddRequest(const Message&, std::string*) {}
  static void AddRequest(const v1::GetRequest& request, std::string* facts);
  static void AddRequest(const v1::PutRequest& request, std::string* facts);
  static void AddRequest(const v1::DeleteRequest& request, std::string* facts);
  static void AddRequest(const v1::TouchRequest& request, std::string* facts);
  static void AddRequest(const v1::GetOrLeaseRequest& request, std::string* facts);
  static void AddRequest(const v1::LocateRequest& request, std::string* facts);
  static void AddRequest(const v1::BatchGetRequest& request, std::string* facts);
  static void AddRequest(const v1::BatchPutRequest& request, std::string* facts);
  static void AddRequest(const v1::BatchDeleteRequest& request, std::string* facts);
  static void AddRequest(const v1::BatchTouchRequest& request, std::string* facts);
  template <class Message>
  void AddResponse(const Message&, std::string*) const {}
  void AddResponse(const v1::GetResponse& response, std::string* facts) const;
  void AddResponse(const v1::PutResponse& response, std::string* facts) const;
  void AddResponse(const v1::DeleteResponse& response, std::string* facts) const;
  void AddResponse(const v1::TouchResponse& response, std::string* facts) const;
  void AddResponse(const v1::GetOrLeaseResponse& response, std::string* facts) const;
  void AddReceipt(const v1::Receipt& receipt, std::string* facts) const;

  const MonotonicTime::duration threshold_;
  absl::flat_hash_map<uint32_t, std::string> nodes_;  // names by WireNodeId; never changes
  prometheus::Counter& slow_operations_;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_SLOW_LOG_H_
