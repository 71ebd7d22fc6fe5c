// What a node holds, and what it answers to the scripts by which records are copied: for tests of
// those who copy, over fake nodes.
//
//   FakeStore store(clock);
//   store.Hold("kache:d:k", record, ends_ms);
//   ... the code under test is given store.client() ...
//   while (store.Serve()) {}
//   EXPECT_EQ(store.At("kache:d:k")->bytes, record);
//
// Answers no other command. Thread-compatible.
#ifndef KACHE_TESTS_TESTING_FAKE_STORE_H_
#define KACHE_TESTS_TESTING_FAKE_STORE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "server/recovery/process_memory.h"
#include "server/redis/reply.h"
#include "tests/testing/fake_node_client.h"
#include "tests/testing/held_records.h"

namespace kache::testing {

class FakeStore {
 public:
  using Held = HeldRecords::Held;

  // `clock` outlives the store.
  explicit FakeStore(const Clock& clock) : clock_(clock), client_(clock) {}

  FakeNodeClient& client() { return client_; }
  void Hold(const std::string& key, const std::string& bytes, int64_t ends_ms = 0) {
    records_.Hold(key, bytes, ends_ms);
  }
  void Forget(const std::string& key) { records_.Forget(key); }
  // It restarts empty; or is told FLUSHALL, or FLUSHDB of another database.
  void Restart() {
    records_ = {};
    memory_ = {.run_id = memory_.run_id + "'"};
  }
  void FlushAll() {
    records_ = {};
    memory_.fence = {};
    FlushAnother();
  }
  void FlushAnother() { ++memory_.emptied; }
  const ProcessMemory& memory() const { return memory_; }
  // Nullopt where the key does not exist.
  std::optional<Held> At(const std::string& key) const { return records_.At(key, NowMs()); }
  // How many keys a page of SCAN has at most.
  void set_page_keys(size_t keys) { page_keys_ = keys; }
  // Answers the command that comes `after` so many others with that, once, in place of its own.
  void AnswerOnce(size_t after, absl::StatusOr<redis::Reply> reply) {
    odd_ = {answered_ + after, std::move(reply)};
  }

  // Answers the oldest command that waits, if any does.
  bool Serve();
  // How often it was sent that script.
  size_t Calls(const redis::Script& script) const;

 private:
  redis::Reply Reply(const FakeNodeClient::Sent& sent);
  int64_t NowMs() const { return absl::ToUnixMillis(clock_.Now()); }

  const Clock& clock_;
  FakeNodeClient client_;
  size_t answered_ = 0;
  size_t page_keys_ = SIZE_MAX;
  std::optional<std::pair<size_t, absl::StatusOr<redis::Reply>>> odd_;
  HeldRecords records_;
  ProcessMemory memory_{.run_id = "run", .fence = FenceNumber{7}};
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_FAKE_STORE_H_
