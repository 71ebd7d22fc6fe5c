// How a fuzzer states a property.
#ifndef KACHE_TESTS_FUZZ_REQUIRE_H_
#define KACHE_TESTS_FUZZ_REQUIRE_H_

#include <cstdlib>

namespace kache {

// Ends the process where the property does not hold: libFuzzer then keeps the input.
inline void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace kache

#endif  // KACHE_TESTS_FUZZ_REQUIRE_H_
