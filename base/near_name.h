// Tells a mistyped name from an unrelated one.
#ifndef KACHE_BASE_NEAR_NAME_H_
#define KACHE_BASE_NEAR_NAME_H_

#include <string_view>

namespace kache {

// True when, ignoring case, the names are equal or one typing slip apart: a character too many, one
// missing, one wrong, or two neighbours swapped. O(n).
bool IsNearName(std::string_view a, std::string_view b);

}  // namespace kache

#endif  // KACHE_BASE_NEAR_NAME_H_
