// Goes once through all records of a node: page after page of SCAN, several of them at work at
// once, no faster than its pace.
//
// Loop thread only. Must not be destroyed from inside its own callbacks.
#ifndef KACHE_SERVER_RECOVERY_SCAN_H_
#define KACHE_SERVER_RECOVERY_SCAN_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "server/recovery/copier.h"
#include "server/recovery/pace.h"

namespace kache {

class Scan {
 public:
  static constexpr size_t kPagesAtOnce = 2;
  static constexpr size_t kPageKeys = 200;

  // Deals with the page that starts at `cursor`: `read` once the next cursor is known, then `done`.
  using DoPage =
      std::function<void(const std::string& cursor,
                         absl::AnyInvocable<void(const std::string&)> read, Copier::Done done)>;
  // What a page counts for against the pace.
  using Cost = std::function<double(const PageResult&)>;

  // `clock`, whose time the pace is fed with, and `pace` outlive it.
  Scan(DoPage do_page, Cost cost, Pace& pace, const Clock& clock)
      : do_page_(std::move(do_page)), cost_(std::move(cost)), pace_(pace), clock_(clock) {}

  // From `cursor` on; "0" = from the start.
  void Start(std::string cursor) { next_ = std::move(cursor); }
  // Begins a page if one may be begun now; each page that comes in begins the next. To be called
  // again and again, for when the pace holds it back.
  void Pump(MonotonicTime now);

  // All pages are dealt with, or one failed and none is at work any more.
  bool finished() const { return at_work_ == 0 && !reading_ && (done_ || !status_.ok()); }
  const absl::Status& status() const { return status_; }
  // Where a scan that is broken off may be taken up again: the first page that was not dealt with.
  // Means nothing once it is finished without an error.
  const std::string& safe_cursor() const { return pages_.empty() ? next_ : pages_.front().cursor; }

 private:
  struct Page {
    std::string cursor;
    bool done = false;
  };
  void OnPage(uint64_t number, const absl::StatusOr<PageResult>& page);

  DoPage do_page_;
  Cost cost_;
  Pace& pace_;
  const Clock& clock_;
  std::string next_ = "0";
  bool reading_ = false;  // the page at next_ was asked for, and its cursor has not come yet
  bool done_ = false;     // no further page
  size_t at_work_ = 0;
  std::deque<Page> pages_;   // from the first that was not dealt with, in order
  uint64_t first_page_ = 0;  // its number
  absl::Status status_;
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_SCAN_H_
