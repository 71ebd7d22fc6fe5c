#include "client/ctl/redis_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/strings.h"

namespace kache::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<std::string> Shown(const std::vector<RedisAddress>& addresses) {
  std::vector<std::string> result;
  for (const RedisAddress& address : addresses) {
    result.push_back(Concat(address.name, " ", address.address.ToString(), " ", address.user, ":",
                            address.password, address.tls ? " TLS" : ""));
  }
  return result;
}

std::string MistakeOf(const std::vector<std::string>& values) {
  const auto parsed = ParseRedisOption(values);
  return std::string(parsed.status().message());
}

std::vector<std::string> FromEnvironment(const Environment& environment, std::string* mistakes) {
  SettingsReader reader(environment);
  const std::vector<RedisAddress> addresses = ReadRedisUrls(environment, reader);
  *mistakes = std::string(reader.Finish().message());
  return Shown(addresses);
}

constexpr char kList[] =
    " r:1 , a=redis://:p%2Cw=%25@r:2/3,[::1]:6379=rediss://me:p@w@[::1]:7,redis://[::1]";

TEST(RedisList, IsTheSameAsOptionAndAsSetting) {
  const auto wanted = ElementsAre("r:1 r:1 :", "a r:2 :p,w=%", "[::1]:6379 [::1]:7 me:p@w TLS",
                                  "[::1]:6379 [::1]:6379 :");
  EXPECT_THAT(Shown(ParseRedisOption({kList}).value()), wanted);
  std::string mistakes;
  EXPECT_THAT(FromEnvironment(Environment::Of({{"REDIS_URLS", kList}}), &mistakes), wanted);
  EXPECT_EQ(mistakes, "");
}

TEST(RedisList, OfManyOptionsIsOneList) {
  EXPECT_THAT(Shown(ParseRedisOption({"r:1,r:2", "r:3"}).value()),
              ElementsAre("r:1 r:1 :", "r:2 r:2 :", "r:3 r:3 :"));
}

TEST(RedisList, NamesEveryWrongEntryAndNoSecret) {
  EXPECT_EQ(MistakeOf({"r:1,r:99999", "tls://:secret@r:1,"}),
            "--redis: entry 4 is empty\n"
            "--redis: entry 2: the port must be a number from 1 to 65535\n"
            "--redis: entry 3: the scheme must be redis:// or rediss://");
  EXPECT_EQ(MistakeOf({""}), "--redis: must not be empty");
  EXPECT_THAT(MistakeOf({"redis://:sec,ret@r:1"}), HasSubstr("',' as %2C"));
  EXPECT_THAT(MistakeOf({"redis://:sec,ret@r:1"}), Not(HasSubstr("ret@")));
}

TEST(RedisList, OfTheSettingIsEmptyWhereItIsNotSet) {
  std::string mistakes;
  EXPECT_THAT(FromEnvironment(Environment(), &mistakes), IsEmpty());
  EXPECT_EQ(mistakes, "");
  Environment file;
  file.AddText("REDIS_URLS='r:1, r'\n", ".env.local");
  EXPECT_THAT(FromEnvironment(file, &mistakes), ElementsAre("r:1 r:1 :"));
  EXPECT_EQ(mistakes, "REDIS_URLS (.env.local:1): entry 2: must be host:port");
}

}  // namespace
}  // namespace kache::ctl
