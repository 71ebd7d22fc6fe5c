#include "server/api/capture_watch.h"

namespace kache {

bool CaptureWatch::IsCaptured(std::span<const QueueWork> queues) {
  turn_began_.resize(queues.size());
  bool captured = false;
  for (size_t i = 0; i < queues.size(); ++i) {
    if (queues[i].turns != turn_began_[i].turns) turn_began_[i] = queues[i];
    if (queues[i].cpu - turn_began_[i].cpu >= kPatience) captured = true;
  }
  return captured;
}

}  // namespace kache
