// Waits for SIGTERM or SIGINT, and tells of each SIGHUP until then. Block the signals before any
// thread starts, so that all inherit it:
//
//   ShutdownSignal shutdown;        // first thing in main
//   ... start the server ...
//   shutdown.Wait();
//
// A second signal while the program is stopping ends it at once with exit code 128 + signal; but
// not in the first second, as Ctrl-C and `timeout` reach a process of a group twice. Main thread
// only, one for a process. SIGPIPE is ignored from construction on.
#ifndef KACHE_BASE_SHUTDOWN_H_
#define KACHE_BASE_SHUTDOWN_H_

#include <csignal>
#include <functional>

#include "absl/time/time.h"

namespace kache {

class ShutdownSignal {
 public:
  explicit ShutdownSignal(absl::Duration repeat_grace = absl::Seconds(1));
  // Returns the signal's number, or 0 after RequestStop. Calls `on_hangup` for each SIGHUP.
  int Wait(const std::function<void()>& on_hangup = {});
  // Ends Wait as a signal would, for a reason of the program's own. Thread-safe.
  static void RequestStop();

 private:
  const absl::Duration repeat_grace_;
  sigset_t signals_;  // all that Wait hears
};

}  // namespace kache

#endif  // KACHE_BASE_SHUTDOWN_H_
