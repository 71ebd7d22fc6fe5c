#include "http/held_bytes.h"

#include <algorithm>
#include <utility>

#include "base/fair_share.h"

namespace kache {
namespace {

// As base/byte_budget.cc has it.
constexpr int64_t kPartForSmall = 8;

int64_t Counted(uint64_t bytes) {
  return static_cast<int64_t>(bytes - std::min(bytes, HeldBytes::kUncountedBytes));
}

}  // namespace

void HeldBytes::Share::Set(uint64_t bytes) {
  const int64_t counted = Counted(bytes);
  if (counted == counted_) return;
  all_.budget_.Count(counted - counted_);
  CountForAddress(counted, small_);
}

void HeldBytes::Share::CountForAddress(int64_t counted, bool small) {
  const int64_t before = std::exchange(counted_, counted);
  const bool was_small = std::exchange(small_, small);
  if (address_ == nullptr) return;
  address_->bytes.fetch_add(counted - before, std::memory_order_relaxed);
  if (!small && !was_small) return;
  address_->of_small.fetch_add((small ? counted : 0) - (was_small ? before : 0),
                               std::memory_order_relaxed);
}

bool HeldBytes::Share::IsOverShareOfAddress(int64_t more, bool small) const {
  if (address_ == nullptr) return false;
  const int64_t held = all_.budget_.bytes();
  if (held <= counted_) return false;  // alone
  const int64_t own = address_->bytes.load(std::memory_order_relaxed);
  const int64_t bound = all_.budget_.bound();
  if (!small) return IsOverFairShare(bound - bound / kPartForSmall, held, own, more);
  return IsOverFairShare(bound, held, own, more) &&
         address_->of_small.load(std::memory_order_relaxed) + more > bound - held - more;
}

bool HeldBytes::Share::TrySet(uint64_t bytes, uint64_t expected) {
  const int64_t counted = Counted(bytes);
  if (counted <= counted_) {
    Set(bytes);
    return true;
  }
  const auto in_all = static_cast<int64_t>(std::max(bytes, expected));
  const bool small = in_all <= ByteBudget::kSmallBytes;
  const int64_t more = counted - counted_;
  if (IsOverShareOfAddress(more, small)) return false;
  if (!all_.budget_.Admit(more, counted_, in_all)) return false;
  CountForAddress(counted, small);
  return true;
}

}  // namespace kache
