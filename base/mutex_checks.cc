#include "base/mutex_checks.h"

#include "absl/synchronization/mutex.h"

namespace kache {

void SkipMutexChecks() { absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore); }

}  // namespace kache
