#include "client/bench/run.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "base/strings.h"
#include "client/bench/client_load.h"
#include "client/bench/cpu_time.h"
#include "client/bench/grpc_load.h"
#include "client/bench/pacer.h"
#include "client/bench/pipeline_load.h"
#include "client/bench/rest_load.h"
#include "client/bench/worker.h"
#include "client/messages.h"

namespace kache::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::duration_cast;

constexpr absl::Duration kProgressInterval = absl::Seconds(1);
// Writes of different workers have different numbers.
constexpr int kWriteBits = 48;

// Every key once, in order; shared by all workers.
class FillSource final : public OperationSource {
 public:
  FillSource(std::atomic<uint64_t>* next, uint64_t keys) : next_(next), keys_(keys) {}
  bool Next(size_t count, Kind* kind, std::vector<uint64_t>* keys) override {
    *kind = Kind::kPut;
    keys->clear();
    while (keys->size() < count) {
      const uint64_t key = next_->fetch_add(1, std::memory_order_relaxed);
      if (key >= keys_) break;
      keys->push_back(key);
    }
    return !keys->empty();
  }

 private:
  std::atomic<uint64_t>* const next_;
  const uint64_t keys_;
};

class WorkloadSource final : public OperationSource {
 public:
  explicit WorkloadSource(Workload workload) : workload_(std::move(workload)) {}
  bool Next(size_t count, Kind* kind, std::vector<uint64_t>* keys) override {
    *kind = workload_.NextKind();
    keys->clear();
    while (keys->size() < count) keys->push_back(workload_.NextKey(*kind));
    return true;
  }

 private:
  Workload workload_;
};

Instant After(Instant instant, absl::Duration duration) {
  return instant + duration_cast<Instant::duration>(absl::ToChronoNanoseconds(duration));
}

// Thread i of the options' threads has every i-th slot and connection.
size_t ShareOf(size_t all, size_t i, size_t threads) { return all / threads + (i < all % threads); }

class Runner {
 public:
  Runner(const Options& options, const ChannelSecurity& security, const OnProgress& on_progress)
      : options_(options),
        security_(security),
        on_progress_(on_progress),
        values_(options.value_sizes) {
    for (size_t i = 0; i < options.threads; ++i) {
      recorders_.push_back(std::make_unique<Recorder>());
    }
  }

  absl::StatusOr<Report> Run() {
    for (size_t i = 0; i < options_.threads; ++i) {
      absl::StatusOr<std::unique_ptr<LoadTransport>> transport = Connect(i);
      if (!transport.ok()) return transport.status();
      transports_.push_back(*std::move(transport));
    }
    if (options_.fill) {
      if (absl::Status filled = Fill(); !filled.ok()) return filled;
    }
    return Measure();
  }

 private:
  absl::StatusOr<std::unique_ptr<LoadTransport>> Connect(size_t thread) const {
    const size_t slots = ShareOf(options_.concurrency, thread, options_.threads);
    if (options_.mode == Mode::kRest) {
      return RestLoad::Create(
          {options_.gateway, slots, options_.timeout, options_.ttl, security_.authorization()});
    }
    if (options_.mode == Mode::kClient) {
      return ClientLoad::Create({options_.servers, options_.streams, slots, options_.timeout,
                                 options_.ttl, FromMessage(options_.consistency),
                                 options_.security});
    }
    GrpcLoadOptions grpc;
    grpc.servers = options_.servers;
    // Threads begin with different servers.
    std::rotate(grpc.servers.begin(),
                grpc.servers.begin() + static_cast<ptrdiff_t>(thread % grpc.servers.size()),
                grpc.servers.end());
    grpc.connections = std::max<size_t>(1, ShareOf(options_.connections, thread, options_.threads));
    grpc.slots = slots;
    grpc.batches = options_.mode == Mode::kBatch;
    grpc.timeout = options_.timeout;
    grpc.ttl = options_.ttl;
    grpc.consistency = options_.consistency;
    grpc.security = security_;
    if (options_.mode == Mode::kPipeline) return std::make_unique<PipelineLoad>(grpc);
    return std::make_unique<GrpcLoad>(grpc);
  }

  // One worker for each thread; `source(i)` gives its operations. Returns when all have ended.
  template <class Source>
  void RunWorkers(Source source, Instant start, Instant end, double rate, Instant record_from,
                  absl::Duration longest) {
    const WorkerOptions worker_options = {options_.key_prefix, options_.batch, options_.check,
                                          record_from};
    std::vector<std::thread> threads;
    std::atomic<size_t> running = options_.threads;
    for (size_t i = 0; i < options_.threads; ++i) {
      threads.emplace_back([&, i] {
        const std::unique_ptr<OperationSource> operations = source(i);
        Worker worker(worker_options, values_, *operations, *transports_[i], *recorders_[i],
                      (phase_ * options_.threads + i + 1) << kWriteBits);
        worker.Run(Pacer(start, end, rate), SteadyClock::now);
        --running;
      });
    }
    Watch(running, longest);
    for (std::thread& thread : threads) thread.join();
    ++phase_;
  }

  // Tells of the progress until all workers have ended.
  void Watch(const std::atomic<size_t>& running, absl::Duration longest) {
    const absl::Time start = absl::Now();
    absl::Time shown = start;
    Measured before = Sum();
    const absl::Duration step = std::min(absl::Milliseconds(10), longest);
    while (running.load() > 0) {
      absl::SleepFor(step);
      const absl::Time now = absl::Now();
      if (!on_progress_ || now - shown < kProgressInterval) continue;
      Measured measured = Sum();
      on_progress_(ProgressText(measured, before, now - start, now - shown));
      before = std::move(measured);
      shown = now;
    }
  }

  Measured Sum() const {
    Measured sum;
    for (const std::unique_ptr<Recorder>& recorder : recorders_) sum.Merge(recorder->Copy());
    return sum;
  }

  absl::Status Fill() {
    std::atomic<uint64_t> next = 0;
    const Instant now = SteadyClock::now();
    RunWorkers([&](size_t) { return std::make_unique<FillSource>(&next, options_.keys); }, now,
               Instant::max(), /*rate=*/0, now, absl::InfiniteDuration());
    const Measured filled = Sum();
    for (const std::unique_ptr<Recorder>& recorder : recorders_) recorder->Clear();
    if (!IsFailure(filled)) return absl::OkStatus();
    return absl::UnavailableError(Concat("no key could be written: ", FirstError()));
  }

  absl::StatusOr<Report> Measure() {
    std::atomic<uint64_t> keys = options_.keys;
    const Instant start = SteadyClock::now();
    const Instant record_from = After(start, options_.warmup);
    const absl::Duration whole = options_.warmup + options_.duration;
    Report report;
    report.options = options_;
    std::thread cpu([&] { MeasureCpu(record_from, After(start, whole), &report); });
    RunWorkers(
        [&](size_t i) {
          return std::make_unique<WorkloadSource>(Workload(options_.mix, &keys, options_.seed + i));
        },
        start, After(start, whole), options_.rate / static_cast<double>(options_.threads),
        record_from, whole);
    cpu.join();
    report.measured = Sum();
    report.elapsed = options_.duration;
    report.first_error = FirstError();
    return report;
  }

  // CPU time between two instants, of ourselves and of the processes that were named.
  void MeasureCpu(Instant from, Instant to, Report* report) const {
    std::this_thread::sleep_until(from);
    const absl::Duration own = OwnCpuTime();
    std::vector<absl::Duration> theirs;
    for (const int pid : options_.pids) theirs.push_back(CpuTimeOf(pid).value_or(absl::Duration()));
    std::this_thread::sleep_until(to);
    report->own_cpu = OwnCpuTime() - own;
    for (size_t i = 0; i < options_.pids.size(); ++i) {
      const absl::Duration now = CpuTimeOf(options_.pids[i]).value_or(theirs[i]);
      report->processes.push_back({options_.pids[i], now - theirs[i]});
    }
  }

  std::string FirstError() const {
    for (const std::unique_ptr<LoadTransport>& transport : transports_) {
      if (!transport->first_error().empty()) return transport->first_error();
    }
    return "";
  }

  const Options& options_;
  const ChannelSecurity& security_;
  const OnProgress& on_progress_;
  const ValueMaker values_;
  uint64_t phase_ = 0;
  std::vector<std::unique_ptr<Recorder>> recorders_;  // by thread
  std::vector<std::unique_ptr<LoadTransport>> transports_;
};

}  // namespace

absl::StatusOr<Report> Run(const Options& options, const OnProgress& on_progress) {
  const absl::StatusOr<ChannelSecurity> security = ChannelSecurity::Make(options.security);
  if (!security.ok()) return security.status();
  return Runner(options, *security, on_progress).Run();
}

}  // namespace kache::bench
