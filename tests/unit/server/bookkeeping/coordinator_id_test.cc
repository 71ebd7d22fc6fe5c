#include "server/bookkeeping/coordinator_id.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

TEST(CoordinatorId, IsReadAsItWasWritten) {
  for (const uint64_t id : {uint64_t{0}, uint64_t{1}, uint64_t{0xABCDEF}, UINT64_MAX}) {
    EXPECT_EQ(CoordinatorText(id).size(), 16u);
    EXPECT_EQ(ParseCoordinator(CoordinatorText(id)), id);
  }
}

TEST(CoordinatorId, IsNothingElse) {
  for (const char* text : {"", "c0", "00000000000000c", "00000000000000c00", "zzzzzzzzzzzzzzzz",
                           "-0000000000000c0", "00000000 00000c0"}) {
    EXPECT_FALSE(ParseCoordinator(text)) << text;
  }
}

// What is kept under another text for the same number could not be found again, and removed.
TEST(CoordinatorId, HasOneTextOnly) {
  for (const char* text : {"00000000000000C0", "0x000000000000c0", "0X000000000000c0",
                           " 0000000000000c0", "0000000000000c0 "}) {
    EXPECT_FALSE(ParseCoordinator(text)) << text;
  }
}

}  // namespace
}  // namespace kache
