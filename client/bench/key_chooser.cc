#include "client/bench/key_chooser.h"

#include <algorithm>
#include <cmath>

namespace kache::bench {
namespace {

constexpr double kAlpha = 1 / (1 - Zipfian::kTheta);

}  // namespace

uint64_t Mix(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

Zipfian::Zipfian(uint64_t count) { Grow(count); }

void Zipfian::Grow(uint64_t count) {
  for (; count_ < count; ++count_) zeta_ += std::pow(static_cast<double>(count_ + 1), -kTheta);
  const double zeta_of_two = 1 + std::pow(2.0, -kTheta);
  eta_ = count_ <= 2 ? 0
                     : (1 - std::pow(2.0 / static_cast<double>(count_), 1 - kTheta)) /
                           (1 - zeta_of_two / zeta_);
}

uint64_t Zipfian::Rank(double uniform) const {
  const double scaled = uniform * zeta_;
  if (scaled < 1) return 0;
  if (scaled < 1 + std::pow(0.5, kTheta)) return std::min<uint64_t>(1, count_ - 1);
  const double rank = static_cast<double>(count_) * std::pow(eta_ * uniform - eta_ + 1, kAlpha);
  return std::min(static_cast<uint64_t>(rank), count_ - 1);
}

KeyChooser::KeyChooser(Distribution distribution, uint64_t keys, uint64_t seed)
    : distribution_(distribution),
      keys_(keys),
      zipfian_(distribution == Distribution::kUniform ? 1 : keys),
      random_(seed) {}

double KeyChooser::Uniform() {
  return static_cast<double>(random_() >> 11) * 0x1p-53;  // 53 bits: what a double holds
}

uint64_t KeyChooser::Next(uint64_t keys) {
  if (distribution_ == Distribution::kUniform) {
    return static_cast<uint64_t>(Uniform() * static_cast<double>(keys));
  }
  if (keys > keys_) {
    keys_ = keys;
    zipfian_.Grow(keys);
  }
  const uint64_t rank = zipfian_.Rank(Uniform());
  return distribution_ == Distribution::kLatest ? keys_ - 1 - rank : Mix(rank) % keys_;
}

}  // namespace kache::bench
