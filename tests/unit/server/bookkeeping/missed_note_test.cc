#include "server/bookkeeping/missed_note.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

TEST(MissedNote, ReadsWhatItWrites) {
  const auto field = ParseMissedField(MissedField("cache-a", 0xABC));
  ASSERT_TRUE(field.has_value());
  EXPECT_EQ(field->node, "cache-a");
  EXPECT_EQ(field->coordinator, 0xABCu);
  const auto note = ParseMissedValue(MissedValue({7, 1234567890123}));
  ASSERT_TRUE(note.has_value());
  EXPECT_EQ(note->number, 7u);
  EXPECT_EQ(note->since_ms, 1234567890123);
}

TEST(MissedNote, MaySayMoreInALaterRelease) {
  EXPECT_EQ(ParseMissedValue("7 8 more")->since_ms, 8);
}

TEST(MissedNote, RefusesOtherTexts) {
  for (const char* text : {"", "cache-a", " 0000000000000abc", "cache-a 0abc",
                           "cache-a 000000000000zabc", "cache-a 0000000000000abc "}) {
    EXPECT_FALSE(ParseMissedField(text).has_value()) << text;
  }
  for (const char* text : {"", "7", "7 ", " 7", "x 7", "7 x"}) {
    EXPECT_FALSE(ParseMissedValue(text).has_value()) << text;
  }
}

TEST(MissedNote, IsNoNumberThatDoesNotFit) {
  EXPECT_TRUE(ParseMissedValue("18446744073709551615 9007199254740992"));
  for (const char* text : {"18446744073709551616 1", "-1 1", "1 9007199254740993",
                           "1 9223372036854775808", "1 -1", "1.0 1", "1 1ms"}) {
    EXPECT_FALSE(ParseMissedValue(text)) << text;
  }
}

// It is removed by the text that its coordinator would have written: another one would stay.
TEST(MissedNote, IsReadOnlyAsItIsWritten) {
  for (const char* text : {"cache-a 0000000000000ABC", "cache-a 0x00000000000abc",
                           "cache-a  0000000000000abc", "cache-a 00000000000000000abc"}) {
    EXPECT_FALSE(ParseMissedField(text)) << text;
  }
}

}  // namespace
}  // namespace kache
