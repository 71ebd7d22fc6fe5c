#include "client/stamp_clock.h"

#include <algorithm>
#include <random>

namespace kache {
namespace {

constexpr int kCounterBits = 16;  // of a timestamp; and those of a clock that are not its id

// From the operating system each time: a generator of this process would draw the same again in a
// process that was forked off it.
uint64_t RandomId() {
  std::random_device random;
  uint64_t id = 0;
  while (id == 0) id = (uint64_t{random()} << 32 | random()) << kCounterBits;
  return id;
}

}  // namespace

int64_t MillisOf(uint64_t timestamp) { return static_cast<int64_t>(timestamp >> kCounterBits); }

uint64_t TimestampAt(absl::Time time) {
  return static_cast<uint64_t>(std::max<int64_t>(absl::ToUnixMillis(time), 0)) << kCounterBits;
}

bool IsOfStamp(const Version& version, const Version& stamp) {
  return version.timestamp == stamp.timestamp &&
         version.clock >> kCounterBits == stamp.clock >> kCounterBits;
}

StampClock::StampClock() : id_(RandomId()) {}

Version StampClock::Next(absl::Time now) {
  const uint64_t at_least = TimestampAt(now);
  while (true) {
    const uint64_t id = id_.load(std::memory_order_acquire);
    if (id == kRestarting) continue;
    uint64_t last = last_.load(std::memory_order_relaxed);
    uint64_t next = 0;
    do {
      next = std::max(at_least, last + 1);
    } while (!last_.compare_exchange_weak(last, next, std::memory_order_acq_rel,
                                          std::memory_order_relaxed));
    // A Restart in between may have given the other line's time to this id: then once more.
    if (id_.load(std::memory_order_acquire) == id) return {next, id};
  }
}

std::optional<Version> StampClock::NextAbove(const Version& held, absl::Time now) {
  if (held.timestamp == UINT64_MAX) return std::nullopt;
  Observe(held, now);
  const Version stamp = Next(now);
  if (stamp.timestamp > held.timestamp) return stamp;
  return Version{held.timestamp + 1, RandomId()};
}

void StampClock::Observe(const Version& version, absl::Time now) {
  if (version.timestamp > TimestampAt(now + kMaxFollow)) return;
  uint64_t last = last_.load(std::memory_order_relaxed);
  while (last < version.timestamp &&
         !last_.compare_exchange_weak(last, version.timestamp, std::memory_order_relaxed)) {
  }
}

bool StampClock::GaveLater(const Version& version, const Version& stamp) const {
  return version.clock >> kCounterBits == id() >> kCounterBits &&
         version.timestamp > stamp.timestamp &&
         version.timestamp <= last_.load(std::memory_order_relaxed);
}

void StampClock::Restart(const Version& refused, absl::Time now) {
  const std::lock_guard lock(mutex_);
  if (refused.clock != id_.load(std::memory_order_relaxed)) return;
  id_.store(kRestarting, std::memory_order_relaxed);
  last_.store(TimestampAt(now), std::memory_order_release);
  id_.store(RandomId(), std::memory_order_release);
}

}  // namespace kache
