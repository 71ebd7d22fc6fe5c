// CPU time of processes, user and system together. Linux only. Thread-safe.
#ifndef KACHE_CLIENT_BENCH_CPU_TIME_H_
#define KACHE_CLIENT_BENCH_CPU_TIME_H_

#include <optional>

#include "absl/time/time.h"

namespace kache::bench {

absl::Duration OwnCpuTime();

// Nothing where there is no such process. Counted in hundredths of a second.
std::optional<absl::Duration> CpuTimeOf(int pid);

}  // namespace kache::bench

#endif  // KACHE_CLIENT_BENCH_CPU_TIME_H_
