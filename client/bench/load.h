// The seam between the load and how it travels: a fixed number of slots, each with one request
// under way.
//
// One thread only.
#ifndef KACHE_CLIENT_BENCH_LOAD_H_
#define KACHE_CLIENT_BENCH_LOAD_H_

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace kache::bench {

using Instant = std::chrono::steady_clock::time_point;

enum class Action { kGet, kPut, kDelete };

// What one request asks for; filled by the load, kept by the slot, so that memory is used again.
struct Request {
  Action action = Action::kGet;
  std::vector<std::string> keys;    // one, or as many as a batch has
  std::vector<std::string> values;  // for kPut, as many as keys
};

// What became of one key.
struct Outcome {
  absl::StatusCode code = absl::StatusCode::kOk;
  bool found = false;      // of a kGet
  std::string_view value;  // of a kGet that found it; valid until the slot's next Start
};

class LoadTransport {
 public:
  virtual ~LoadTransport() = default;
  virtual size_t slots() const = 0;
  virtual Request& request(size_t slot) = 0;
  // Sends the slot's request. REQUIRES: none is under way in it.
  virtual void Start(size_t slot) = 0;
  // Waits for the end of a request until `until`, or shortly before: false when there is none.
  virtual bool Wait(Instant until, size_t* slot) = 0;
  // What became of the keys of the slot's last request, in order.
  virtual const std::vector<Outcome>& outcomes(size_t slot) const = 0;
  // For people: the first failure's message; empty when there was none.
  virtual const std::string& first_error() const = 0;
};

}  // namespace kache::bench

#endif  // KACHE_CLIENT_BENCH_LOAD_H_
