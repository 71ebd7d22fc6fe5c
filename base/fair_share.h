// Divides a bound among holders that come and go, so that no few of them can take all of it: a
// holder may take more while it then holds at most three times what is left free for others.
//
//   * Who is alone gets three quarters of the bound; each of k that want all they can get, 3 parts
//     of 3k + 1, and one part stays free.
//   * Who holds nothing yet has room as long as anything is free.
//   * A bound of less than 64 is too small to be divided: who comes first may take all of it.
//
// So the bound is used well by whoever is alone, and a newcomer finds room without anything being
// taken from others.
//
// Pure.
#ifndef KACHE_BASE_FAIR_SHARE_H_
#define KACHE_BASE_FAIR_SHARE_H_

#include <cstdint>

namespace kache {

// Whether there is room for `more` where all holders together have `held` of `bound`, but not for a
// holder who has `own` of that already.
constexpr bool IsOverFairShare(int64_t bound, int64_t held, int64_t own, int64_t more) {
  constexpr int64_t kTimesFree = 3;
  constexpr int64_t kLeastDivided = 64;
  const int64_t free = bound - held - more;
  return bound >= kLeastDivided && free >= 0 && own > 0 && own + more > kTimesFree * free;
}

// Whether there is room for `more`, and for this holder.
constexpr bool HasFairShare(int64_t bound, int64_t held, int64_t own, int64_t more) {
  return held + more <= bound && !IsOverFairShare(bound, held, own, more);
}

}  // namespace kache

#endif  // KACHE_BASE_FAIR_SHARE_H_
