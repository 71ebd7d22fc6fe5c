#include "base/connection_book.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "base/strings.h"

namespace kache {
namespace {

using Room = ConnectionBook::Room;

sockaddr_storage Peer(const char* text) {
  sockaddr_storage peer{};
  in6_addr six{};
  if (inet_pton(AF_INET6, text, &six) == 1) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = six;
    std::memcpy(&peer, &address, sizeof(address));
    return peer;
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  EXPECT_EQ(inet_pton(AF_INET, text, &address.sin_addr), 1) << text;
  std::memcpy(&peer, &address, sizeof(address));
  return peer;
}

std::string TextOf(const char* peer) { return ClientAddressText(ClientAddress(Peer(peer))); }

TEST(ClientAddress, IsAnIpv4AddressOrTheNetworkOfAnIpv6Address) {
  EXPECT_EQ(TextOf("10.1.2.3"), "10.1.2.3");
  EXPECT_EQ(TextOf("::ffff:10.1.2.3"), "10.1.2.3");
  EXPECT_EQ(TextOf("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(ClientAddress(Peer("2001:db8::1")), ClientAddress(Peer("2001:db8::ffff:2")));
  EXPECT_NE(ClientAddress(Peer("2001:db8::1")), ClientAddress(Peer("2001:db8:0:1::1")));
}

TEST(ConnectionBook, OneAddressGetsThreeQuarters) {
  ConnectionBook book(100);
  while (book.RoomFor("a") == Room::kThere) book.Add("a");
  EXPECT_EQ(book.connections(), 75);
  EXPECT_EQ(book.RoomFor("a"), Room::kAddressFull);
  EXPECT_EQ(book.RoomFor("b"), Room::kThere);
}

TEST(ConnectionBook, RefusesEverybodyOnceItIsFull) {
  ConnectionBook book(100);
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(book.RoomFor(Concat(i)), Room::kThere) << i;
    book.Add(Concat(i));
  }
  EXPECT_EQ(book.RoomFor("late"), Room::kFull);
  book.Remove("7");
  EXPECT_EQ(book.RoomFor("late"), Room::kThere);
}

TEST(ConnectionBook, ForgetsWhatWasRemoved) {
  ConnectionBook book(64);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 48; ++i) book.Add("a");
    EXPECT_EQ(book.RoomFor("a"), Room::kAddressFull);
    for (int i = 0; i < 48; ++i) book.Remove("a");
    EXPECT_EQ(book.connections(), 0);
    EXPECT_EQ(book.RoomFor("a"), Room::kThere);
  }
}

}  // namespace
}  // namespace kache
