// How much each connection has made gRPC read since anything was sent to it, and which connections
// a server closes over that.
//
// gRPC bounds the metadata of a call by frame: a call whose metadata comes in many small
// CONTINUATION frames grows for as long as they come, and nothing of gRPC counts it. Other frames
// that need no answer only cost time. Who sends data is sent window updates and answers, so many
// bytes without any answer are neither.
//
// Pure, but for ReadTraffic. Thread-compatible.
#ifndef KACHE_SERVER_API_UNANSWERED_BYTES_H_
#define KACHE_SERVER_API_UNANSWERED_BYTES_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace kache {

// Of a connection, since it began.
struct ConnectionTraffic {
  uint64_t read_bytes = 0;  // by the process
  uint64_t sent_bytes = 0;
};

// nullopt where `fd` is no TCP socket, or the kernel does not know.
std::optional<ConnectionTraffic> ReadTraffic(int fd);

class UnansweredBytes {
 public:
  // How much was read since the last byte was sent, as far as the calls of this know.
  uint64_t Update(const ConnectionTraffic& now) {
    if (now.sent_bytes != sent_bytes_) {
      sent_bytes_ = now.sent_bytes;
      read_before_ = now.read_bytes;
    }
    return now.read_bytes - read_before_;
  }

 private:
  uint64_t sent_bytes_ = 0;
  uint64_t read_before_ = 0;
};

// More than gRPC lets a client send without a window update.
inline constexpr uint64_t kMaxUnansweredBytes = uint64_t{32} << 20;
// Where memory is short: more than a client may send before gRPC has let it send more.
inline constexpr uint64_t kMaxUnansweredBytesInNeed = uint64_t{256} << 10;

struct UnansweredConnection {
  int fd = -1;
  uint64_t bytes = 0;
};

// The connections to close: those with too many bytes, the most first. `in_need`: the process takes
// more memory than its bounds account for.
std::vector<int> ConnectionsWithoutAnswer(std::span<const UnansweredConnection> connections,
                                          bool in_need);

// Whether a process that takes `resident` bytes is in need, where its bounds add up to `sum`; 0 =
// they are not known.
constexpr bool IsInNeed(uint64_t resident, uint64_t sum) {
  return sum > 0 && resident > sum / 8 * 7;
}

// What the process takes; 0 where that is not known.
uint64_t ResidentBytes();

}  // namespace kache

#endif  // KACHE_SERVER_API_UNANSWERED_BYTES_H_
