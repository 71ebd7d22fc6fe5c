// Notices a completion queue's thread that one connection keeps busy.
//
// gRPC reads a connection on a queue's thread, and goes on as long as more has come. Flow control
// ends that for messages. It does not for settings, pings, priorities and what else HTTP/2 lets a
// client send without end: the thread then works, takes no event, and all calls of its queue wait.
//
//   if (watch.IsCaptured(work)) close(MostReceived(...));   // every now and then
//
// Thread-compatible.
#ifndef KACHE_SERVER_API_CAPTURE_WATCH_H_
#define KACHE_SERVER_API_CAPTURE_WATCH_H_

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

namespace kache {

// What a queue's thread has done since it began.
struct QueueWork {
  uint64_t turns = 0;               // times that it came back from gRPC
  std::chrono::nanoseconds cpu{0};  // CPU time
};

class CaptureWatch {
 public:
  // An event or a whole message takes a few milliseconds.
  static constexpr std::chrono::milliseconds kPatience{50};

  // True where a thread has used kPatience of CPU time in one turn. `queues`: of the same threads,
  // in the same order, each time.
  bool IsCaptured(std::span<const QueueWork> queues);

 private:
  std::vector<QueueWork> turn_began_;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_CAPTURE_WATCH_H_
