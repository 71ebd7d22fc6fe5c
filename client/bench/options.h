// The command line of kache-bench.
//
// Thread-compatible.
#ifndef KACHE_CLIENT_BENCH_OPTIONS_H_
#define KACHE_CLIENT_BENCH_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/environment.h"
#include "base/host_port.h"
#include "client/bench/value_maker.h"
#include "client/bench/workload.h"
#include "kache/v1/kache.pb.h"
#include "security/channel/channel_security.h"

namespace kache::bench {

constexpr int kExitOk = 0;
constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;

enum class Mode { kUnary, kBatch, kPipeline, kClient, kRest };
const char* ModeName(Mode mode);

struct Options {
  Mode mode = Mode::kUnary;
  std::vector<std::string> servers;  // host:port, at least one
  HostPort gateway;                  // of kRest
  ChannelSecurityOptions security;   // never on the command line, where `ps` shows it
  std::string workload_name = "b";
  OperationMix mix;
  uint64_t keys = 100'000;
  std::string value_size_text = "100";
  ValueSizes value_sizes;
  std::string key_prefix = "kache-bench:";
  absl::Duration ttl = absl::Hours(1);
  size_t connections = 4;
  size_t streams = 1;       // of kClient, to each server; 0 = unary calls
  size_t concurrency = 64;  // requests in flight, over all threads
  size_t threads = 1;
  size_t batch = 1;  // keys of a request: more than one in kBatch and kPipeline
  double rate = 0;   // requests a second over all threads; 0 = closed loop
  absl::Duration duration = absl::Seconds(10);
  absl::Duration warmup = absl::Seconds(2);
  absl::Duration timeout = absl::Seconds(1);
  v1::Consistency consistency = v1::CONSISTENCY_UNSPECIFIED;
  bool fill = true;
  bool check = false;
  bool json = false;
  uint64_t seed = 1;
  std::vector<int> pids;  // whose CPU time is measured too
};

// Either options to act on, or what to print and the exit code.
struct Parsed {
  std::optional<Options> options;
  int exit_code = kExitOk;
  std::string out;
  std::string err;
};

// `words` are the arguments without the program's name.
Parsed ParseOptions(const std::vector<std::string>& words, const Environment& environment);

}  // namespace kache::bench

#endif  // KACHE_CLIENT_BENCH_OPTIONS_H_
