// The bytes of one call's request and answer, as they count in AdmissionControl.
//
//   AdmitRequest -> AdmitPiece ... -> AdmitAnswer or AnswerFailed -> Release
//
// One thread at a time, but for AdmitPiece, which several threads may call at once.
#ifndef KACHE_SERVER_API_CALL_BYTES_H_
#define KACHE_SERVER_API_CALL_BYTES_H_

#include <atomic>
#include <cstdint>

#include "server/api/admission.h"

namespace kache {

class CallBytes {
 public:
  // False: there is no room, and nothing counts. `place`: of the call's connection.
  bool AdmitRequest(AdmissionControl& admission, int64_t bytes, ConnectionPlace place) {
    place_ = place;
    if (!admission.AdmitBytes(bytes, place)) return false;
    bytes_ = bytes;
    return true;
  }

  // Of an answer that is gathered; before the piece is kept. False as above.
  bool AdmitPiece(AdmissionControl& admission, int64_t bytes) {
    if (!admission.AdmitBytes(bytes, place_, Own())) return false;
    pieces_.fetch_add(bytes, std::memory_order_relaxed);
    return true;
  }

  // The answer as a whole, in place of its pieces. False where it may be refused and there is no
  // room: its pieces count until Release, as the memory that they were gathered in goes with the
  // call.
  bool AdmitAnswer(AdmissionControl& admission, int64_t bytes, bool may_refuse) {
    const int64_t own = Own();
    const int64_t pieces = pieces_.exchange(0, std::memory_order_relaxed);
    if (bytes <= pieces || !may_refuse) {
      admission.CountBytes(bytes - pieces, place_);
    } else if (!admission.AdmitBytes(bytes - pieces, place_, own)) {
      bytes_ += pieces;
      return false;
    }
    bytes_ += bytes;
    return true;
  }
  // There is an error instead; the pieces count until Release.
  void AnswerFailed() { bytes_ += pieces_.exchange(0, std::memory_order_relaxed); }

  void Release(AdmissionControl& admission) {
    if (bytes_ > 0) admission.ReleaseBytes(bytes_, place_);
    bytes_ = 0;
  }

  int64_t bytes() const { return bytes_; }

 private:
  int64_t Own() const { return bytes_ + pieces_.load(std::memory_order_relaxed); }

  ConnectionPlace place_ = 0;
  int64_t bytes_ = 0;
  std::atomic<int64_t> pieces_{0};
};

}  // namespace kache

#endif  // KACHE_SERVER_API_CALL_BYTES_H_
