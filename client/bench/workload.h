// What the load is made of: which operation, on which key.
//
// The mixes of YCSB (https://github.com/brianfrankcooper/YCSB/wiki/Core-Workloads), by name:
//   a  50 % get, 50 % put, zipfian          b  95 % get, 5 % put, zipfian
//   c  get, zipfian                         d  95 % get, 5 % put of a new key, latest
//   f  50 % get, 50 % read-modify-write, zipfian
// and plain ones: get, put, delete, on uniform keys.
//
// Thread-safe but for Workload: one for each thread.
#ifndef KACHE_CLIENT_BENCH_WORKLOAD_H_
#define KACHE_CLIENT_BENCH_WORKLOAD_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "client/bench/key_chooser.h"

namespace kache::bench {

enum class Kind { kGet, kPut, kDelete, kInsert, kReadModifyWrite };
constexpr size_t kKinds = 5;
std::string_view KindName(Kind kind);

struct OperationMix {
  // Parts of all operations; they add up to 1.
  double parts[kKinds] = {};
  Distribution distribution = Distribution::kUniform;
  bool Reads() const {
    return parts[static_cast<size_t>(Kind::kGet)] > 0 ||
           parts[static_cast<size_t>(Kind::kReadModifyWrite)] > 0;
  }
};

// Nothing for an unknown name.
std::optional<OperationMix> FindMix(std::string_view name);

class Workload {
 public:
  // `keys`, the number of keys so far, is shared by all workloads of a run, and outlives them.
  Workload(const OperationMix& mix, std::atomic<uint64_t>* keys, uint64_t seed)
      : mix_(mix), keys_(keys), chooser_(mix.distribution, keys->load(), seed) {}

  Kind NextKind();
  // A key for that kind of operation; kInsert takes a new one.
  uint64_t NextKey(Kind kind);

 private:
  const OperationMix mix_;
  std::atomic<uint64_t>* const keys_;
  KeyChooser chooser_;
};

}  // namespace kache::bench

#endif  // KACHE_CLIENT_BENCH_WORKLOAD_H_
