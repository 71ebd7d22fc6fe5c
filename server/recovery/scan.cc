#include "server/recovery/scan.h"

#include <utility>

namespace kache {

void Scan::Pump(MonotonicTime now) {
  if (reading_ || done_ || !status_.ok()) return;
  if (at_work_ == 0) safe_ = next_;
  if (at_work_ >= kPagesAtOnce || !pace_.Ready(now)) return;
  reading_ = true;
  ++at_work_;
  do_page_(
      next_,
      [this](const std::string& next_cursor) {
        reading_ = false;
        next_ = next_cursor;
        done_ = next_cursor == "0";
        Pump(clock_.Monotonic());
      },
      [this](absl::StatusOr<PageResult> page) {
        --at_work_;
        if (page.ok()) {
          pace_.Spend(cost_(*page));
        } else {
          reading_ = false;
          if (status_.ok()) status_ = page.status();
        }
        Pump(clock_.Monotonic());
      });
}

}  // namespace kache
