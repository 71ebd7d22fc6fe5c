#include "base/byte_budget.h"

namespace kache {
namespace {

constexpr int64_t kPartForSmall = 8;

class Held {
 public:
  Held(ByteBudget& budget, int64_t bytes) : budget_(budget), bytes_(bytes) {}
  ~Held() { budget_.Release(bytes_); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  ByteBudget& budget_;
  const int64_t bytes_;
};

}  // namespace

bool ByteBudget::Admit(int64_t bytes, int64_t own, int64_t size) {
  const bool small = (size > 0 ? size : bytes + own) <= kSmallBytes;
  const int64_t bound = small ? bound_ : bound_ - bound_ / kPartForSmall;
  const int64_t before = bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (before + bytes <= bound || before <= own) return true;
  Release(bytes);
  if (refusals_ != nullptr) refusals_->Increment();
  return false;
}

ByteBudget::Hold ByteBudget::HoldUntilGone(int64_t bytes) {
  return std::make_shared<const Held>(*this, bytes);
}

}  // namespace kache
