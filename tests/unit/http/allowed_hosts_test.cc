#include "http/allowed_hosts.h"

#include <gtest/gtest.h>

#include <string>

namespace kache {
namespace {

TEST(AllowedHosts, AreThoseThatNoStrangerCanOwn) {
  const AllowedHosts hosts;
  for (const char* host : {"127.0.0.1",
                           "127.0.0.1:8080",
                           "10.0.0.7",
                           "[::1]",
                           "[::1]:8080",
                           "[2001:db8::7]:80",
                           "localhost",
                           "localhost:8080",
                           "LocalHost.",
                           "localhost.:8080",
                           "kache-gateway",
                           "my_box:1",
                           "a.localhost",
                           "printer.local",
                           "gateway.c.project.internal",
                           "kache-gateway.kache.svc",
                           "kache-gateway.kache.svc.cluster.local:8080",
                           "KACHE.LOCAL.",
                           "h:",
                           ""}) {
    EXPECT_TRUE(hosts.Allows(host)) << host;
  }
}

TEST(AllowedHosts, AreNotThoseOfStrangers) {
  const AllowedHosts hosts;
  for (const char* host : {"evil.example",
                           "evil.example:8080",
                           "evil.example.",
                           "127.0.0.1.evil.example",
                           "localhost.evil.example",
                           "local.evil.example",
                           "notlocal.xlocal",
                           ".local",
                           "local..",
                           "a..local",
                           "svc.evil",
                           "evil.example:80:80",
                           "user@localhost",
                           "localhost/evil.example",
                           "evil.example\\.local",
                           "[evil.example]",
                           "[::1",
                           "[::1]evil.example",
                           "[::1].local",
                           "[::1]:evil",
                           "::1",
                           "127.0.0.1:evil.example",
                           " localhost",
                           "a,b.local"}) {
    EXPECT_FALSE(hosts.Allows(host)) << host;
  }
  EXPECT_FALSE(hosts.Allows(std::string(260, 'a')));
  EXPECT_FALSE(hosts.Allows(std::string("localhost\0.evil", 15)));
}

TEST(AllowedHosts, MayBeNamed) {
  const AllowedHosts hosts({"kache.example.com", "cache.example.org."});
  EXPECT_TRUE(hosts.Allows("kache.example.com"));
  EXPECT_TRUE(hosts.Allows("Kache.Example.COM.:443"));
  EXPECT_TRUE(hosts.Allows("cache.example.org"));
  EXPECT_TRUE(hosts.Allows("localhost"));
  EXPECT_FALSE(hosts.Allows("a.kache.example.com"));
  EXPECT_FALSE(hosts.Allows("example.com"));
  EXPECT_FALSE(hosts.Allows("kache.example.comx"));
}

TEST(AllowedHosts, AreAllWithAStar) {
  const AllowedHosts hosts({"kache.example.com", "*"});
  EXPECT_TRUE(hosts.Allows("evil.example"));
  EXPECT_TRUE(hosts.Allows("what@ever"));
}

TEST(AllowedHosts, NamesHaveNoPortAndNoPattern) {
  for (const char* name : {"a", "kache.example.com", "kache.example.com.", "10.0.0.1", "a_b-c.d"}) {
    EXPECT_TRUE(AllowedHosts::IsHostName(name)) << name;
  }
  for (const char* name : {"", ".", ".example.com", "a..b", "*", "*.example.com", "a:80", "a b",
                           "http://a", "[::1]"}) {
    EXPECT_FALSE(AllowedHosts::IsHostName(name)) << name;
  }
}

}  // namespace
}  // namespace kache
