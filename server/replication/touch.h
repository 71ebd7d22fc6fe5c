// The version of a record whose life was changed without its value: a touch (ADR 24). Plain values
// and pure functions; the script that makes such versions is in touch_scripts.h.
//
//   bits  field
//     64  timestamp  the value's
//     20  the upper bits of the value's clock, plus one
//     38  milliseconds from the timestamp to the touch's stamp
//      6  a hash of the instant at which the life ends
//
// So it is newer than the value, older than each value of a higher timestamp, and the touches of
// one value are in the order of their stamps. Of touches in one millisecond the hash decides, and
// then the later end, so that all replicas choose alike. Where the 20 bits were all set, the
// addition goes on into the timestamp. A touched record that is touched again keeps timestamp and
// upper bits.
#ifndef KACHE_SERVER_REPLICATION_TOUCH_H_
#define KACHE_SERVER_REPLICATION_TOUCH_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "server/replication/record.h"
#include "server/replication/version.h"

namespace kache {

inline constexpr int kTouchHashBits = 6;
inline constexpr int kTouchAgeBits = 38;  // 8.7 years
inline constexpr int kTouchClockShift = kTouchHashBits + kTouchAgeBits;

// When the record was written, or touched last, by the stamp of that: Unix ms, cluster time.
int64_t WrittenAtMs(const Version& version, bool touched);

// The version that the next stamp must be above, for a touch of the record: its own, or that of the
// latest stamp in the millisecond of its last touch.
Version StampToBeat(const Record& record);

// Tells two lives that were given in one millisecond apart.
uint8_t HashOfLife(int64_t expires_at_ms);

// The version of `seen` touched by that stamp, with a life that ends at `expires_at_ms`. Requires:
// the stamp is above StampToBeat(seen), and not 8.7 years younger than the value.
Version VersionOfTouch(const Record& seen, uint64_t timestamp, int64_t expires_at_ms);

// Whether both are the same value, touched or not: a touch of the one may be given to the other.
// Values of two clocks with one timestamp and the same upper bits can't be told apart once one of
// them was touched.
bool IsSameValue(const Record& a, const Record& b);

// What a node is told of a touch. Instants are Unix ms; those that are the node's are by its clock.
struct TouchTerms {
  Record seen = {};             // what was found where the touch was decided; no value
  uint64_t timestamp = 0;       // of the stamp
  int64_t expires_at_ms = 0;    // the new end of the life (cluster time); 0 = never
  int64_t ends_ms = 0;          // as StoreTerms: the node's
  int64_t limit_ms = 0;         // as StoreTerms: the node's
  int64_t latest_ms = 0;        // the last instant at which the touch may be done: the node's
  int64_t clock_offset_ms = 0;  // how far the node's clock is ahead of cluster time
  int64_t stand_in_ms = 0;      // how long after its stamp a stand-in keeps a value
  int64_t least_ms = 0;         // as StoreTerms: of a life that ends
  bool home = true;             // false = the node stands in
  // The node may not know of the life that the touch ends: what it holds says not for how long the
  // touch is to be remembered.
  bool ends_unknown = false;
};
std::string EncodeTouchTerms(const TouchTerms& terms);

// What a node said of a touch.
enum class TouchSaid : char {
  kTouched = 'T',    // now, or before
  kAbsent = 'N',     // it holds nothing, or nothing that counts
  kOlder = 'O',      // it holds an older value than the one that was seen
  kEnded = 'E',      // it holds a tombstone, or the life is over
  kChanged = 'C',    // it holds a newer value than the one that was seen, older than the stamp
  kNewer = 'W',      // it holds a value, or a touch, that is not older than the stamp
  kUntouched = 'F',  // it holds a record that can't be touched
  kTooLate = 'L',    // nothing was done
};
struct TouchAnswer {
  TouchSaid said = TouchSaid::kAbsent;
  Record record = {};  // what it holds now, without the value; zero where it holds nothing
};
// `bytes`: what TouchScript answered. Something else is kAbsent.
TouchAnswer DecodeTouchAnswer(std::string_view bytes);

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_TOUCH_H_
