#include "server/api/half_requests.h"

#include <chrono>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kache {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint64_t kMax = 1 << 20;
constexpr HalfRequest::Clock::time_point kStart;

TEST(HalfRequest, IsWhatCameSinceTheLastMessage) {
  HalfRequest half;
  half.Update(300'000, /*messages=*/0, /*calls=*/1, kStart);
  EXPECT_EQ(half.bytes(), 300'000u) << "all that the connection has sent";
  half.Update(400'000, 0, 1, kStart + milliseconds(50));
  EXPECT_EQ(half.bytes(), 400'000u);
  EXPECT_EQ(half.began(), kStart);
  half.Update(500'000, 1, 1, kStart + milliseconds(100));
  EXPECT_EQ(half.bytes(), 0u);
  half.Update(500'000, 1, 1, kStart + milliseconds(150));
  half.Update(550'000, 1, 1, kStart + milliseconds(200));
  EXPECT_EQ(half.bytes(), 50'000u);
  EXPECT_EQ(half.began(), kStart + milliseconds(200));
}

TEST(HalfRequest, IsOverWithItsCall) {
  HalfRequest half;
  half.Update(300'000, 0, 1, kStart);
  half.Update(300'100, 0, 0, kStart);
  EXPECT_EQ(half.bytes(), 0u);
}

std::vector<ConnectionWithHalfRequest> Many(int count, uint64_t bytes, milliseconds age) {
  std::vector<ConnectionWithHalfRequest> result;
  for (int fd = 0; fd < count; ++fd) result.push_back({.fd = fd, .bytes = bytes, .age = age});
  return result;
}

TEST(HalfRequests, AreKeptWhileThereIsRoom) {
  EXPECT_THAT(HalfRequestsToClose({}, kMax), IsEmpty());
  EXPECT_THAT(HalfRequestsToClose(Many(12, 64 << 10, milliseconds(9000)), kMax), IsEmpty());
}

TEST(HalfRequests, AreClosedDownToHalfTheRoom) {
  EXPECT_EQ(HalfRequestsToClose(Many(100, 64 << 10, milliseconds(100)), kMax).size(), 92u);
}

TEST(HalfRequests, ThoseWithMostBytesGoFirst) {
  const std::vector<ConnectionWithHalfRequest> connections = {
      {.fd = 3, .bytes = 300 << 10, .age = milliseconds(100)},
      {.fd = 4, .bytes = 100 << 10, .age = milliseconds(100)},
      {.fd = 5, .bytes = 500 << 10, .age = milliseconds(100)}};
  EXPECT_THAT(HalfRequestsToClose(connections, kMax), ElementsAre(5));
  EXPECT_THAT(HalfRequestsToClose(connections, kMax / 2), ElementsAre(5, 3));
}

TEST(HalfRequests, ThatAreYoungOrSmallStay) {
  EXPECT_THAT(HalfRequestsToClose(Many(100, 64 << 10, milliseconds(24)), kMax), IsEmpty());
  EXPECT_THAT(HalfRequestsToClose(Many(1000, 16'000, milliseconds(100)), kMax), IsEmpty());
}

}  // namespace
}  // namespace kache
