#include "base/shutdown.h"

#include <unistd.h>

#include <cstdint>
#include <ctime>

namespace kache {
namespace {

// Read by the signal handler, so a plain number; written before the handler is installed.
volatile int64_t obey_from_ns = 0;

// RequestStop's. It stays blocked after Wait, so that it can't end a program that is stopping.
constexpr int kRequest = SIGUSR1;

// Safe in a signal handler.
int64_t MonotonicNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void EndAtOnce(int signal) {
  if (MonotonicNs() >= obey_from_ns) _exit(128 + signal);
}

}  // namespace

ShutdownSignal::ShutdownSignal(absl::Duration repeat_grace) : repeat_grace_(repeat_grace) {
  std::signal(SIGPIPE, SIG_IGN);
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGHUP);
  sigaddset(&signals_, kRequest);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

int ShutdownSignal::Wait(const std::function<void()>& on_hangup) {
  int signal = 0;
  while (sigwait(&signals_, &signal) != 0 || signal == SIGHUP) {
    if (signal == SIGHUP && on_hangup) on_hangup();
    signal = 0;
  }
  obey_from_ns = MonotonicNs() + absl::ToInt64Nanoseconds(repeat_grace_);
  struct sigaction action {};
  action.sa_handler = EndAtOnce;
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  // A terminal that is closed meanwhile changes nothing.
  std::signal(SIGHUP, SIG_IGN);
  // The other threads keep them blocked, so the kernel gives them to this one.
  sigset_t obeyed = signals_;
  sigdelset(&obeyed, kRequest);
  pthread_sigmask(SIG_UNBLOCK, &obeyed, nullptr);
  return signal == kRequest ? 0 : signal;
}

void ShutdownSignal::RequestStop() { kill(getpid(), kRequest); }

}  // namespace kache
