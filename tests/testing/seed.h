// Randomised tests take their seed here: KACHE_TEST_SEED when set, else a random one. It is printed
// either way, so that a failure can be repeated:
//
//   std::mt19937_64 random(TestSeed());
#ifndef KACHE_TESTS_TESTING_SEED_H_
#define KACHE_TESTS_TESTING_SEED_H_

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

namespace kache {

inline uint64_t TestSeed() {
  const char* fixed = std::getenv("KACHE_TEST_SEED");
  std::random_device device;
  const uint64_t seed =
      fixed != nullptr ? std::stoull(fixed) : (uint64_t{device()} << 32 | device());
  std::cout << "repeat with KACHE_TEST_SEED=" << seed << std::endl;
  return seed;
}

}  // namespace kache

#endif  // KACHE_TESTS_TESTING_SEED_H_
