#include "server/api/call_bytes.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

constexpr ConnectionPlace kOwn = 1;
constexpr ConnectionPlace kOther = 2;

class CallBytesTest : public testing::Test {
 protected:
  int64_t Counted() { return admission_.bytes().bytes(); }

  prometheus::Registry registry_;
  AdmissionControl admission_{10, 1000, registry_};
  CallBytes call_;
};

TEST_F(CallBytesTest, CountsRequestAndAnswerUntilReleased) {
  EXPECT_TRUE(call_.AdmitRequest(admission_, 100, kOwn));
  EXPECT_TRUE(call_.AdmitAnswer(admission_, 200, /*may_refuse=*/true));
  EXPECT_EQ(Counted(), 300);
  EXPECT_EQ(call_.bytes(), 300);
  call_.Release(admission_);
  EXPECT_EQ(Counted(), 0);
}

TEST_F(CallBytesTest, TheAnswerTakesThePlaceOfItsPieces) {
  EXPECT_TRUE(call_.AdmitPiece(admission_, 300));
  EXPECT_TRUE(call_.AdmitPiece(admission_, 300));
  EXPECT_TRUE(call_.AdmitAnswer(admission_, 410, /*may_refuse=*/true));
  EXPECT_EQ(Counted(), 410);
  call_.Release(admission_);
  EXPECT_EQ(Counted(), 0);
}

TEST_F(CallBytesTest, RefusesAnAnswerWithoutRoomWhosePiecesGoInTheEnd) {
  admission_.CountBytes(500, kOther);
  EXPECT_TRUE(call_.AdmitRequest(admission_, 50, kOwn));
  EXPECT_TRUE(call_.AdmitPiece(admission_, 300));
  EXPECT_FALSE(call_.AdmitAnswer(admission_, 600, /*may_refuse=*/true));
  EXPECT_EQ(Counted(), 850);
  call_.Release(admission_);
  EXPECT_EQ(Counted(), 500);
}

TEST_F(CallBytesTest, ACallThatIsAloneHasRoomForItsAnswer) {
  EXPECT_TRUE(call_.AdmitRequest(admission_, 2000, kOwn));
  EXPECT_TRUE(call_.AdmitPiece(admission_, 3000));
  EXPECT_TRUE(call_.AdmitPiece(admission_, 3000));
  EXPECT_TRUE(call_.AdmitAnswer(admission_, 9000, /*may_refuse=*/true));
  CallBytes other;
  EXPECT_FALSE(other.AdmitRequest(admission_, 1, kOwn));
  call_.Release(admission_);
}

TEST_F(CallBytesTest, NeverRefusesWhatTellsOfAWrite) {
  admission_.CountBytes(1000, kOther);
  EXPECT_TRUE(call_.AdmitAnswer(admission_, 600, /*may_refuse=*/false));
  EXPECT_EQ(Counted(), 1600);
  call_.Release(admission_);
  EXPECT_EQ(Counted(), 1000);
}

TEST_F(CallBytesTest, PiecesOfAnAnswerThatFailedGoInTheEnd) {
  EXPECT_TRUE(call_.AdmitPiece(admission_, 300));
  call_.AnswerFailed();
  EXPECT_EQ(Counted(), 300);
  call_.Release(admission_);
  EXPECT_EQ(Counted(), 0);
}

}  // namespace
}  // namespace kache
