// A whole run: fills the keys, warms up, measures.
#ifndef KACHE_CLIENT_BENCH_RUN_H_
#define KACHE_CLIENT_BENCH_RUN_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "client/bench/options.h"
#include "client/bench/report.h"

namespace kache::bench {

// Called about once a second with a line for people, from the calling thread.
using OnProgress = std::function<void(const std::string& line)>;

// UNAVAILABLE when no key could be filled, or the gateway's name does not resolve.
absl::StatusOr<Report> Run(const Options& options, const OnProgress& on_progress);

}  // namespace kache::bench

#endif  // KACHE_CLIENT_BENCH_RUN_H_
