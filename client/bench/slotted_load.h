// What all loads keep: the slots, and the first error.
//
// One thread only.
#ifndef KACHE_CLIENT_BENCH_SLOTTED_LOAD_H_
#define KACHE_CLIENT_BENCH_SLOTTED_LOAD_H_

#include <string>
#include <vector>

#include "client/bench/load.h"

namespace kache::bench {

struct LoadSlot {
  Request request;
  std::vector<Outcome> outcomes;
};

// `Slot` derives from LoadSlot. Slots stay where they are.
template <class Slot>
class SlottedLoad : public LoadTransport {
 public:
  size_t slots() const final { return slots_.size(); }
  Request& request(size_t slot) final { return slots_[slot].request; }
  const std::vector<Outcome>& outcomes(size_t slot) const final { return slots_[slot].outcomes; }
  const std::string& first_error() const final { return first_error_; }

 protected:
  explicit SlottedLoad(size_t slots) : slots_(slots) {}
  void NoteError(const std::string& message) {
    if (first_error_.empty()) first_error_ = message;
  }

  std::vector<Slot> slots_;

 private:
  std::string first_error_;
};

}  // namespace kache::bench

#endif  // KACHE_CLIENT_BENCH_SLOTTED_LOAD_H_
