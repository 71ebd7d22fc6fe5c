#include "server/replication/lease_waits.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "server/replication/lease.h"
#include "server/replication/read_result.h"

namespace kache {

LeaseWaits::~LeaseWaits() { Clear(); }

bool LeaseWaits::Add(Waiter* waiter, const std::string& redis_key, NodeId holder,
                     absl::Duration left) {
  if (waiting_ >= kMost) return false;
  const MonotonicTime now = shard_.clock().Monotonic();
  const auto [found, is_new] = keys_.try_emplace(redis_key);
  Key& key = found->second;
  key.holder = holder;
  key.lease_ends = now + absl::ToChronoNanoseconds(left);
  if (is_new) {
    key.poll_due = now + absl::ToChronoNanoseconds(kPollInterval);
    key.number = next_number_++;
  }
  key.waiters.push_back(waiter);
  ++waiting_;
  return true;
}

void LeaseWaits::Remove(Waiter* waiter, const std::string& redis_key) {
  const auto found = keys_.find(redis_key);
  if (found == keys_.end()) return;
  const size_t removed = std::erase(found->second.waiters, waiter);
  waiting_ -= removed;
  if (found->second.waiters.empty()) keys_.erase(found);
}

void LeaseWaits::Tick() {
  const MonotonicTime now = shard_.clock().Monotonic();
  std::vector<std::string> ended;
  std::vector<std::string> due;
  for (const auto& [redis_key, key] : keys_) {
    if (now >= key.lease_ends) {
      ended.push_back(redis_key);
    } else if (now >= key.poll_due && !key.asked) {
      due.push_back(redis_key);
    }
  }
  for (const std::string& redis_key : ended) Wake(redis_key);
  for (const std::string& redis_key : due) {  // Waking may have ended some.
    const auto found = keys_.find(redis_key);
    if (found != keys_.end()) Poll(redis_key, found->second);
  }
}

void LeaseWaits::Poll(const std::string& redis_key, Key& key) {
  key.asked = true;
  key.poll_due = shard_.clock().Monotonic() + absl::ToChronoNanoseconds(kPollInterval);
  shard_.client(key.holder)
      .Send(ReadHeader(redis_key), shard_.options().try_timeout,
            [this, redis_key, number = key.number](const absl::StatusOr<redis::Reply>& reply) {
              const auto found = keys_.find(redis_key);
              if (found == keys_.end() || found->second.number != number) return;
              found->second.asked = false;
              if (!reply.ok() || !IsLeaseMark(reply->text)) Wake(redis_key);
            });
}

void LeaseWaits::Wake(const std::string& redis_key) {
  const auto found = keys_.find(redis_key);
  if (found == keys_.end()) return;
  const std::vector<Waiter*> waiters = std::move(found->second.waiters);
  waiting_ -= waiters.size();
  keys_.erase(found);
  for (Waiter* waiter : waiters) waiter->AskAgain();
}

void LeaseWaits::Clear() {
  std::map<std::string, Key> keys = std::exchange(keys_, {});
  waiting_ = 0;
  for (auto& [redis_key, key] : keys) {
    for (Waiter* waiter : key.waiters) waiter->GiveUp();
  }
}

}  // namespace kache
