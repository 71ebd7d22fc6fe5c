#include "base/redis_login.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/strings.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// "user:password:file" of each of the servers a, b and `own:pass@host`.
std::vector<std::string> Logins(std::map<std::string, std::string> settings,
                                std::string* mistakes) {
  std::vector<RedisAddress> servers;
  for (const char* url : {"a=host:1", "host:2", "c=redis://own:pass@host:3"}) {
    servers.push_back(ParseRedisUrl(url).value());
  }
  const Environment environment = Environment::Of(settings);
  SettingsReader reader(environment);
  ReadRedisLogins(reader, &servers);
  *mistakes = std::string(reader.Finish().message());
  std::vector<std::string> logins;
  for (const RedisAddress& server : servers) {
    logins.push_back(Concat(server.user, ":", server.password, ":", server.password_file));
  }
  return logins;
}

TEST(RedisLogins, AreThoseOfTheEntriesByDefault) {
  std::string mistakes;
  EXPECT_THAT(Logins({}, &mistakes), ElementsAre("::", "::", "own:pass:"));
  EXPECT_EQ(mistakes, "");
}

TEST(RedisLogins, AreOneForAllThatHaveNone) {
  std::string mistakes;
  EXPECT_THAT(Logins({{"REDIS_USERNAME", "kache"}, {"REDIS_PASSWORD_FILE", "/run/p"}}, &mistakes),
              ElementsAre("kache::/run/p", "kache::/run/p", "own:pass:"));
  EXPECT_EQ(mistakes, "");
}

TEST(RedisLogins, MayDifferByName) {
  std::string mistakes;
  EXPECT_THAT(Logins({{"REDIS_USERNAME", "a=me, kache"},
                      {"REDIS_PASSWORD_FILE", "/run/p=1, host:2=/run/=q"}},
                     &mistakes),
              ElementsAre("me::/run/p=1", "kache::/run/=q", "own:pass:"));
  EXPECT_EQ(mistakes, "");
}

TEST(RedisLogins, SayWhatIsWrong) {
  std::string mistakes;
  Logins({{"REDIS_PASSWORD_FILE", "/run/p, z=/run/q"}}, &mistakes);
  EXPECT_THAT(mistakes, HasSubstr("REDIS_PASSWORD_FILE: names no server of REDIS_URLS: z. Their "
                                  "names: a, host:2, c"));
  Logins({{"REDIS_PASSWORD_FILE", "/run/p, /run/q"}}, &mistakes);
  EXPECT_THAT(mistakes, HasSubstr("REDIS_PASSWORD_FILE: must hold one value for all"));
  Logins({{"REDIS_USERNAME", "d=kache"}, {"REDIS_PASSWORD_FILE", "/run/p"}}, &mistakes);
  EXPECT_THAT(mistakes, HasSubstr("REDIS_USERNAME: names no server of REDIS_URLS: d"));
  Logins({{"REDIS_PASSWORD_FILE", "a=/run/p, a=/run/q"}}, &mistakes);
  EXPECT_THAT(mistakes, HasSubstr("names the server a twice"));
  Logins({{"REDIS_PASSWORD_FILE", "a="}}, &mistakes);
  EXPECT_THAT(mistakes, HasSubstr("says nothing for the server a"));
  Logins({{"REDIS_PASSWORD_FILE", "/run/\np"}}, &mistakes);
  EXPECT_THAT(mistakes, HasSubstr("REDIS_PASSWORD_FILE: must not hold control characters"));
  Logins({{"REDIS_USERNAME", "kache"}}, &mistakes);
  EXPECT_THAT(mistakes, HasSubstr("needs REDIS_PASSWORD_FILE for the server a"));
}

}  // namespace
}  // namespace kache
