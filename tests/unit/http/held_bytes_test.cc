#include "http/held_bytes.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace kache {
namespace {

constexpr uint64_t kKiB = 1024;
constexpr uint64_t kBound = 800 * kKiB;  // an eighth: 100 KiB

TEST(HeldBytes, CountsWhatEachHoldsBeyondItsFirstBytes) {
  HeldBytes held(kBound);
  HeldBytes::Share first(held);
  {
    HeldBytes::Share second(held);
    EXPECT_TRUE(first.TrySet(HeldBytes::kUncountedBytes));
    EXPECT_EQ(held.bytes(), 0u);
    EXPECT_TRUE(first.TrySet(HeldBytes::kUncountedBytes + 10));
    EXPECT_TRUE(second.TrySet(HeldBytes::kUncountedBytes + 100));
    EXPECT_EQ(held.bytes(), 110u);
    first.Set(20);
    EXPECT_EQ(held.bytes(), 100u);
  }
  EXPECT_EQ(held.bytes(), 0u) << "what is gone holds nothing";
}

TEST(HeldBytes, RefusesWhatFindsNoRoomAndKeepsWhatWasHeld) {
  HeldBytes held(kBound);
  HeldBytes::Share first(held);
  HeldBytes::Share second(held);
  EXPECT_TRUE(first.TrySet(500 * kKiB));
  EXPECT_TRUE(second.TrySet(100 * kKiB));
  const uint64_t before = held.bytes();
  EXPECT_FALSE(second.TrySet(300 * kKiB));
  EXPECT_EQ(held.bytes(), before);
  first.Set(0);
  EXPECT_TRUE(second.TrySet(300 * kKiB));
}

TEST(HeldBytes, KeepsAnEighthForThoseWhoAskForLittle) {
  HeldBytes held(kBound);
  HeldBytes::Share large(held);
  HeldBytes::Share other(held);
  EXPECT_TRUE(large.TrySet(700 * kKiB));
  EXPECT_FALSE(other.TrySet(HeldBytes::kSmallBytes + 1));
  EXPECT_FALSE(other.TrySet(10 * kKiB, HeldBytes::kSmallBytes + 1)) << "the first of many bytes";
  EXPECT_TRUE(other.TrySet(HeldBytes::kSmallBytes));
  HeldBytes::Share third(held);
  EXPECT_FALSE(third.TrySet(HeldBytes::kSmallBytes)) << "the eighth is bounded, too";
}

TEST(HeldBytes, HasRoomForWhoeverIsAlone) {
  HeldBytes held(kBound);
  HeldBytes::Share alone(held);
  EXPECT_TRUE(alone.TrySet(kBound / 2));
  EXPECT_TRUE(alone.TrySet(10 * kBound)) << "its own bytes are in nobody's way";
  HeldBytes::Share other(held);
  EXPECT_FALSE(other.TrySet(10 * kKiB));
  EXPECT_TRUE(other.TrySet(HeldBytes::kUncountedBytes));
}

// Each of the shares of one address, but the last, asks for `bytes` until it finds no room.
uint64_t TakenBy(HeldBytes& held, const std::shared_ptr<HeldBytes::OfAddress>& address,
                 uint64_t bytes, std::vector<std::unique_ptr<HeldBytes::Share>>* shares) {
  do {
    shares->push_back(std::make_unique<HeldBytes::Share>(held));
    shares->back()->BelongTo(address);
  } while (shares->back()->TrySet(bytes + HeldBytes::kUncountedBytes));
  return static_cast<uint64_t>(address->bytes.load());
}

TEST(HeldBytes, LeavesRoomForOtherAddresses) {
  constexpr uint64_t kLarge = 10 * kBound;
  HeldBytes held(kLarge);
  std::vector<std::unique_ptr<HeldBytes::Share>> shares;
  const auto crowd = std::make_shared<HeldBytes::OfAddress>();
  const uint64_t large = TakenBy(held, crowd, 70 * kKiB, &shares);
  EXPECT_GE(large, kLarge / 2);
  EXPECT_LE(large, kLarge * 7 / 8 * 3 / 4);
  const uint64_t all = TakenBy(held, crowd, 8 * kKiB, &shares);
  EXPECT_GT(all, large + kLarge / 8) << "small ones beside the large ones";
  EXPECT_LE(all, large + (kLarge - large) / 2);
  EXPECT_EQ(held.bytes(), all);
  HeldBytes::Share other(held);
  other.BelongTo(std::make_shared<HeldBytes::OfAddress>());
  EXPECT_TRUE(other.TrySet(80 * kKiB)) << "a large one";
  EXPECT_TRUE(other.TrySet(200 * kKiB));
  shares.clear();
  EXPECT_EQ(crowd->bytes.load(), 0);
  EXPECT_EQ(crowd->of_small.load(), 0);
}

TEST(HeldBytes, ManyAddressesLeaveRoomForTheSmallRequestsOfOneMore) {
  HeldBytes held(kBound);
  std::vector<std::unique_ptr<HeldBytes::Share>> shares;
  std::vector<std::shared_ptr<HeldBytes::OfAddress>> crowd;
  for (int i = 0; i < 8; ++i) crowd.push_back(std::make_shared<HeldBytes::OfAddress>());
  for (int turn = 0; turn < 100; ++turn) {
    for (const auto& address : crowd) {
      shares.push_back(std::make_unique<HeldBytes::Share>(held));
      shares.back()->BelongTo(address);
      shares.back()->TrySet(2 * kKiB + HeldBytes::kUncountedBytes);
    }
  }
  EXPECT_GT(held.bytes(), kBound * 3 / 4);
  HeldBytes::Share other(held);
  other.BelongTo(std::make_shared<HeldBytes::OfAddress>());
  EXPECT_TRUE(other.TrySet(20 * kKiB));
}

TEST(HeldBytes, IsSetAlsoWithoutRoom) {
  HeldBytes held(kBound);
  HeldBytes::Share first(held);
  HeldBytes::Share second(held);
  first.Set(kBound);
  second.Set(kBound + HeldBytes::kUncountedBytes);
  EXPECT_GT(held.bytes(), kBound);
}

TEST(HeldBytes, StaysExactAcrossThreads) {
  HeldBytes held(kBound);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&held] {
      HeldBytes::Share share(held);
      for (uint64_t n = 0; n < 10'000; ++n) {
        share.TrySet((n * 7919) % (600 * kKiB));
        EXPECT_LE(held.bytes(), 8 * 600 * kKiB);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(held.bytes(), 0u);
}

}  // namespace
}  // namespace kache
