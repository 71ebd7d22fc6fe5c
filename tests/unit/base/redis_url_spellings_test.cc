// What each spelling of an entry of REDIS_URLS means. Lines may be added, and never change: where a
// name changed, stored keys would be looked for elsewhere.
#include <gtest/gtest.h>

#include <string_view>

#include "base/redis_url.h"

namespace kache {
namespace {

struct Spelling {
  std::string_view entry;
  std::string_view name;
  std::string_view address;
  std::string_view user;
  std::string_view password;
  int database;
  bool tls;
};

constexpr Spelling kSpellings[] = {
    {"localhost:6379", "localhost:6379", "localhost:6379", "", "", 0, false},
    {"LocalHost:6379", "LocalHost:6379", "LocalHost:6379", "", "", 0, false},
    {"h:1", "h:1", "h:1", "", "", 0, false},
    {"h:65535", "h:65535", "h:65535", "", "", 0, false},
    {"h:007", "h:7", "h:7", "", "", 0, false},
    {"h_x.y-z:6379", "h_x.y-z:6379", "h_x.y-z:6379", "", "", 0, false},
    {"h.:1", "h.:1", "h.:1", "", "", 0, false},
    {"-:1", "-:1", "-:1", "", "", 0, false},
    {"_:1", "_:1", "_:1", "", "", 0, false},
    {"10.0.0.1:6379", "10.0.0.1:6379", "10.0.0.1:6379", "", "", 0, false},
    {"10.0.0.1.nip.io:6379", "10.0.0.1.nip.io:6379", "10.0.0.1.nip.io:6379", "", "", 0, false},
    {"1a:1", "1a:1", "1a:1", "", "", 0, false},
    {"[::1]:6379", "[::1]:6379", "[::1]:6379", "", "", 0, false},
    {"[::]:1", "[::]:1", "[::]:1", "", "", 0, false},
    {"[2001:DB8::A]:6379", "[2001:DB8::A]:6379", "[2001:DB8::A]:6379", "", "", 0, false},
    {"[::ffff:10.0.0.1]:6379", "[::ffff:10.0.0.1]:6379", "[::ffff:10.0.0.1]:6379", "", "", 0,
     false},
    {"[fe80::1%eth0]:6379", "[fe80::1%eth0]:6379", "[fe80::1%eth0]:6379", "", "", 0, false},
    {"[fe80::1%25eth0.1_a-b]:6379", "[fe80::1%25eth0.1_a-b]:6379", "[fe80::1%25eth0.1_a-b]:6379",
     "", "", 0, false},
    {"cache-a=redis-0.redis:6379", "cache-a", "redis-0.redis:6379", "", "", 0, false},
    {"A.b_C-9=h:1", "A.b_C-9", "h:1", "", "", 0, false},
    {".=h:1", ".", "h:1", "", "", 0, false},
    {"0=h:1", "0", "h:1", "", "", 0, false},
    {"a=10.0.0.1:1", "a", "10.0.0.1:1", "", "", 0, false},
    {"a=[::1]:7000", "a", "[::1]:7000", "", "", 0, false},
    {"a=[fe80::1%eth0]:1", "a", "[fe80::1%eth0]:1", "", "", 0, false},
    {"redis://h", "h:6379", "h:6379", "", "", 0, false},
    {"redis://h:7000", "h:7000", "h:7000", "", "", 0, false},
    {"redis://h:07000", "h:7000", "h:7000", "", "", 0, false},
    {"redis://h/", "h:6379", "h:6379", "", "", 0, false},
    {"redis://h/0", "h:6379", "h:6379", "", "", 0, false},
    {"redis://h/15", "h:6379", "h:6379", "", "", 15, false},
    {"redis://h/007", "h:6379", "h:6379", "", "", 7, false},
    {"redis://h/2147483647", "h:6379", "h:6379", "", "", 2147483647, false},
    {"redis://h:1/", "h:1", "h:1", "", "", 0, false},
    {"redis://h:1/3", "h:1", "h:1", "", "", 3, false},
    {"REDIS://h", "h:6379", "h:6379", "", "", 0, false},
    {"Redis://H:1", "H:1", "H:1", "", "", 0, false},
    {"rediss://h", "h:6379", "h:6379", "", "", 0, true},
    {"REDISS://h:1/2", "h:1", "h:1", "", "", 2, true},
    {"redis://10.0.0.1", "10.0.0.1:6379", "10.0.0.1:6379", "", "", 0, false},
    {"redis://10.0.0.1.nip.io/1", "10.0.0.1.nip.io:6379", "10.0.0.1.nip.io:6379", "", "", 1, false},
    {"redis://10.0.0.1.nip.io:7", "10.0.0.1.nip.io:7", "10.0.0.1.nip.io:7", "", "", 0, false},
    {"redis://[::1]", "[::1]:6379", "[::1]:6379", "", "", 0, false},
    {"redis://[::1]/3", "[::1]:6379", "[::1]:6379", "", "", 3, false},
    {"redis://[::1]:7000", "[::1]:7000", "[::1]:7000", "", "", 0, false},
    {"redis://[fe80::1%eth0]", "[fe80::1%eth0]:6379", "[fe80::1%eth0]:6379", "", "", 0, false},
    {"redis://[fe80::1%eth0]:1/2", "[fe80::1%eth0]:1", "[fe80::1%eth0]:1", "", "", 2, false},
    {"redis://[::ffff:1.2.3.4]:9", "[::ffff:1.2.3.4]:9", "[::ffff:1.2.3.4]:9", "", "", 0, false},
    {"redis://:pw@h", "h:6379", "h:6379", "", "pw", 0, false},
    {"redis://:pw@h:1/2", "h:1", "h:1", "", "pw", 2, false},
    {"redis://user:pw@h", "h:6379", "h:6379", "user", "pw", 0, false},
    {"redis://u:p@[::1]", "[::1]:6379", "[::1]:6379", "u", "p", 0, false},
    {"redis://u:p@[fe80::1%eth0]:1", "[fe80::1%eth0]:1", "[fe80::1%eth0]:1", "u", "p", 0, false},
    {"redis://u:p@10.0.0.1.nip.io", "10.0.0.1.nip.io:6379", "10.0.0.1.nip.io:6379", "u", "p", 0,
     false},
    {"redis://:p:w@h", "h:6379", "h:6379", "", "p:w", 0, false},
    {"redis://:p@w@h", "h:6379", "h:6379", "", "p@w", 0, false},
    {"redis://:@@h", "h:6379", "h:6379", "", "@", 0, false},
    {"redis://::@h", "h:6379", "h:6379", "", ":", 0, false},
    {"redis://a@b:c@h", "h:6379", "h:6379", "a@b", "c", 0, false},
    {"redis://:p=w@h", "h:6379", "h:6379", "", "p=w", 0, false},
    {"redis://a=b:p=w=@h", "h:6379", "h:6379", "a=b", "p=w=", 0, false},
    {"redis://=:=@h", "h:6379", "h:6379", "=", "=", 0, false},
    {"redis://:p w@h", "h:6379", "h:6379", "", "p w", 0, false},
    {"redis:// : @h", "h:6379", "h:6379", " ", " ", 0, false},
    {"redis://:p\"w@h", "h:6379", "h:6379", "", "p\"w", 0, false},
    {"redis://:<p>{w}|\\^`[x]@h", "h:6379", "h:6379", "", "<p>{w}|\\^`[x]", 0, false},
    {"redis://:!$&'()*+;~._-@h", "h:6379", "h:6379", "", "!$&'()*+;~._-", 0, false},
    {"redis://:p+w@h", "h:6379", "h:6379", "", "p+w", 0, false},
    {"redis://:\303\244@h", "h:6379", "h:6379", "", "\303\244", 0, false},
    {"redis://:\377\001\177@h", "h:6379", "h:6379", "", "\377\001\177", 0, false},
    {"redis://:\011@h", "h:6379", "h:6379", "", "\011", 0, false},
    {"redis://:%41%62c@h", "h:6379", "h:6379", "", "Abc", 0, false},
    {"redis://:%2C%2f%40%25%3d%3A@h", "h:6379", "h:6379", "", ",/@%=:", 0, false},
    {"redis://%3a%2F%40:%20@h", "h:6379", "h:6379", ":/@", " ", 0, false},
    {"redis://:%C3%A4@h", "h:6379", "h:6379", "", "\303\244", 0, false},
    {"redis://:%ff@h", "h:6379", "h:6379", "", "\377", 0, false},
    {"redis://:p%40ss%2Fw%3Ard%231%25%3D%2B%3F@127.0.0.1:27001", "127.0.0.1:27001",
     "127.0.0.1:27001", "", "p@ss/w:rd#1%=+?", 0, false},
    {"redis://:a%2525@h", "h:6379", "h:6379", "", "a%25", 0, false},
    {"n=redis://h", "n", "h:6379", "", "", 0, false},
    {"n=redis://:p=w=@h:7/1", "n", "h:7", "", "p=w=", 1, false},
    {"n=rediss://u:p@[::1]:1/3", "n", "[::1]:1", "u", "p", 3, true},
    {"cache-b=redis://:p%2Cw@redis-1.redis/2", "cache-b", "redis-1.redis:6379", "", "p,w", 2,
     false},
    {"N=REDISS://a=b:c=d@h", "N", "h:6379", "a=b", "c=d", 0, true},
};

TEST(RedisUrlSpellings, KeepTheirMeaning) {
  for (const Spelling& spelling : kSpellings) {
    const absl::StatusOr<RedisAddress> address = ParseRedisUrl(spelling.entry);
    ASSERT_TRUE(address.ok()) << spelling.entry << ": " << address.status();
    EXPECT_EQ(address->name, spelling.name) << spelling.entry;
    EXPECT_EQ(address->address.ToString(), spelling.address) << spelling.entry;
    EXPECT_EQ(address->user, spelling.user) << spelling.entry;
    EXPECT_EQ(address->password, spelling.password) << spelling.entry;
    EXPECT_EQ(address->database, spelling.database) << spelling.entry;
    EXPECT_EQ(address->tls, spelling.tls) << spelling.entry;
  }
}

}  // namespace
}  // namespace kache
