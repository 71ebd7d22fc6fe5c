#include "base/host_port.h"

#include <gtest/gtest.h>

#include <string>

namespace kache {
namespace {

// The address as written out again, or what is wrong with it.
std::string Parsed(std::string_view text, bool allow_port_zero = false) {
  HostPort address;
  const absl::Status status = ParseHostPort(text, allow_port_zero, &address);
  return status.ok() ? address.ToString() : std::string(status.message());
}

TEST(HostPort, ReadsNamesAndAddresses) {
  for (const std::string text :
       {"localhost:6379", "redis-0.redis:1", "my_host:65535", "10.0.0.1:80", "[::1]:6379",
        "[fe80::1%eth0]:6379", "[::ffff:10.0.0.1]:1", "a.b.c.:9"}) {
    EXPECT_EQ(Parsed(text), text);
  }
}

TEST(HostPort, AllowsPortZeroOnlyWhereAsked) {
  EXPECT_EQ(Parsed("localhost:0", true), "localhost:0");
  EXPECT_EQ(Parsed("localhost:0"), "the port must be a number from 1 to 65535");
  EXPECT_EQ(Parsed("localhost:-1", true), "the port must be a number from 0 to 65535");
}

TEST(HostPort, RefusesWrongPorts) {
  for (const std::string text : {"h:99999", "h:65536", "h:", "h:x", "h:6379x", "h: 1", "h:+1",
                                 "h:-1", "h:0x10", "[::1]:99999", "h:99999999999999999999"}) {
    EXPECT_EQ(Parsed(text), "the port must be a number from 1 to 65535") << text;
  }
}

TEST(HostPort, RefusesWrongHosts) {
  EXPECT_EQ(Parsed(""), "must be host:port");
  EXPECT_EQ(Parsed("localhost"), "must be host:port");
  EXPECT_EQ(Parsed("[::1]"), "must be host:port");
  EXPECT_EQ(Parsed("[::1"), "must be host:port");
  EXPECT_EQ(Parsed("["), "must be host:port");
  EXPECT_EQ(Parsed("[::1]x:1"), "must be [ipv6]:port");
  EXPECT_EQ(Parsed(":6379"), "the host is missing");
  EXPECT_EQ(Parsed("::1:6379"),
            "has more than one colon (an IPv6 address needs brackets: [::1]:port)");
  EXPECT_EQ(Parsed("http://h:1"),
            "has more than one colon (an IPv6 address needs brackets: [::1]:port)");
  for (const std::string text : {"a b:1", "h/x:1", "u@h:1", "\xC3\xA4:1", "h\n:1", "*:1"}) {
    EXPECT_EQ(Parsed(text), "the host may hold letters, digits, '.', '-' and '_' only") << text;
  }
  for (const std::string text : {"1:1", "10.0.0:1", "256.0.0.1:1", "1.2.3.4.5:1", ".:1"}) {
    EXPECT_EQ(Parsed(text), "the host is not a complete IPv4 address") << text;
  }
  for (const std::string text :
       {"[]:1", "[localhost]:1", "[::g]:1", "[::1%]:1", "[::1%a b]:1", "[10.0.0.1]:1"}) {
    EXPECT_EQ(Parsed(text), "what stands in brackets is not an IPv6 address") << text;
  }
  EXPECT_EQ(Parsed(std::string(254, 'a') + ":1"), "the host is longer than 253 bytes");
}

TEST(HostPort, ReadsBeyondAZeroByte) {
  EXPECT_EQ(Parsed(std::string("[::1\0 ]:1", 9)), "what stands in brackets is not an IPv6 address");
}

TEST(HostPort, LeavesTheResultAloneWhenWrong) {
  HostPort address{"before", 1};
  EXPECT_FALSE(ParseHostPort("h:0", false, &address).ok());
  EXPECT_EQ(address, (HostPort{"before", 1}));
}

}  // namespace
}  // namespace kache
