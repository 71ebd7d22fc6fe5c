// How many commands may be under way on a connection at once, so that the replies that they ask for
// stay few bytes together: a server makes all replies to what it has read before it sends the
// first, and a small one waits behind all the large ones. By the mean size of the last replies, and
// never more than kCommands, as the first burst for large values comes unannounced.
//
// Pure. Thread-compatible.
#ifndef KACHE_SERVER_REDIS_REPLY_WINDOW_H_
#define KACHE_SERVER_REDIS_REPLY_WINDOW_H_

#include <cstddef>

namespace kache::redis {

class ReplyWindow {
 public:
  static constexpr size_t kBytes = size_t{4} << 20;
  static constexpr size_t kCommands = 128;
  // A large reply is on its way while the next one is made.
  static constexpr size_t kAtLeast = 4;

  // Whether one more command may be sent while `unanswered` ones are under way.
  bool Open(size_t unanswered) const {
    if (unanswered < kAtLeast) return true;
    return unanswered < kCommands && static_cast<double>(unanswered + 1) * mean_ <= kBytes;
  }
  // A reply of so many bytes came.
  void OnReply(size_t bytes) { mean_ += (static_cast<double>(bytes) - mean_) / kRemembered; }

 private:
  static constexpr double kRemembered = 8;  // replies
  double mean_ = 0;
};

}  // namespace kache::redis

#endif  // KACHE_SERVER_REDIS_REPLY_WINDOW_H_
