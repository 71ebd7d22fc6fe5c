// Which key next: the distributions of YCSB.
//
//   uniform    every key alike
//   zipfian    few keys get most requests (theta 0.99); which ones is scattered over all keys
//   latest     the keys inserted last get most requests
//
// Keys are numbers from 0. Thread-compatible; the sequence depends on the seed alone.
#ifndef KACHE_CLIENT_BENCH_KEY_CHOOSER_H_
#define KACHE_CLIENT_BENCH_KEY_CHOOSER_H_

#include <cstdint>
#include <random>

namespace kache::bench {

enum class Distribution { kUniform, kZipfian, kLatest };

// Ranks from 0, the most frequent first: rank r is drawn in proportion to 1 / (r + 1)^theta. The
// method is that of Gray et al., "Quickly generating billion-record synthetic databases", which
// YCSB uses. Construction, and growth by n, are O(n).
class Zipfian {
 public:
  static constexpr double kTheta = 0.99;
  explicit Zipfian(uint64_t count);
  // More ranks than before.
  void Grow(uint64_t count);
  // `uniform` in [0, 1).
  uint64_t Rank(double uniform) const;

 private:
  uint64_t count_ = 0;
  double zeta_ = 0;  // sum of 1 / i^theta for i = 1 .. count_
  double eta_ = 0;
};

class KeyChooser {
 public:
  // REQUIRES: keys > 0.
  KeyChooser(Distribution distribution, uint64_t keys, uint64_t seed);
  // Of keys 0 .. keys - 1; `keys` never shrinks.
  uint64_t Next(uint64_t keys);
  // A number of [0, 1) from the same source, for the caller's other choices.
  double Uniform();

 private:
  const Distribution distribution_;
  uint64_t keys_;
  Zipfian zipfian_;
  std::mt19937_64 random_;
};

// A good mixing of 64 bits (splitmix64's).
uint64_t Mix(uint64_t value);

}  // namespace kache::bench

#endif  // KACHE_CLIENT_BENCH_KEY_CHOOSER_H_
