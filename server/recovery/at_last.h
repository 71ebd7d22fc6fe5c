// Waits for several callbacks:
//
//   auto all = AtLast([] { ... });           // called once the last copy of `all` is gone
//   for (...) Send(..., [all](auto&&) {});   // each callback holds one
#ifndef KACHE_SERVER_RECOVERY_AT_LAST_H_
#define KACHE_SERVER_RECOVERY_AT_LAST_H_

#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"

namespace kache {

// Thread-compatible: all copies are for one thread. `done` may be empty.
inline std::shared_ptr<void> AtLast(absl::AnyInvocable<void()> done) {
  struct Last {
    explicit Last(absl::AnyInvocable<void()> call) : done(std::move(call)) {}
    ~Last() {
      if (done) done();
    }
    absl::AnyInvocable<void()> done;
  };
  return std::make_shared<Last>(std::move(done));
}

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_AT_LAST_H_
