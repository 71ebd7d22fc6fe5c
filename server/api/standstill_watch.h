// How long a call may have lain unread in its connection's socket, because the thread that reads
// the sockets stood still: the process was stopped, or got no processor. Pure.
//
// gRPC counts a call's deadline from when it reads the call, and reads a caller's cancellation
// after the call's message. So after a standstill a call whose caller has long gone looks like a
// new one.
//
//   watch.Tick(now);             each kInterval at least, on the thread that reads
//   watch.UnreadFor(now);        of a call that the thread has just read
//
// Thread-compatible.
#ifndef KACHE_SERVER_API_STANDSTILL_WATCH_H_
#define KACHE_SERVER_API_STANDSTILL_WATCH_H_

#include <chrono>

#include "base/clock.h"

namespace kache {

class StandstillWatch {
 public:
  static constexpr std::chrono::milliseconds kInterval{100};
  // A thread that has not ticked for so long stood still.
  static constexpr std::chrono::milliseconds kStandstill{200};
  // The thread reads what came in a standstill, cancellations too, within this time after it.
  static constexpr std::chrono::milliseconds kReadUp{500};

  explicit StandstillWatch(MonotonicTime now) : ticked_at_(now) {}

  void Tick(MonotonicTime now);
  // How long a call that is read at `now` may have lain in its socket. Zero where the thread has
  // been running.
  MonotonicTime::duration UnreadFor(MonotonicTime now) const;

 private:
  MonotonicTime ticked_at_;
  MonotonicTime stood_since_;  // where the last standstill began
  MonotonicTime read_up_at_;   // when all that came in it has been read
};

}  // namespace kache

#endif  // KACHE_SERVER_API_STANDSTILL_WATCH_H_
