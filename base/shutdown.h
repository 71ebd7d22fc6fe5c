// Waits for SIGTERM or SIGINT. Block the signals before any thread starts, so that all inherit it:
//
//   ShutdownSignal shutdown;        // first thing in main
//   ... start the server ...
//   shutdown.Wait();
//
// A second signal while the program is stopping ends it at once with exit code 128 + signal.
// Main thread only. SIGPIPE is ignored from construction on.
#ifndef KACHE_BASE_SHUTDOWN_H_
#define KACHE_BASE_SHUTDOWN_H_

#include <csignal>

namespace kache {

class ShutdownSignal {
 public:
  ShutdownSignal();
  // Returns the signal's number.
  int Wait();

 private:
  sigset_t signals_;
};

}  // namespace kache

#endif  // KACHE_BASE_SHUTDOWN_H_
