// The stamps of a batch of writes: one for each key.
//
// A batch is reduced to the last entry of each key before it is stamped; all entries of a key get
// that one's result. An answer is judged entry by entry. The entries that are stamped anew are sent
// again as a smaller batch, while the others' results wait here; a call that fails as a whole is
// sent again with the same stamps by call.h. A batch that came with stamps is left alone.
//
// See stamping.h for what call.h asks of it. Thread-compatible.
#ifndef KACHE_CLIENT_BATCH_STAMPING_H_
#define KACHE_CLIENT_BATCH_STAMPING_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/stamped_write.h"
#include "kache/v1/kache.pb.h"

namespace kache {

template <class Request, class Response>
class BatchStamping {
 public:
  using Verdict = StampedWrite::Verdict;
  static constexpr bool kOneResult = false;

  // True where every entry has a stamp of the caller's. In other batches each entry without one
  // gets one here; the others keep theirs.
  static bool IsGiven(const Request& request);
  void TakeGiven(const Request& /*request*/) {}
  void Begin(Request* request, StampClock& clock, absl::Time now);

  // The stamps stand in the request already, and no batch travels on a stream.
  void CopyTo(Request* /*request*/) const {}
  void CopyTo(v1::PipelineOperation* /*operation*/) const {}

  // Of the first key that was written. Nullopt when none was, and for given stamps.
  std::optional<bool> IsKept(const Response& response) const;

  Verdict Judge(absl::Status* status, StampedWrite::IsWaitedFor is_waited_for, StampClock& clock,
                absl::Time now, Request* request, Response* response);

  // Of the entry that lost most often.
  int restamps() const;

  // The results of all entries, in order. What was not answered when the call failed has that
  // error; where nothing was answered at all, it is the call's.
  void End(absl::Status* status, Response* response);

 private:
  struct Write {  // one for each key
    StampedWrite stamped;
    v1::WriteResult result;
  };

  bool is_given() const { return writes_.empty(); }
  // Takes the answer for asked_[i]; what the entry's fate is.
  Verdict TakeResult(size_t i, v1::WriteResult* result, StampedWrite::IsWaitedFor is_waited_for,
                     StampClock& clock, absl::Time now);

  std::vector<size_t> write_of_;  // for each entry of the caller's: the index of its key's write
  std::vector<Write> writes_;
  std::vector<size_t> asked_;  // for each entry of the request under way, as write_of_
  bool answered_ = false;
};

extern template class BatchStamping<v1::BatchPutRequest, v1::BatchPutResponse>;
extern template class BatchStamping<v1::BatchDeleteRequest, v1::BatchDeleteResponse>;

}  // namespace kache

#endif  // KACHE_CLIENT_BATCH_STAMPING_H_
