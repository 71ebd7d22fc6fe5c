#include "client/time_question.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/time/time.h"

namespace kache {
namespace {

MonotonicTime At(int64_t second) {
  return MonotonicTime(absl::ToChronoNanoseconds(absl::Seconds(second)));
}

class TimeQuestionTest : public testing::Test {
 protected:
  TimeQuestion::Then Note(char name) {
    return [this, name] { ended_ += name; };
  }

  std::vector<TimeQuestion::Then> asked_;
  std::string ended_;
  TimeQuestion question_{
      [this](MonotonicTime, TimeQuestion::Then then) { asked_.push_back(std::move(then)); }};
};

TEST_F(TimeQuestionTest, WritesShareOne) {
  question_.Ask(At(10), Note('a'));
  question_.Ask(At(10), Note('b'));
  question_.Ask(At(11), Note('c'));
  ASSERT_EQ(asked_.size(), 1u);
  EXPECT_EQ(ended_, "");
  asked_[0]();
  EXPECT_EQ(ended_, "abc");
}

TEST_F(TimeQuestionTest, OneWithAnEarlierDeadlineDoesNotWaitForALaterOne) {
  question_.Ask(At(10), Note('a'));
  question_.Ask(At(5), Note('b'));
  question_.Ask(At(20), Note('c'));
  ASSERT_EQ(asked_.size(), 2u);
  asked_[1]();
  EXPECT_EQ(ended_, "bc");
  asked_[0]();
  EXPECT_EQ(ended_, "bca");
}

TEST_F(TimeQuestionTest, AnotherFollowsOnceOneHasEnded) {
  question_.Ask(At(10), Note('a'));
  asked_[0]();
  question_.Ask(At(10), Note('b'));
  ASSERT_EQ(asked_.size(), 2u);
  asked_[1]();
  EXPECT_EQ(ended_, "ab");
}

}  // namespace
}  // namespace kache
