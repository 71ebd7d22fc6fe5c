// One thread of the load: starts requests as its pacer says, and records what becomes of them.
//
// One thread only, but for the recorder.
#ifndef KACHE_CLIENT_BENCH_WORKER_H_
#define KACHE_CLIENT_BENCH_WORKER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "client/bench/load.h"
#include "client/bench/pacer.h"
#include "client/bench/recorder.h"
#include "client/bench/value_maker.h"
#include "client/bench/workload.h"

namespace kache::bench {

struct WorkerOptions {
  std::string key_prefix = "kache-bench:";
  size_t keys_per_request = 1;
  bool check = false;
  Instant record_from;  // what is due earlier is warm-up and not recorded
};

// Gives the next operation; kind and keys. Workload for a run, a counter for the filling.
class OperationSource {
 public:
  virtual ~OperationSource() = default;
  // False when there is none left.
  virtual bool Next(size_t count, Kind* kind, std::vector<uint64_t>* keys) = 0;
};

class Worker {
 public:
  // All are borrowed, and outlive it. `first_write` numbers the values that it writes; those of two
  // workers should not meet.
  Worker(const WorkerOptions& options, const ValueMaker& values, OperationSource& source,
         LoadTransport& transport, Recorder& recorder, uint64_t first_write);

  // Until the pacer has ended, or the source, and all that was started was answered.
  void Run(Pacer pacer, const std::function<Instant()>& now);

 private:
  struct Running {
    Kind kind = Kind::kGet;
    bool writing = false;  // the second half of a read-modify-write
    std::vector<uint64_t> keys;
    Instant due;
  };

  // False when the source has no more.
  bool StartNext(Instant due);
  void Send(size_t slot, Action action);
  void OnAnswer(size_t slot, Instant now);
  void Record(size_t slot, const Running& running, Instant now);
  // Also during the warm-up.
  void CheckValues(const Running& running, const std::vector<Outcome>& outcomes);

  const WorkerOptions options_;
  const ValueMaker& values_;
  OperationSource& source_;
  LoadTransport& transport_;
  Recorder& recorder_;
  uint64_t next_write_;
  std::vector<Running> running_;  // by slot
  std::vector<size_t> free_;      // slots
};

}  // namespace kache::bench

#endif  // KACHE_CLIENT_BENCH_WORKER_H_
