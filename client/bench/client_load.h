// The load through kache::Client, as a program that uses the library would make it: asynchronous
// calls of one key, which the client batches by itself, with its retries and failover.
//
// One thread only.
#ifndef KACHE_CLIENT_BENCH_CLIENT_LOAD_H_
#define KACHE_CLIENT_BENCH_CLIENT_LOAD_H_

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/bench/slotted_load.h"
#include "client/client.h"

namespace kache::bench {

struct ClientLoadOptions {
  std::vector<std::string> servers;  // host:port
  size_t streams = 1;                // to each server; 0 = unary calls
  size_t slots = 1;
  absl::Duration timeout = absl::Seconds(1);
  absl::Duration ttl;  // zero = for ever
  Consistency consistency = Consistency::kOne;
  ChannelSecurityOptions security = {};
};

struct ClientSlot : LoadSlot {
  // What came; the client's threads write it before the slot is told to have ended.
  absl::Status status;
  absl::StatusOr<GetResult> found;
};

class ClientLoad final : public SlottedLoad<ClientSlot> {
 public:
  // What Client::Create fails with.
  static absl::StatusOr<std::unique_ptr<ClientLoad>> Create(const ClientLoadOptions& options);

  void Start(size_t slot) override;
  bool Wait(Instant until, size_t* slot) override;

 private:
  explicit ClientLoad(const ClientLoadOptions& options);
  void End(size_t slot);
  void TakeOutcome(ClientSlot& slot);

  const ClientLoadOptions options_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<size_t> ended_ ABSL_GUARDED_BY(mutex_);
  std::deque<size_t> taken_;        // the bench's thread alone
  std::unique_ptr<Client> client_;  // last: its callbacks use the others
};

}  // namespace kache::bench

#endif  // KACHE_CLIENT_BENCH_CLIENT_LOAD_H_
