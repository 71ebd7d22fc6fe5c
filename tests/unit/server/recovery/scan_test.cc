#include "server/recovery/scan.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "tests/testing/fake_clock.h"

namespace kache {
namespace {

class ScanTest : public ::testing::Test {
 protected:
  static constexpr double kRate = 1000;  // a burst is 50

  struct Page {
    std::string cursor;
    absl::AnyInvocable<void(const std::string&)> read;
    Copier::Done done;
  };

  void Pump() { scan_.Pump(clock_.Monotonic()); }
  std::vector<std::string> Asked() const { return asked_; }
  // Of the oldest page at work.
  void Read(const std::string& next, size_t page = 0) { pages_[page].read(next); }
  void Finish(uint64_t keys = 1, size_t page = 0) {
    PageResult result;
    result.seen = keys;
    End(std::move(result), page);
  }
  void End(absl::StatusOr<PageResult> result, size_t page = 0) {
    Page ended = std::move(pages_[page]);
    pages_.erase(pages_.begin() + static_cast<ptrdiff_t>(page));
    ended.done(std::move(result));
  }

  testing::FakeClock clock_;
  Pace pace_{kRate};
  std::deque<Page> pages_;  // at work
  std::vector<std::string> asked_;
  Scan scan_{[this](const std::string& cursor, absl::AnyInvocable<void(const std::string&)> read,
                    Copier::Done done) {
               asked_.push_back(cursor);
               pages_.push_back({cursor, std::move(read), std::move(done)});
             },
             [](const PageResult& page) { return static_cast<double>(page.seen); }, pace_, clock_};
};

using Cursors = std::vector<std::string>;

TEST_F(ScanTest, GoesFromPageToPageUntilTheLast) {
  Pump();
  Read("7");
  Finish();
  Read("9");
  Finish();
  EXPECT_FALSE(scan_.finished());
  Read("0");
  Finish();
  EXPECT_TRUE(scan_.finished());
  EXPECT_TRUE(scan_.status().ok());
  Pump();
  EXPECT_EQ(Asked(), (Cursors{"0", "7", "9"}));
}

TEST_F(ScanTest, BeginsWhereItIsTold) {
  scan_.Start("5");
  Pump();
  EXPECT_EQ(Asked(), Cursors{"5"});
}

TEST_F(ScanTest, AsksForNoPageBeforeItsCursorIsKnown) {
  Pump();
  Pump();
  EXPECT_EQ(Asked(), Cursors{"0"});
}

TEST_F(ScanTest, HasTwoPagesAtWorkAndNoMore) {
  Pump();
  Read("7");
  EXPECT_EQ(Asked(), (Cursors{"0", "7"}));
  Read("9", 1);
  Pump();
  EXPECT_EQ(pages_.size(), Scan::kPagesAtOnce);
  Finish(1, 1);  // the later one first
  EXPECT_EQ(Asked(), (Cursors{"0", "7", "9"}));
}

TEST_F(ScanTest, IsNotFinishedWhileAPageIsAtWork) {
  Pump();
  Read("7");
  Read("0", 1);
  Finish(1, 1);
  EXPECT_FALSE(scan_.finished());
  Finish();
  EXPECT_TRUE(scan_.finished());
}

// What is broken off is taken up again where nothing before is left undone.
TEST_F(ScanTest, IsSafeUpToTheFirstPageThatIsNotDealtWith) {
  Pump();
  EXPECT_EQ(scan_.safe_cursor(), "0");
  Read("7");
  EXPECT_EQ(scan_.safe_cursor(), "0");  // Both pages are at work.
  Finish(1, 1);
  EXPECT_EQ(scan_.safe_cursor(), "0");
}

TEST_F(ScanTest, IsSafeAtTheNextPageOnceAllBeforeAreDealtWith) {
  Pump();
  pace_.Spend(100);  // so that the next page does not begin at once
  Read("7");
  Finish();
  Pump();
  EXPECT_EQ(scan_.safe_cursor(), "7");
  EXPECT_EQ(Asked(), Cursors{"0"});
}

TEST_F(ScanTest, WaitsForItsPace) {
  Pump();
  Read("7");
  Finish(200);  // beyond the burst: in debt for 0.2 s
  Read("9");    // This page had been asked for before.
  Finish(0);
  EXPECT_EQ(Asked(), (Cursors{"0", "7"}));
  clock_.Advance(absl::Milliseconds(140));
  Pump();
  EXPECT_EQ(Asked(), (Cursors{"0", "7"}));
  clock_.Advance(absl::Milliseconds(70));
  Pump();
  EXPECT_EQ(Asked(), (Cursors{"0", "7", "9"}));
}

// A page that comes in begins the next one by the same clock by which it is pumped.
TEST_F(ScanTest, KeepsTheTimeItIsGiven) {
  Pump();
  Read("7");
  Finish();
  Read("9");
  Finish();
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(absl::Milliseconds(10));
    Pump();
    Read("9");
    Finish();
  }
  EXPECT_EQ(asked_.size(), 6u);
}

TEST_F(ScanTest, AFailedPageEndsItOnceNoneIsAtWork) {
  Pump();
  Read("7");
  End(absl::UnavailableError("first"));
  EXPECT_FALSE(scan_.finished());
  Read("9");  // The other one goes on.
  EXPECT_EQ(pages_.size(), 1u);
  End(absl::UnavailableError("second"));
  EXPECT_TRUE(scan_.finished());
  EXPECT_EQ(scan_.status(), absl::UnavailableError("first"));
}

TEST_F(ScanTest, APageThatFailsBeforeItWasReadEndsIt) {
  Pump();
  End(absl::UnavailableError("no page"));
  EXPECT_TRUE(scan_.finished());
  EXPECT_EQ(scan_.status(), absl::UnavailableError("no page"));
  Pump();
  EXPECT_TRUE(pages_.empty());
}

// It counts for nothing against the pace, nor does its cursor move.
TEST_F(ScanTest, AFailedPageIsWhereItIsSafe) {
  Pump();
  Read("7");
  Finish();
  EXPECT_EQ(scan_.safe_cursor(), "7");
  End(absl::UnavailableError("no page"));
  EXPECT_EQ(scan_.safe_cursor(), "7");
}

// There is always one at work.
TEST_F(ScanTest, IsSafeFurtherOnWithEachPageInOrder) {
  Pump();
  Read("7");
  Read("9", 1);
  Finish(1, 0);
  EXPECT_EQ(scan_.safe_cursor(), "7");
  Read("11", 1);
  Finish(1, 1);  // that at 9
  EXPECT_EQ(scan_.safe_cursor(), "7");
  Read("13", 1);
  Finish(1, 0);
  EXPECT_EQ(scan_.safe_cursor(), "11");
}

TEST_F(ScanTest, IsSafeWhereALaterPageFailed) {
  Pump();
  Read("7");
  Read("9", 1);
  End(absl::UnavailableError("no page"), 1);  // that at 7
  EXPECT_EQ(scan_.safe_cursor(), "0");
  Finish();
  EXPECT_TRUE(scan_.finished());
  EXPECT_EQ(scan_.safe_cursor(), "7");
}

}  // namespace
}  // namespace kache
