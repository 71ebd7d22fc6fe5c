#include "base/redis_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/strings.h"

namespace kache {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// "name address user password database", or what is wrong.
std::string Parsed(std::string_view entry) {
  const absl::StatusOr<RedisAddress> address = ParseRedisUrl(entry);
  if (!address.ok()) return std::string(address.status().message());
  return Concat(address->name, " ", address->address.ToString(), " '", address->user, "' '",
                address->password, "' ", address->database);
}

TEST(RedisUrl, ReadsPlainAddresses) {
  EXPECT_EQ(Parsed("localhost:6379"), "localhost:6379 localhost:6379 '' '' 0");
  EXPECT_EQ(Parsed("[::1]:7000"), "[::1]:7000 [::1]:7000 '' '' 0");
  EXPECT_EQ(Parsed("10.0.0.1:65535"), "10.0.0.1:65535 10.0.0.1:65535 '' '' 0");
}

TEST(RedisUrl, ReadsUrls) {
  EXPECT_EQ(Parsed("redis://h:7000"), "h:7000 h:7000 '' '' 0");
  EXPECT_EQ(Parsed("redis://h"), "h:6379 h:6379 '' '' 0");
  EXPECT_EQ(Parsed("REDIS://h/"), "h:6379 h:6379 '' '' 0");
  EXPECT_EQ(Parsed("redis://h:7000/15"), "h:7000 h:7000 '' '' 15");
  EXPECT_EQ(Parsed("redis://[::1]/3"), "[::1]:6379 [::1]:6379 '' '' 3");
  EXPECT_EQ(Parsed("redis://[::1]:7000"), "[::1]:7000 [::1]:7000 '' '' 0");
}

TEST(RedisUrl, ReadsCredentialsAndKeepsThemOutOfTheName) {
  EXPECT_EQ(Parsed("redis://:pw@h:7000"), "h:7000 h:7000 '' 'pw' 0");
  EXPECT_EQ(Parsed("redis://alice:pw@h/1"), "h:6379 h:6379 'alice' 'pw' 1");
  EXPECT_EQ(Parsed("redis://alice:p:w@h"), "h:6379 h:6379 'alice' 'p:w' 0");
  EXPECT_EQ(Parsed("redis://:p@w@h"), "h:6379 h:6379 '' 'p@w' 0");
  EXPECT_EQ(Parsed("redis://a%3Ab:%2C%2f%40%25%3d@[::1]:1"), "[::1]:1 [::1]:1 'a:b' ',/@%=' 0");
}

TEST(RedisUrl, ReadsNames) {
  EXPECT_EQ(Parsed("cache-a=h:7000"), "cache-a h:7000 '' '' 0");
  EXPECT_EQ(Parsed("A.b_C-9=redis://u:p@h:7000/2"), "A.b_C-9 h:7000 'u' 'p' 2");
  EXPECT_EQ(Parsed("a=[::1]:7000"), "a [::1]:7000 '' '' 0");
}

TEST(RedisUrl, TellsANameFromAnEqualsSignInAPassword) {
  EXPECT_EQ(Parsed("redis://:p=w@h:7000"), "h:7000 h:7000 '' 'p=w' 0");
  EXPECT_EQ(Parsed("redis://a=b:p=w@h:7000"), "h:7000 h:7000 'a=b' 'p=w' 0");
  EXPECT_EQ(Parsed("n=redis://:p=w=@h:7000"), "n h:7000 '' 'p=w=' 0");
}

// An entry without a name may move: its default name, written before the new address, keeps it.
TEST(RedisUrl, TakesEveryDefaultNameAsAGivenOne) {
  for (const std::string entry :
       {"10.0.0.7:6379", "[::1]:6379", "[fe80::1%eth0]:6379", "redis://:p@a_b.c-d", "h:007",
        "rediss://u:p=w@[::ffff:1.2.3.4]:1/2", "10.0.0.1.nip.io:65535"}) {
    const std::string name = ParseRedisUrl(entry)->name;
    for (const std::string address : {"10.0.0.9:6379", "[::1]:7000", "redis://:p=w@h/2"}) {
      EXPECT_THAT(Parsed(Concat(name, "=", address)), StartsWith(name + " ")) << entry;
      EXPECT_EQ(ParseRedisUrl(Concat(name, "=", address))->address,
                ParseRedisUrl(address)->address);
    }
  }
  EXPECT_EQ(Parsed("10.0.0.7:6379=10.0.0.9:6379"), "10.0.0.7:6379 10.0.0.9:6379 '' '' 0");
  EXPECT_EQ(Parsed("[::1]:6379=[::1]:7000"), "[::1]:6379 [::1]:7000 '' '' 0");
  // As without a name: the port is a number, the host is as it is written.
  EXPECT_EQ(Parsed("H.x:007=redis://:a=b@h"), "H.x:7 h:6379 '' 'a=b' 0");
  const std::string longest = std::string(253, 'h') + ":65535";
  EXPECT_THAT(Parsed(longest + "=h:1"), StartsWith(longest + " h:1"));
}

TEST(RedisUrl, RefusesBadNames) {
  for (const std::string entry :
       {"=h:1", "a b=h:1", "a#b=h:1", "\xC3\xA4=h:1", "a\"=h:1", " =h:1", "a:b=h:1", ":1=h:1",
        "h:=h:1", "h:0=h:1", "h:65536=h:1", "::1=h:1", "[::1]=h:1", "[::g]:1=h:1", "[::1]:1x=h:1",
        "1.2.3:6379=h:1"}) {
    EXPECT_EQ(Parsed(entry),
              "the name before the '=' must be 1 to 255 letters, digits, '.', '_' and '-', or an "
              "address: host:port or [ipv6]:port")
        << entry;
  }
  EXPECT_EQ(Parsed(std::string(255, 'n') + "=h:1").substr(0, 256), std::string(255, 'n') + " ");
  EXPECT_THAT(Parsed(std::string(256, 'n') + "=h:1"), HasSubstr("the name before the '='"));
  EXPECT_THAT(Parsed("a=b=h:1"), StartsWith("the host may hold"));  // one name only
}

TEST(RedisUrl, KnowsTls) {
  EXPECT_TRUE(ParseRedisUrl("rediss://h:1")->tls);
  EXPECT_TRUE(ParseRedisUrl("a=REDISS://:p@h:1/3")->tls);
  EXPECT_EQ(ParseRedisUrl("a=REDISS://:p@h:1/3")->database, 3);
  EXPECT_FALSE(ParseRedisUrl("redis://h:1")->tls);
  EXPECT_FALSE(ParseRedisUrl("h:1")->tls);
}

TEST(RedisUrl, RefusesBadAddresses) {
  EXPECT_EQ(Parsed(""), "must be host:port");
  EXPECT_EQ(Parsed("localhost"), "must be host:port");
  EXPECT_EQ(Parsed("a="), "must be host:port");
  EXPECT_EQ(Parsed("http://h:1"), "the scheme must be redis:// or rediss://");
  EXPECT_THAT(Parsed("u:p@h:1"),
              StartsWith("with credentials it must be redis://user:password@host:port"));
  EXPECT_EQ(Parsed("redis://"), "the host is missing");
  EXPECT_EQ(Parsed("redis://:6379"), "the host is missing");
  EXPECT_EQ(Parsed("redis:///1"), "the host is missing");
  for (const std::string entry : {"h:99999", "h:0", "h:", "redis://h:0", "redis://h:99999/1",
                                  "redis://:p@h:", "redis://[::1]:x", "a=h:99999"}) {
    EXPECT_EQ(Parsed(entry), "the port must be a number from 1 to 65535") << entry;
  }
}

TEST(RedisUrl, RefusesBadDatabases) {
  for (const std::string entry :
       {"redis://h/x", "redis://h/-1", "redis://h/1/", "redis://h/99999999999", "redis://h/1?a=b",
        "redis://h?a=b", "redis://h#1", "redis://h/+1", "redis://h/ 1"}) {
    EXPECT_THAT(Parsed(entry), HasSubstr("a database number only")) << entry;
  }
}

TEST(RedisUrl, SaysWhatToEncodeWhereAPasswordEndsTooEarly) {
  for (const std::string entry :
       {"redis://:p/w@h:1", "redis://:p?w@h:1", "redis://:p#w@h:1", "redis://:p@s/w:rd#1%=+?@h:1",
        "w@h:1",  // the rest of redis://:p,w@h:1
        "n=rediss://u:p/w@h:1", "redis://h/1@h"}) {
    EXPECT_THAT(Parsed(entry), HasSubstr("write '/' as %2F, ',' as %2C")) << entry;
  }
  const std::string encoded = "redis://:p%40ss%2Fw%3Ard%231%25%3D%2B%3F@h:1";
  EXPECT_EQ(Parsed(encoded), "h:1 h:1 '' 'p@ss/w:rd#1%=+?' 0");
}

TEST(RedisUrl, RefusesHalfCredentials) {
  for (const std::string entry :
       {"redis://alice@h:1", "redis://alice:@h:1", "redis://:@h:1", "redis://@h:1"}) {
    EXPECT_THAT(Parsed(entry), HasSubstr("the password is missing")) << entry;
  }
  for (const std::string entry : {"redis://:%@h:1", "redis://:%4@h:1", "redis://:%zz@h:1",
                                  "redis://%-1:p@h:1", "redis://:%+1@h:1"}) {
    EXPECT_THAT(Parsed(entry), HasSubstr("two hex digits")) << entry;
  }
}

TEST(RedisUrl, NeverShowsThePassword) {
  for (const std::string entry :
       {"redis://:hunter2@h:0", "redis://:hunter2@", "redis://:hunter2%@h:1",
        "redis://:hunter2/x@h:1", "redis://:hunter2", "rediss://:hunter2@h:0", "x:hunter2@h:1",
        "hunter2=h:0", "hunter 2=h:1", "redis://:hunter2@h/hunter2", "redis://:a#hunter2@h:1",
        "u:hunter2=@h:1", "u:hunter2=x", "redis://:x/hunter2@h:1", "hunter2@h:1"}) {
    const absl::StatusOr<RedisAddress> address = ParseRedisUrl(entry);
    ASSERT_FALSE(address.ok()) << entry;
    EXPECT_THAT(address.status().ToString(), Not(HasSubstr("hunter"))) << entry;
  }
}

}  // namespace
}  // namespace kache
