// How many commands may be under way on a connection at once, so that the replies that they ask for
// stay few bytes together: a server makes all replies to what it has read before it sends the
// first, and a small one waits behind all the large ones. A server that makes gigabytes of replies
// is silent meanwhile, and counts as DOWN for everybody. By the mean size of the values of the last
// replies; but never less than a floor, as the first burst for large values comes unannounced, and
// never more than kCommands. The floor falls slowly while all values are small, and is back with
// the first large one.
//
// Pure. Thread-compatible.
#ifndef KACHE_SERVER_REDIS_REPLY_WINDOW_H_
#define KACHE_SERVER_REDIS_REPLY_WINDOW_H_

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string_view>

namespace kache::redis {

class ReplyWindow {
 public:
  static constexpr size_t kBytes = size_t{4} << 20;
  static constexpr size_t kCommands = 128;
  static constexpr size_t kFloor = 16384;
  static constexpr size_t kLeastFloor = 1024;
  static constexpr size_t kLargeValue = 65536;
  // A large reply is on its way while the next one is made.
  static constexpr size_t kAtLeast = 4;
  static constexpr size_t kValuesAtLeast = 8;

  // Whether one more command, which asks for `more` values, may be sent while `unanswered` ones
  // are under way, which ask for `values`.
  bool Open(size_t unanswered, size_t values, size_t more) const {
    if (unanswered == 0 || (unanswered < kAtLeast && values + more <= kValuesAtLeast)) return true;
    return unanswered < kCommands &&
           static_cast<double>(values + more) * std::max(mean_, floor_) <= kBytes;
  }
  // Of commands that ask for one value each.
  bool Open(size_t unanswered) const { return Open(unanswered, unanswered, 1); }
  // Whether so many bytes may be under way, the next command's included: what is sent holds up what
  // comes behind it, as replies do.
  static bool MaySend(size_t unanswered, size_t bytes) {
    return unanswered < kAtLeast || bytes <= kBytes;
  }
  // A reply of so many bytes came, to a command that asked for so many values.
  void OnReply(size_t bytes, size_t values = 1) {
    const double each = static_cast<double>(bytes) / static_cast<double>(values);
    mean_ += (each - mean_) / (each > mean_ ? kNoticed : kRemembered);
    floor_ =
        each > kLargeValue ? kFloor : std::max(floor_ - floor_ / kTrusted, double{kLeastFloor});
  }

 private:
  // Large replies are noticed soon, and remembered for longer.
  static constexpr double kNoticed = 8;  // replies
  static constexpr double kRemembered = 32;
  static constexpr double kTrusted = 1024;
  double mean_ = 0;
  double floor_ = kFloor;
};

// How many values a command asks for: an MGET as many as it has keys, any other one.
inline size_t ValuesAskedFor(std::string_view wire) {
  constexpr size_t kCountDigitsMax = 8;
  const size_t end = wire.substr(0, kCountDigitsMax).find('\r');
  if (end == std::string_view::npos || !wire.substr(end).starts_with("\r\n$4\r\nMGET\r\n"))
    return 1;
  size_t elements = 0;
  std::from_chars(wire.data() + 1, wire.data() + end, elements);
  return std::max<size_t>(elements, 2) - 1;
}

}  // namespace kache::redis

#endif  // KACHE_SERVER_REDIS_REPLY_WINDOW_H_
