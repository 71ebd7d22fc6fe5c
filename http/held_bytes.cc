#include "http/held_bytes.h"

#include <algorithm>
#include <utility>

namespace kache {
namespace {

int64_t Counted(uint64_t bytes) {
  return static_cast<int64_t>(bytes - std::min(bytes, HeldBytes::kUncountedBytes));
}

}  // namespace

void HeldBytes::Share::Set(uint64_t bytes) {
  const int64_t counted = Counted(bytes);
  if (counted == counted_) return;
  all_.budget_.Count(counted - std::exchange(counted_, counted));
}

bool HeldBytes::Share::TrySet(uint64_t bytes, uint64_t expected) {
  const int64_t counted = Counted(bytes);
  if (counted <= counted_) {
    Set(bytes);
    return true;
  }
  const auto in_all = static_cast<int64_t>(std::max(bytes, expected));
  if (!all_.budget_.Admit(counted - counted_, counted_, in_all)) return false;
  counted_ = counted;
  return true;
}

}  // namespace kache
