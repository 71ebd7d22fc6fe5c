// What a worker measured. The worker records; another thread may take a copy at any time.
//
// Thread-safe.
#ifndef KACHE_CLIENT_BENCH_RECORDER_H_
#define KACHE_CLIENT_BENCH_RECORDER_H_

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "client/bench/histogram.h"
#include "client/bench/workload.h"

namespace kache::bench {

// Of one kind of operation.
struct KindStats {
  Histogram latency;                            // of requests, those that failed included
  uint64_t requests = 0;                        // answered
  uint64_t keys = 0;                            // in them: more than requests in batches
  uint64_t misses = 0;                          // keys
  std::map<absl::StatusCode, uint64_t> errors;  // keys
  uint64_t error_count() const;
};

struct Measured {
  std::array<KindStats, kKinds> kinds;
  uint64_t wrong_values = 0;   // --check
  std::string first_wrong;     // what was wrong with the first of them
  uint64_t never_started = 0;  // open loop: due, but no slot was free in time

  KindStats& of(Kind kind) { return kinds[static_cast<size_t>(kind)]; }
  void Merge(const Measured& other);
  // Over all kinds:
  uint64_t keys() const;
  uint64_t errors() const;
  Histogram latency() const;
};

class Recorder {
 public:
  // Lets `record` change what was measured.
  template <class Record>
  void Update(Record record) {
    const std::lock_guard lock(mutex_);
    record(measured_);
  }
  Measured Copy() const {
    const std::lock_guard lock(mutex_);
    return measured_;
  }
  void Clear() {
    const std::lock_guard lock(mutex_);
    measured_ = Measured();
  }

 private:
  mutable std::mutex mutex_;
  Measured measured_;
};

}  // namespace kache::bench

#endif  // KACHE_CLIENT_BENCH_RECORDER_H_
