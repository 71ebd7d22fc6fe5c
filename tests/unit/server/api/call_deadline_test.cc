#include "server/api/call_deadline.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

namespace kache {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr DeadlineRules kRules{.default_timeout = absl::Milliseconds(700),
                               .longest = absl::Seconds(60)};

gpr_timespec InMs(int64_t ms, gpr_clock_type clock = GPR_CLOCK_MONOTONIC) {
  return gpr_time_add(gpr_now(clock), gpr_time_from_millis(ms, GPR_TIMESPAN));
}

TEST(CallDeadline, DefaultsWhereTheCallerSetNone) {
  const MonotonicTime now = std::chrono::steady_clock::now();
  EXPECT_EQ(CallDeadline(gpr_inf_future(GPR_CLOCK_MONOTONIC), now, kRules),
            now + milliseconds(700));
  EXPECT_EQ(CallDeadline(gpr_inf_future(GPR_CLOCK_REALTIME), now, kRules), now + milliseconds(700));
}

TEST(CallDeadline, TakesTheCallers) {
  const MonotonicTime now = std::chrono::steady_clock::now();
  const MonotonicTime deadline = CallDeadline(InMs(5000), now, kRules);
  // The clocks are read one after the other, on a machine that may be busy.
  EXPECT_GE(deadline, now + milliseconds(5000));
  EXPECT_LT(deadline, now + milliseconds(8000));
}

TEST(CallDeadline, UnderstandsTheRealTimeClock) {
  const MonotonicTime now = std::chrono::steady_clock::now();
  const MonotonicTime deadline = CallDeadline(InMs(5000, GPR_CLOCK_REALTIME), now, kRules);
  EXPECT_GT(deadline, now + milliseconds(4000));
  EXPECT_LT(deadline, now + milliseconds(8000));
}

TEST(CallDeadline, CapsFarDeadlines) {
  const MonotonicTime now = std::chrono::steady_clock::now();
  EXPECT_EQ(CallDeadline(InMs(61000), now, kRules), now + seconds(60));
  // The largest that the wire format can express, about 12,000 years.
  EXPECT_EQ(CallDeadline(InMs(int64_t{99999999} * 3600 * 1000), now, kRules), now + seconds(60));
}

TEST(CallDeadline, ShowsThatTheCallHasExpired) {
  const MonotonicTime now = std::chrono::steady_clock::now() + milliseconds(50);
  EXPECT_LE(CallDeadline(InMs(-10000), now, kRules), now);
  EXPECT_LE(CallDeadline(gpr_inf_past(GPR_CLOCK_MONOTONIC), now, kRules), now);
}

TEST(StreamDeadline, IsTheCallersOrNone) {
  const MonotonicTime now = std::chrono::steady_clock::now();
  EXPECT_EQ(StreamDeadline(gpr_inf_future(GPR_CLOCK_REALTIME)), MonotonicTime::max());
  EXPECT_GE(StreamDeadline(InMs(3600 * 1000)), now + seconds(3600));
  EXPECT_GT(StreamDeadline(InMs(int64_t{99999999} * 3600 * 1000)), now + seconds(3600));
  EXPECT_LE(StreamDeadline(InMs(-10000)), now);
}

TEST(OperationDeadline, CountsFromTheMessagesArrival) {
  const MonotonicTime arrived(seconds(1000));
  const MonotonicTime never = MonotonicTime::max();
  EXPECT_EQ(OperationDeadline(0, arrived, never, kRules), arrived + milliseconds(700));
  EXPECT_EQ(OperationDeadline(50, arrived, never, kRules), arrived + milliseconds(50));
  EXPECT_EQ(OperationDeadline(UINT32_MAX, arrived, never, kRules), arrived + seconds(60));
}

TEST(OperationDeadline, IsNotBeyondTheStreams) {
  const MonotonicTime arrived(seconds(1000));
  EXPECT_EQ(OperationDeadline(0, arrived, arrived + milliseconds(20), kRules),
            arrived + milliseconds(20));
}

}  // namespace
}  // namespace kache
