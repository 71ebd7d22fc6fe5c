// How the calls of each rpc deal with stamps, for call.h: reads not at all, Put, Delete and Touch
// with one stamp, batches (batch_stamping.h) with one for each key.
//
// A stamping of writes has
//   static constexpr bool kOneResult                     what succeeds need not be judged
//   void Begin(Request*, StampClock&, absl::Time now)    stamps it, before the first attempt
//   static bool IsGiven(const Request&)                  the request came with stamps: not ours
//   void TakeGiven(const Request&)                       instead of Begin
//   void CopyTo(v1::PipelineOperation*), CopyTo(Request*)  into a message that is to be sent
//   std::optional<bool> IsKept(const Response&)          whether the coordinator kept the stamp
//   Verdict Judge(absl::Status*, IsWaitedFor, StampClock&, absl::Time now, Request*, Response*)
//                                                        an attempt ended; see StampedWrite
//   void End(absl::Status*, Response*)                   the call ends
//
// Thread-compatible.
#ifndef KACHE_CLIENT_STAMPING_H_
#define KACHE_CLIENT_STAMPING_H_

#include <optional>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/batch_stamping.h"
#include "client/messages.h"
#include "client/stamped_write.h"
#include "kache/v1/kache.pb.h"

namespace kache {

struct NoStamping {};

// Of Put, Delete and Touch.
template <class Request, class Response>
class WriteStamping {
 public:
  using Verdict = StampedWrite::Verdict;
  static constexpr bool kOneResult = true;

  static bool IsGiven(const Request& request) { return request.stamp().clock() != 0; }
  void TakeGiven(const Request& request) { write_.TakeGiven(request.stamp()); }
  void Begin(Request* /*request*/, StampClock& clock, absl::Time now) { write_.Stamp(clock, now); }

  void CopyTo(Request* request) const {
    if (!write_.is_given()) write_.CopyTo(request->mutable_stamp());
  }
  void CopyTo(v1::PipelineOperation* operation) const {
    if constexpr (std::is_same_v<Request, v1::PutRequest>) {
      CopyTo(operation->mutable_put());
    } else if constexpr (std::is_same_v<Request, v1::TouchRequest>) {
      CopyTo(operation->mutable_touch());
    } else {
      CopyTo(operation->mutable_delete_());
    }
  }

  std::optional<bool> IsKept(const Response& response) const {
    // The version of a touched record is the value's; who knows Touch keeps stamps.
    if constexpr (std::is_same_v<Request, v1::TouchRequest>) return std::nullopt;
    return IsOfStamp(FromMessage(response.receipt().version()), write_.version());
  }

  int restamps() const { return write_.restamps(); }

  Verdict Judge(absl::Status* status, StampedWrite::IsWaitedFor is_waited_for, StampClock& clock,
                absl::Time now, Request* /*request*/, Response* response) {
    if (status->ok()) return Verdict::kStored;
    const Verdict verdict = write_.Judge(*status, is_waited_for, clock, now);
    if (verdict == Verdict::kStored) {
      *response->mutable_receipt() = ReceiptOfLost(*status);
      if constexpr (requires { response->set_found(true); }) response->set_found(true);
      *status = absl::OkStatus();
    }
    return verdict;
  }

  void End(absl::Status* status, Response* /*response*/) const {
    if (!status->ok() && !write_.is_given()) *status = WithoutStamp(*status);
  }

 private:
  StampedWrite write_;
};

template <class Request>
struct StampingOf {
  using Type = NoStamping;
};
template <>
struct StampingOf<v1::PutRequest> {
  using Type = WriteStamping<v1::PutRequest, v1::PutResponse>;
};
template <>
struct StampingOf<v1::DeleteRequest> {
  using Type = WriteStamping<v1::DeleteRequest, v1::DeleteResponse>;
};
template <>
struct StampingOf<v1::TouchRequest> {
  using Type = WriteStamping<v1::TouchRequest, v1::TouchResponse>;
};
template <>
struct StampingOf<v1::BatchPutRequest> {
  using Type = BatchStamping<v1::BatchPutRequest, v1::BatchPutResponse>;
};
template <>
struct StampingOf<v1::BatchDeleteRequest> {
  using Type = BatchStamping<v1::BatchDeleteRequest, v1::BatchDeleteResponse>;
};

}  // namespace kache

#endif  // KACHE_CLIENT_STAMPING_H_
