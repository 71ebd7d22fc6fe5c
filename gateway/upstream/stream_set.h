// The Pipeline streams to all Kache servers: each worker has one of its own to every server.
//
// An entry of KACHE_SERVERS may stand for many addresses, of which gRPC picks another for each new
// stream. So a new stream is opened every now and then: if it leads to a server that has one, it
// takes its place; else it joins. Streams that break are opened again after a back-off.
//
// A server is trusted with operations only once it has answered the opening of a stream, so one
// that is frozen gets none after its first stream was given up.
//
// Thread-safe. Owns a thread, which looks at all streams every kTick.
#ifndef KACHE_GATEWAY_UPSTREAM_STREAM_SET_H_
#define KACHE_GATEWAY_UPSTREAM_STREAM_SET_H_

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"
#include "gateway/upstream/server_set.h"
#include "gateway/upstream/server_stream.h"
#include "gateway/upstream/upstream_metrics.h"

namespace kache::gateway {

class StreamSet {
 public:
  static constexpr absl::Duration kTick = absl::Milliseconds(25);
  // Larger values travel by unary calls, so as not to stall those behind them.
  static constexpr size_t kMaxValueBytes = size_t{64} << 10;

  // Opens streams in the background. `servers` and `metrics` outlive it.
  StreamSet(const ServerSet& servers, size_t workers, UpstreamMetrics& metrics);
  ~StreamSet();  // stops

  // As ServerStream::Send, on one of the worker's streams in turn. False: none can take it, and the
  // operation is to be sent otherwise.
  bool Send(size_t worker, v1::PipelineOperation* operation, MonotonicTime deadline,
            ServerStream::Done& done);

  // Fails what is unanswered, and everything from now on; returns when all streams are over.
  void Stop();

 private:
  struct Entry {  // of KACHE_SERVERS
    std::vector<std::shared_ptr<ServerStream>> open;
    std::shared_ptr<ServerStream> opening;
    MonotonicTime next_opening;
    int failures = 0;
  };
  struct Worker {
    std::mutex mutex;
    std::vector<Entry> entries;
    std::vector<std::shared_ptr<ServerStream>> retired;  // until over
    std::vector<std::shared_ptr<ServerStream>> usable;
    size_t next = 0;
  };

  void Run();
  // All require the worker's lock.
  void Renew(Worker& worker, MonotonicTime now);
  void DropOver(Entry& entry, MonotonicTime now);
  void CheckOpening(Worker& worker, Entry& entry, MonotonicTime now);
  std::vector<std::shared_ptr<ServerStream>> All(const Worker& worker) const;

  const ServerSet& servers_;
  UpstreamMetrics& metrics_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::mutex stop_mutex_;
  std::condition_variable stop_condition_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_UPSTREAM_STREAM_SET_H_
