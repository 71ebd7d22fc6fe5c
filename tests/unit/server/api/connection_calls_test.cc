#include "server/api/connection_calls.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/connection_book.h"

namespace kache {
namespace {

// A connection from 10.0.0.`host`.
ConnectionCalls From(char host, uint16_t port, int64_t calls) {
  return {.peer = PeerBytes({10, 0, 0, host}, port), .calls = calls};
}

TEST(ConnectionsToClose, NoneWhereAllHaveRoom) {
  EXPECT_TRUE(ConnectionsToClose({}, 10).empty());
  const std::vector<ConnectionCalls> connections = {From(1, 1, 6), From(2, 1, 4)};
  EXPECT_TRUE(ConnectionsToClose(connections, 10).empty());
}

TEST(ConnectionsToClose, FirstTheConnectionWithMostCalls) {
  const std::vector<ConnectionCalls> connections = {From(1, 1, 2), From(1, 2, 9), From(1, 3, 5)};
  const std::vector<std::string> most = {connections[1].peer};
  EXPECT_EQ(ConnectionsToClose(connections, 10), most);
  const std::vector<std::string> more = {connections[1].peer, connections[2].peer};
  EXPECT_EQ(ConnectionsToClose(connections, 6), more);
}

TEST(ConnectionsToClose, ManyConnectionsOfOneAddressBeforeALargerOneOfAnother) {
  std::vector<ConnectionCalls> connections = {From(1, 1, 50)};
  for (uint16_t port = 1; port <= 100; ++port) connections.push_back(From(2, port, 10));
  const std::vector<std::string> closed = ConnectionsToClose(connections, 500);
  EXPECT_EQ(closed.size(), 55u);
  for (const std::string& peer : closed) EXPECT_NE(peer, connections[0].peer);
}

TEST(ConnectionsToClose, AddressesAreLevelled) {
  const std::vector<ConnectionCalls> connections = {From(1, 1, 40), From(1, 2, 40), From(2, 1, 30),
                                                    From(2, 2, 30), From(3, 1, 1)};
  const std::vector<std::string> closed = ConnectionsToClose(connections, 80);
  ASSERT_EQ(closed.size(), 2u);
  EXPECT_EQ(ClientAddressOfPeer(closed[0]), ClientAddressOfPeer(connections[0].peer));
  EXPECT_EQ(ClientAddressOfPeer(closed[1]), ClientAddressOfPeer(connections[2].peer));
}

TEST(ConnectionsToClose, WhatIsEndingTakesRoomAndIsNotClosedAgain) {
  std::vector<ConnectionCalls> connections = {From(1, 1, 4), From(1, 2, 3), From(1, 3, 5)};
  connections[2].is_ending = true;
  const std::vector<std::string> closed = {connections[0].peer};
  EXPECT_EQ(ConnectionsToClose(connections, 10), closed);
}

TEST(ConnectionsToClose, WhatIsEndingTakesAtMostHalf) {
  std::vector<ConnectionCalls> connections = {From(1, 1, 5), From(2, 1, 1000)};
  connections[1].is_ending = true;
  EXPECT_TRUE(ConnectionsToClose(connections, 10).empty());
}

TEST(ConnectionsToClose, WhoLeftMuchBehindLosesWhatHasMuchToBeRead) {
  std::vector<ConnectionCalls> connections = {From(1, 1, 6), From(1, 2, 0), From(1, 3, 1),
                                              From(2, 1, 0)};
  connections[0].is_ending = true;
  connections[1].unread = connections[3].unread = 10000;
  const std::vector<std::string> closed = {connections[1].peer};
  EXPECT_EQ(ConnectionsToClose(connections, 10), closed);
  connections[0].calls = 5;
  EXPECT_TRUE(ConnectionsToClose(connections, 10).empty());
}

TEST(ConnectionsToClose, AllAtMost) {
  const std::vector<ConnectionCalls> connections = {From(1, 1, 3), From(2, 1, 3)};
  EXPECT_EQ(ConnectionsToClose(connections, 0).size(), 2u);
}

TEST(IdleWatch, IsIdleWithoutACallForFiveMinutes) {
  const IdleWatch::Clock::time_point start{};
  const auto at = [&](int minutes) { return start + std::chrono::minutes(minutes); };
  IdleWatch watch(start);
  EXPECT_FALSE(watch.IsIdle(/*started=*/0, /*calls=*/0, at(4)));
  EXPECT_TRUE(watch.IsIdle(0, 0, at(5)));
  EXPECT_FALSE(watch.IsIdle(1, 0, at(6))) << "one that has ended";
  EXPECT_FALSE(watch.IsIdle(1, 1, at(20))) << "one that goes on";
  EXPECT_FALSE(watch.IsIdle(1, 0, at(24)));
  EXPECT_TRUE(watch.IsIdle(1, 0, at(25)));
}

}  // namespace
}  // namespace kache
