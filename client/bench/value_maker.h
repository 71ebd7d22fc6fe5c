// Values whose every byte can be verified: what a value holds, and how long it is, follows from its
// key and the number of its write.
//
// Thread-safe.
#ifndef KACHE_CLIENT_BENCH_VALUE_MAKER_H_
#define KACHE_CLIENT_BENCH_VALUE_MAKER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace kache::bench {

// Sizes of values: "100", "10-1000" (uniform), "4KiB", or several with weights: "100:99,1MiB:1".
class ValueSizes {
 public:
  // INVALID_ARGUMENT says what is wrong. At most 64 MiB.
  static absl::StatusOr<ValueSizes> Parse(std::string_view text);
  // `random` decides; equal numbers give equal sizes.
  size_t Pick(uint64_t random) const;

 private:
  struct Range {
    size_t min = 0;
    size_t max = 0;
    uint64_t weight = 1;
  };
  std::vector<Range> ranges_;
  uint64_t weights_ = 0;
};

class ValueMaker {
 public:
  explicit ValueMaker(ValueSizes sizes) : sizes_(std::move(sizes)) {}
  // The value of write number `write` to `key`.
  void Make(uint64_t key, uint64_t write, std::string* value) const;
  // DATA_LOSS when `value` is not one that Make made for `key`: what is wrong with it.
  absl::Status Verify(uint64_t key, std::string_view value) const;

 private:
  const ValueSizes sizes_;
};

}  // namespace kache::bench

#endif  // KACHE_CLIENT_BENCH_VALUE_MAKER_H_
