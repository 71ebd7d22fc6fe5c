#include "client/bench/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace kache::bench {
namespace {

// Each power of two is cut into that many buckets.
constexpr int kSubBits = 10;
constexpr uint64_t kSubBuckets = uint64_t{1} << kSubBits;

}  // namespace

// Values below 2 * kSubBuckets have a bucket each. Above, the upper kSubBits + 1 bits of a value
// and how far they are shifted make its bucket.
size_t Histogram::BucketOf(uint64_t value) {
  if (value < 2 * kSubBuckets) return value;
  const auto shift = static_cast<uint64_t>(std::bit_width(value)) - kSubBits - 1;
  return shift * kSubBuckets + (value >> shift);
}

uint64_t Histogram::LargestOf(size_t bucket) {
  if (bucket < 2 * kSubBuckets) return bucket;
  const uint64_t shift = bucket / kSubBuckets - 1;
  return ((bucket - shift * kSubBuckets + 1) << shift) - 1;
}

Histogram::Histogram() : buckets_(BucketOf(kMaxNanoseconds) + 1, 0) {}

void Histogram::Record(uint64_t nanoseconds) {
  nanoseconds = std::min(nanoseconds, kMaxNanoseconds);
  ++buckets_[BucketOf(nanoseconds)];
  ++count_;
  max_ = std::max(max_, nanoseconds);
  sum_ += static_cast<double>(nanoseconds);
}

void Histogram::Merge(const Histogram& other) {
  for (size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

double Histogram::mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }

uint64_t Histogram::Percentile(double part) const {
  if (count_ == 0) return 0;
  const auto wanted =
      std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(part * static_cast<double>(count_))));
  uint64_t seen = 0;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= wanted) return std::min(LargestOf(i), max_);
  }
  return max_;
}

}  // namespace kache::bench
