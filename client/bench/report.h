// What a run found, for people and for machines. Pure; thread-safe.
#ifndef KACHE_CLIENT_BENCH_REPORT_H_
#define KACHE_CLIENT_BENCH_REPORT_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/bench/options.h"
#include "client/bench/recorder.h"

namespace kache::bench {

struct ProcessCpu {
  int pid = 0;
  absl::Duration cpu;
};

struct Report {
  Options options;
  Measured measured;
  absl::Duration elapsed;  // of the measured part
  absl::Duration own_cpu;
  std::vector<ProcessCpu> processes;  // of --pid
  std::string first_error;            // for people
};

std::string ReportText(const Report& report);
std::string ReportJson(const Report& report);

// One line for the second that has just passed: `now` and `before` are what was measured by its
// end and its begin.
std::string ProgressText(const Measured& now, const Measured& before, absl::Duration elapsed,
                         absl::Duration interval);

// A failure: nothing succeeded, or a value was wrong.
bool IsFailure(const Measured& measured);

}  // namespace kache::bench

#endif  // KACHE_CLIENT_BENCH_REPORT_H_
