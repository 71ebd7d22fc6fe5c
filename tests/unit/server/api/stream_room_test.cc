#include "server/api/stream_room.h"

#include <gtest/gtest.h>

#include <string>

#include "base/strings.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"

namespace kache {
namespace {

class StreamRoomTest : public ::testing::Test {
 protected:
  // What connections without a token may have beside their first watches.
  void FillFurther() {
    for (size_t i = 0; further_ < kBounds.further_without_token(); ++i) {
      const std::string connection = Concat("filler-", i);
      ASSERT_TRUE(room_.Take(connection, false).ok());
      for (size_t k = 1; k < kBounds.of_connection; ++k) {
        if (room_.Take(connection, false).ok()) ++further_;
      }
    }
  }

  static constexpr StreamRoom::Bounds kBounds = {.of_connection = 5, .further = 100};

  prometheus::Gauge open_;
  prometheus::Counter refused_;
  StreamRoom room_{kBounds, "things", open_, refused_};
  size_t further_ = 0;
};

TEST_F(StreamRoomTest, BoundsOneConnection) {
  for (size_t i = 0; i < kBounds.of_connection; ++i) {
    ASSERT_TRUE(room_.Take("a", true).ok());
  }
  const absl::Status status = room_.Take("a", true);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(status.message().find("5 things on one connection; end one"), std::string::npos)
      << status;
  EXPECT_TRUE(room_.Take("b", false).ok());
  EXPECT_EQ(open_.Value(), kBounds.of_connection + 1);
  EXPECT_EQ(refused_.Value(), 1);
}

TEST_F(StreamRoomTest, AConnectionsFirstStreamAlwaysHasRoom) {
  FillFurther();
  EXPECT_TRUE(room_.Take("late", false).ok());
  const absl::Status status = room_.Take("late", false);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(status.message().find("open one on each connection"), std::string::npos) << status;
}

TEST_F(StreamRoomTest, KeepsRoomForCallersWithAToken) {
  FillFurther();
  ASSERT_TRUE(room_.Take("late", true).ok());
  EXPECT_TRUE(room_.Take("late", true).ok());
}

TEST_F(StreamRoomTest, WhatIsGivenBackCanBeTakenAgain) {
  FillFurther();
  room_.GiveBack("filler-0");
  ASSERT_TRUE(room_.Take("late", false).ok());
  EXPECT_TRUE(room_.Take("late", false).ok());
  EXPECT_FALSE(room_.Take("late", false).ok());
}

TEST_F(StreamRoomTest, ForgetsConnectionsWithoutStreams) {
  ASSERT_TRUE(room_.Take("a", false).ok());
  ASSERT_TRUE(room_.Take("a", false).ok());
  room_.GiveBack("a");
  room_.GiveBack("a");
  EXPECT_EQ(open_.Value(), 0);
  for (size_t i = 0; i < kBounds.of_connection; ++i) {
    EXPECT_TRUE(room_.Take("a", false).ok()) << i;
  }
}

}  // namespace
}  // namespace kache
