// The fills that callers of this process have under way, so that further callers of such a key wait
// here instead of asking a server.
//
// Invariants
//   1. A caller joins a fill only while it may be joined: until its value is sent to a server. So
//      the fill is checked against newer writes after every caller that waits for it has come.
//   2. Who waits gets the value only where it was stored. Else they ask for themselves.
//
// Thread-safe. Does not call back.
#ifndef KACHE_CLIENT_FLIGHTS_H_
#define KACHE_CLIENT_FLIGHTS_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "base/clock.h"

namespace kache {

class Flights {
 public:
  struct Flight {
    bool is_over = false;
    std::optional<std::string> value;  // that was stored
  };

  // A fill that may be joined from now on. One for the key that is under way is not any more.
  std::shared_ptr<Flight> Begin(std::string_view key);
  // It may not be joined any more.
  void Close(std::string_view key, const std::shared_ptr<Flight>& flight);
  // Tells all who wait. `value`: nullopt = it was not stored. Closes it.
  void End(std::string_view key, const std::shared_ptr<Flight>& flight,
           std::optional<std::string> value);

  // Waits for the key's fill until `by`, if there is one. `joined`: whether there was. Returns the
  // value that was stored; nullopt = none, or it is late.
  std::optional<std::string> Join(std::string_view key, MonotonicTime by, bool* joined);

 private:
  void CloseLocked(std::string_view key, const std::shared_ptr<Flight>& flight)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  std::mutex mutex_;
  std::condition_variable ended_;
  absl::flat_hash_map<std::string, std::shared_ptr<Flight>> open_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kache

#endif  // KACHE_CLIENT_FLIGHTS_H_
