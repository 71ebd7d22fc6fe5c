#include "server/recovery/scan.h"

#include <utility>

namespace kache {

void Scan::Pump(MonotonicTime now) {
  if (reading_ || done_ || !status_.ok()) return;
  if (at_work_ >= kPagesAtOnce || !pace_.Ready(now)) return;
  reading_ = true;
  ++at_work_;
  const uint64_t number = first_page_ + pages_.size();
  pages_.push_back({next_});
  do_page_(
      next_,
      [this](const std::string& next_cursor) {
        reading_ = false;
        next_ = next_cursor;
        done_ = next_cursor == "0";
        Pump(clock_.Monotonic());
      },
      [this, number](const absl::StatusOr<PageResult>& page) { OnPage(number, page); });
}

void Scan::OnPage(uint64_t number, const absl::StatusOr<PageResult>& page) {
  --at_work_;
  if (page.ok()) {
    pace_.Spend(cost_(*page));
    pages_[number - first_page_].done = true;
    for (; !pages_.empty() && pages_.front().done; ++first_page_) pages_.pop_front();
  } else {
    reading_ = false;
    if (status_.ok()) status_ = page.status();
  }
  Pump(clock_.Monotonic());
}

}  // namespace kache
