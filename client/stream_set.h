// The Pipeline streams to all Kache servers: each lane has one of its own to every server.
//
// An address may stand for many addresses, of which gRPC picks another for each new
// stream. So a new stream is opened every now and then: if it leads to a server that has one, it
// takes its place; else it joins. Streams that break are opened again after a back-off.
//
// A server is trusted with operations only once it has answered the opening of a stream, so one
// that is frozen gets none after its first stream was given up.
//
// Thread-safe. Owns a thread, which looks at all streams every kTick.
#ifndef KACHE_CLIENT_STREAM_SET_H_
#define KACHE_CLIENT_STREAM_SET_H_

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"
#include "client/client_queue.h"
#include "client/cluster_time.h"
#include "client/retry_budget.h"
#include "client/server_set.h"
#include "client/server_stream.h"
#include "client/transport_observer.h"

namespace kache {

class StreamSet {
 public:
  static constexpr absl::Duration kTick = absl::Milliseconds(25);

  using Queues = std::vector<std::unique_ptr<ClientQueue>>;

  // Opens streams in the background. All that it is given outlives it; lane i is on queue i.
  // Without lanes it has no streams and takes no operation. At most `max_queued_bytes` wait in all
  // streams together, but for one operation in each.
  StreamSet(ServerSet& servers, const Queues& queues, size_t lanes, size_t max_queued_bytes,
            RetryBudget& budget, TransportObserver& observer, ClusterTime& cluster_time);
  ~StreamSet();  // stops

  // As ServerStream::Send, on one of the lane's streams in turn; one to `*server` only where
  // there is no other. False: none can take it, and it is to be sent otherwise. `*server` then is
  // unchanged; else the one that took it, written before `done` can be called.
  bool Send(size_t lane, v1::PipelineOperation* operation, MonotonicTime deadline,
            std::optional<size_t>* server, ServerStream::Done& done);

  // Fails what is unanswered, and everything from now on; returns when all streams are over.
  void Stop();

 private:
  struct Entry {  // for each address
    std::vector<std::shared_ptr<ServerStream>> open;
    std::shared_ptr<ServerStream> opening;
    MonotonicTime next_opening;
    int failures = 0;
  };
  struct Usable {
    size_t server;
    std::shared_ptr<ServerStream> stream;
  };
  struct Lane {
    explicit Lane(ClientQueue& of) : queue(of) {}
    ClientQueue& queue;
    std::mutex mutex;
    std::vector<Entry> entries;
    std::vector<std::shared_ptr<ServerStream>> retired;  // until over
    std::vector<Usable> usable;
    size_t next = 0;
  };

  void Run();
  // All require the lane's lock.
  void Renew(Lane& lane, MonotonicTime now);
  static bool HasStreamTo(const Lane& lane, size_t server);
  void DropOver(Entry& entry, MonotonicTime now);
  void CheckOpening(Lane& lane, Entry& entry, MonotonicTime now);
  std::vector<std::shared_ptr<ServerStream>> All(const Lane& lane) const;

  ServerSet& servers_;
  const size_t max_queued_bytes_;
  RetryBudget& budget_;
  TransportObserver& observer_;
  ClusterTime& cluster_time_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::mutex stop_mutex_;
  std::condition_variable stop_condition_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace kache

#endif  // KACHE_CLIENT_STREAM_SET_H_
