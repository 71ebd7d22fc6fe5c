// What becomes of hints while a node is compared with all others, in a real redis-server.
#include "tests/redis/hint_scripts_fixture.h"

namespace kache {
namespace {

using ::testing::ElementsAre;

TEST_F(HintScriptsTest, AMissingHintIsAnOverflowUntilAllWasCompared) {
  Open();
  Write("k", At(5, "v"));
  node_.Call(MarkOverflow(), {Hints()}, {});
  EXPECT_EQ(Take(), TakenHints::kOverflow);
  Open();
  Write("k", At(6, "v"));
  EXPECT_EQ(Take(), TakenHints::kOverflow);
  Compare();
  EXPECT_EQ(Take(), TakenHints::kEmpty);
}

TEST_F(HintScriptsTest, WhileAllIsComparedHintsAreNotEnough) {
  Open();
  Write("before", At(5, "v"));
  Reset("70", "1");
  EXPECT_EQ(Take(), TakenHints::kOverflow);
  Open();  // Its note stands, and its sentinel went with the set: nothing was evicted.
  Write("meanwhile", At(5, "v"));
  EXPECT_EQ(Take(), TakenHints::kOverflow);
  EXPECT_TRUE(End("70", "1"));
  EXPECT_EQ(Take(), TakenHints::kTaken);
  EXPECT_THAT(HintsIn(Taken()), ElementsAre("kmeanwhile"));
}

// Where the comparison goes on after it broke off, hints since its beginning stay.
TEST_F(HintScriptsTest, AComparisonMayBeBegunAgainForTheSameFence) {
  Reset("70", "1");
  Open();
  Write("k", At(5, "v"));
  Reset("70", "2");
  EXPECT_TRUE(End("70", "2"));
  EXPECT_EQ(Take(), TakenHints::kTaken);
  EXPECT_THAT(HintsIn(Taken()), ElementsAre("kk"));
}

TEST_F(HintScriptsTest, AResetThatComesLateIsAnOverflow) {
  Reset("70", "2");
  EXPECT_TRUE(End("70", "2"));
  Open();
  Write("k", At(5, "v"));
  Reset("70", "1");  // of a job that stood still
  EXPECT_FALSE(End("70", "2"));
  EXPECT_EQ(Take(), TakenHints::kOverflow);
  Open();
  EXPECT_EQ(Take(), TakenHints::kOverflow);
}

// It brings no more of what was written before: of that the hints must be there.
TEST_F(HintScriptsTest, AComparisonThatGoesOnKeepsTheHintsSinceItBegan) {
  Reset("70", "1");
  Open();
  Write("k", At(5, "v"));
  EXPECT_TRUE(Reset("70", "2", kComparedOn));
  EXPECT_TRUE(End("70", "2"));
  EXPECT_EQ(Take(), TakenHints::kTaken);
  EXPECT_THAT(HintsIn(Taken()), ElementsAre("kk"));
}

TEST_F(HintScriptsTest, AnEvictionBeforeAComparisonGoesOnIsAnOverflow) {
  Reset("70", "1");
  Open();
  node_.Run({"DEL", Hints()});
  EXPECT_FALSE(Reset("70", "2", kComparedOn));
  EXPECT_FALSE(End("70", "2"));
  EXPECT_EQ(Take(), TakenHints::kOverflow);
}

TEST_F(HintScriptsTest, AnOverflowOutlastsAComparisonThatGoesOn) {
  for (const char* from : {kComparedOn, kSourceFromStart}) {
    Reset("70", "1");
    node_.Call(MarkOverflow(), {Hints()}, {});
    EXPECT_FALSE(Reset("70", "2", from)) << from;
    EXPECT_FALSE(End("70", "2")) << from;
    EXPECT_EQ(Take(), TakenHints::kOverflow) << from;
    Compare();
    EXPECT_EQ(Take(), TakenHints::kEmpty) << from;
  }
}

// The node was away when the comparison began: all that it holds is brought now.
TEST_F(HintScriptsTest, ASourceThatIsComparedFromItsFirstKeyBeginsAnew) {
  Open();
  Write("before", At(5, "v"));
  EXPECT_TRUE(Reset("70", "2", kSourceFromStart));
  EXPECT_TRUE(End("70", "2"));
  EXPECT_EQ(Take(), TakenHints::kEmpty);
}

TEST_F(HintScriptsTest, AnEvictionDuringAComparisonIsAnOverflow) {
  Open();
  Reset("70", "1");
  node_.Run({"DEL", Hints()});
  EXPECT_FALSE(End("70", "1"));
  EXPECT_EQ(Take(), TakenHints::kOverflow);
}

}  // namespace
}  // namespace kache
