#include "client/flights.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

namespace kache {
namespace {

MonotonicTime In(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }
constexpr std::chrono::seconds kPatience{20};

TEST(Flights, WhoJoinsGetsWhatWasStored) {
  Flights flights;
  const auto flight = flights.Begin("k");
  std::optional<std::string> value;
  bool joined = false;
  std::thread joining([&] { value = flights.Join("k", In(kPatience), &joined); });
  std::thread ending([&] { flights.End("k", flight, "v"); });
  joining.join();
  ending.join();
  // Whoever comes after the end finds none.
  if (joined) EXPECT_EQ(value, "v");
  EXPECT_FALSE(flights.Join("k", In(kPatience), &joined).has_value());
  EXPECT_FALSE(joined);
}

TEST(Flights, NobodyJoinsOnceItIsClosed) {
  Flights flights;
  const auto flight = flights.Begin("k");
  flights.Close("k", flight);
  bool joined = true;
  EXPECT_FALSE(flights.Join("k", In(kPatience), &joined).has_value());
  EXPECT_FALSE(joined);
}

TEST(Flights, OtherKeysAreNotJoined) {
  Flights flights;
  const auto flight = flights.Begin("k");
  bool joined = true;
  flights.Join("other", In(kPatience), &joined);
  EXPECT_FALSE(joined);
  flights.End("k", flight, std::nullopt);
}

TEST(Flights, ALateOneIsNotWaitedFor) {
  Flights flights;
  const auto flight = flights.Begin("k");
  bool joined = false;
  EXPECT_FALSE(flights.Join("k", In(std::chrono::milliseconds(1)), &joined).has_value());
  EXPECT_TRUE(joined);
  flights.End("k", flight, "v");
}

// The end of an earlier fill does not close a later one.
TEST(Flights, TheLatestFillIsJoined) {
  Flights flights;
  const auto first = flights.Begin("k");
  const auto second = flights.Begin("k");
  flights.End("k", first, "old");
  bool joined = false;
  flights.Join("k", In(std::chrono::milliseconds(1)), &joined);
  EXPECT_TRUE(joined);
  flights.End("k", second, "new");
}

}  // namespace
}  // namespace kache
