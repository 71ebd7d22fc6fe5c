#include "client/bench/recorder.h"

namespace kache::bench {

uint64_t KindStats::error_count() const {
  uint64_t count = 0;
  for (const auto& [code, errors_of_code] : errors) count += errors_of_code;
  return count;
}

void Measured::Merge(const Measured& other) {
  for (size_t i = 0; i < kKinds; ++i) {
    kinds[i].latency.Merge(other.kinds[i].latency);
    kinds[i].requests += other.kinds[i].requests;
    kinds[i].keys += other.kinds[i].keys;
    kinds[i].misses += other.kinds[i].misses;
    for (const auto& [code, count] : other.kinds[i].errors) kinds[i].errors[code] += count;
  }
  wrong_values += other.wrong_values;
  if (first_wrong.empty()) first_wrong = other.first_wrong;
  never_started += other.never_started;
}

uint64_t Measured::keys() const {
  uint64_t count = 0;
  for (const KindStats& kind : kinds) count += kind.keys;
  return count;
}

uint64_t Measured::errors() const {
  uint64_t count = 0;
  for (const KindStats& kind : kinds) count += kind.error_count();
  return count;
}

Histogram Measured::latency() const {
  Histogram all;
  for (const KindStats& kind : kinds) all.Merge(kind.latency);
  return all;
}

}  // namespace kache::bench
