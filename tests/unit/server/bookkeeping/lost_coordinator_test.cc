#include "server/bookkeeping/lost_coordinator.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

constexpr char kId[] = "00000000000000aa";

TEST(LostCoordinator, IsWrittenAndRead) {
  for (const bool is_cut_off : {false, true}) {
    const std::string text = LostCoordinatorText({0xAA, 1234, is_cut_off});
    EXPECT_EQ(text, is_cut_off ? "1 1234 lost" : "1 1234 closing");
    const auto lost = ParseLostCoordinator(kId, text);
    ASSERT_TRUE(lost.has_value());
    EXPECT_EQ(lost->coordinator, 0xAAu);
    EXPECT_EQ(lost->at_ms, 1234);
    EXPECT_EQ(lost->is_cut_off, is_cut_off);
  }
}

TEST(LostCoordinator, MayHaveFurtherParts) {
  EXPECT_TRUE(ParseLostCoordinator(kId, "1 1234 lost by=kachectl")->is_cut_off);
}

TEST(LostCoordinator, IsNothingElse) {
  EXPECT_FALSE(ParseLostCoordinator("aa", "1 1234 lost"));
  for (const char* text :
       {"", "1", "1 1234", "2 1234 lost", "1 then lost", "1 -1 lost", "1 9007199254740993 lost"}) {
    EXPECT_FALSE(ParseLostCoordinator(kId, text)) << text;
  }
}

TEST(LostCoordinator, IsKnownByItsConnections) {
  EXPECT_EQ(ConnectionName(0xAA), "kache:00000000000000aa");
  EXPECT_EQ(LostQuestion(KeySpace("p:"), 0xAA),
            (std::vector<std::string>{"HEXISTS", "p:m:lost-coordinators", kId}));
}

}  // namespace
}  // namespace kache
