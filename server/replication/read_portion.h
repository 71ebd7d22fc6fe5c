// How many keys one MGET may ask for, so that its reply stays few bytes: Redis makes the whole
// reply before it sends the first byte, holds it as a whole, and ends the connection where its
// client-output-buffer-limit is below that. By the mean size of the values that were read last.
//
// Pure. Thread-compatible.
#ifndef KACHE_SERVER_REPLICATION_READ_PORTION_H_
#define KACHE_SERVER_REPLICATION_READ_PORTION_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace kache {

class ReadPortion {
 public:
  static constexpr size_t kBytes = size_t{4} << 20;

  // From 1 to `most`.
  size_t Keys(size_t most) const {
    const double keys = mean_ > 0 ? static_cast<double>(kBytes) / mean_ : static_cast<double>(most);
    return std::clamp(static_cast<size_t>(std::min(keys, static_cast<double>(most))), size_t{1},
                      most);
  }
  // A value of so many bytes was read, or none (0). Large ones are noticed soon, and remembered for
  // longer.
  void OnValue(size_t bytes) {
    const auto value = static_cast<double>(bytes);
    mean_ += (value - mean_) / (value > mean_ ? kNoticed : kRemembered);
  }
  // What so many keys are expected to bring.
  uint64_t Bytes(size_t keys) const {
    return static_cast<uint64_t>(static_cast<double>(keys) * mean_);
  }
  // A node could not answer what one MGET asked for: single keys until smaller values were read.
  void OnTooMuch() { mean_ = std::max(mean_, static_cast<double>(kBytes)); }

 private:
  static constexpr double kNoticed = 8;  // values
  static constexpr double kRemembered = 256;
  double mean_ = 0;
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_READ_PORTION_H_
