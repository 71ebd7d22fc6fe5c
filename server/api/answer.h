// The way out for one call's answer, as a handler sees it.
#ifndef KACHE_SERVER_API_ANSWER_H_
#define KACHE_SERVER_API_ANSWER_H_

#include "absl/status/status.h"

namespace kache {

class Answer {
 public:
  // Sends the response as it stands (OK), or the error alone. Call exactly once, from any thread;
  // request, response and this object may be gone when it returns.
  virtual void Finish(absl::Status status) = 0;

 protected:
  ~Answer() = default;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_ANSWER_H_
