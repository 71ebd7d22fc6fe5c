// One write's stamp through all its attempts, and what an error of an attempt means for it
// (kache.proto, "Safe retries"). Pure decisions: whoever sends the write (call.h, kachectl) asks
// this what to do.
//
//   StampedWrite write;
//   write.Stamp(clock, now);
//   absl::Status status;
//   do {
//     write.CopyTo(request.mutable_stamp());   // the same for every attempt, until Judge says
//     status = Send(request);
//   } while (write.Judge(status, is_waited_for, clock, now) == Verdict::kSendAgain);
//
// Invariants
//   1. A write has one current stamp. Attempts never go back to an older one, and only an answer
//      for the current one may be judged: the caller has no other attempt under way then.
//   2. A stamp that came with the request is never changed: not ours to judge either.
//   3. A new stamp keeps the instant from which the value's life runs.
//
// `now` is cluster time. Thread-compatible; a few dozen bytes.
#ifndef KACHE_CLIENT_STAMPED_WRITE_H_
#define KACHE_CLIENT_STAMPED_WRITE_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/stamp_clock.h"
#include "client/types.h"
#include "kache/v1/kache.pb.h"

namespace kache {

class StampedWrite {
 public:
  // How often a write that lost is stamped anew; then the error counts.
  static constexpr int kMaxRestamps = 5;
  // How often one that is out of range is: servers may differ about the time for a while.
  static constexpr int kMaxRefusals = 3;

  enum class Verdict : uint8_t {
    kFailed,     // the error counts
    kStored,     // the write counts as stored, although something newer is held
    kSendAgain,  // it has another stamp now, and is to be sent with that
  };

  // Before the first attempt: one of the two.
  void Stamp(StampClock& clock, absl::Time now);
  void TakeGiven(const v1::Stamp& stamp);

  // Requires that the stamp is not a given one.
  void CopyTo(v1::Stamp* message) const;
  bool is_given() const { return given_; }
  // How often it lost and was stamped anew.
  int restamps() const { return restamps_; }
  const Version& version() const { return version_; }

  // Whether who asked for the write still waits for it. Asked only where the answer decides.
  using IsWaitedFor = absl::FunctionRef<bool()>;

  // What an error means that answers an attempt with the current stamp. After STAMP_OUT_OF_RANGE
  // `now` has to be what the error told.
  Verdict Judge(const absl::Status& error, IsWaitedFor is_waited_for, StampClock& clock,
                absl::Time now);

 private:
  Verdict JudgeSuperseded(const v1::Superseded& superseded, IsWaitedFor is_waited_for,
                          StampClock& clock, absl::Time now);

  Version version_;        // of the current stamp
  Version above_;          // that it was put above; not set before it was stamped anew
  uint64_t all_held_ = 0;  // the highest timestamp of all that was acknowledged; 0 = not known
  int64_t made_at_ms_ = 0;
  int restamps_ = 0;
  bool given_ = false;
  int refusals_ = 0;
};

// What to answer for a write that failed, where the stamp was not the caller's own: one that lost
// five times is ABORTED, as one that fell short is, and a stamp that was refused is UNAVAILABLE.
absl::Status WithoutStamp(const absl::Status& error);

// What to answer for a write that counts as stored although `error` says that it lost: the receipt
// that the error carries, or one with the version that is held.
v1::Receipt ReceiptOfLost(const absl::Status& error);

}  // namespace kache

#endif  // KACHE_CLIENT_STAMPED_WRITE_H_
