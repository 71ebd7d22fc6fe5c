// One direction of a proxied connection: bytes that were read from one socket and wait to be
// written to the other, each chunk not before its time. Bounded: when kMaxHeldBytes wait, nothing
// more is read, as a full network would do.
//
// Owns no socket. Thread-compatible.
#ifndef KACHE_TESTS_CHAOS_PROXY_STREAM_H_
#define KACHE_TESTS_CHAOS_PROXY_STREAM_H_

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>

namespace kache::chaos {

using Time = std::chrono::steady_clock::time_point;

class Stream {
 public:
  static constexpr size_t kMaxHeldBytes = 8 << 20;

  // Reads what is there; each byte may leave at `due`. False when the connection broke.
  bool ReadFrom(int socket, Time due);
  // Writes what is due; shuts `socket` down for writing after the last byte of a peer that closed.
  // False when the connection broke.
  bool WriteTo(int socket, Time now);

  bool WantsToRead() const { return !closed_ && held_bytes_ < kMaxHeldBytes; }
  bool WantsToWrite(Time now) const;
  bool Finished() const { return shut_down_; }
  // When the next chunk may leave; Time::max() when none waits.
  Time NextDue() const { return chunks_.empty() ? Time::max() : chunks_.front().due; }

 private:
  struct Chunk {
    Time due;
    std::string bytes;
    size_t written = 0;
  };

  std::deque<Chunk> chunks_;
  size_t held_bytes_ = 0;
  bool closed_ = false;     // by the peer that we read from
  bool shut_down_ = false;  // and we passed that on
};

}  // namespace kache::chaos

#endif  // KACHE_TESTS_CHAOS_PROXY_STREAM_H_
