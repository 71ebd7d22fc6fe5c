#include "client/ctl/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kache::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Parsed Parse(const std::vector<std::string>& words) {
  return ParseArguments(words, Environment::Of({{"KACHE_SERVERS", "env:1"}}));
}

// The addresses of the Redis servers that doctor is to look at.
std::vector<std::string> RedisOf(const Parsed& parsed) {
  EXPECT_TRUE(parsed.arguments.has_value()) << parsed.err;
  std::vector<std::string> result;
  if (!parsed.arguments) return result;
  for (const RedisAddress& redis : parsed.arguments->redis) {
    result.push_back(redis.address.ToString());
  }
  return result;
}

TEST(Arguments, OfPut) {
  const Parsed parsed =
      Parse({"put", "k", "v", "--ttl", "5m", "--consistency", "quorum", "--json"});
  ASSERT_TRUE(parsed.arguments.has_value()) << parsed.err;
  EXPECT_EQ(parsed.arguments->command, "put");
  EXPECT_EQ(parsed.arguments->key, "k");
  EXPECT_EQ(parsed.arguments->value, "v");
  EXPECT_EQ(parsed.arguments->ttl, absl::Minutes(5));
  EXPECT_EQ(parsed.arguments->consistency, v1::CONSISTENCY_QUORUM);
  EXPECT_TRUE(parsed.arguments->json);
  EXPECT_THAT(parsed.arguments->servers, ElementsAre("env:1"));
}

TEST(Arguments, OfTouch) {
  const Parsed parsed = Parse({"touch", "k", "--ttl", "90s", "--consistency", "all"});
  ASSERT_TRUE(parsed.arguments.has_value()) << parsed.err;
  EXPECT_EQ(parsed.arguments->command, "touch");
  EXPECT_EQ(parsed.arguments->key, "k");
  EXPECT_EQ(parsed.arguments->ttl, absl::Seconds(90));
  EXPECT_EQ(parsed.arguments->consistency, v1::CONSISTENCY_ALL);
}

TEST(Arguments, TellAnEmptyValueFromNone) {
  EXPECT_EQ(Parse({"put", "k", ""}).arguments->value, "");
  EXPECT_FALSE(Parse({"put", "k"}).arguments->value.has_value());
}

TEST(Arguments, ThatStartWithADashFollowTwoOfThem) {
  const Parsed parsed = Parse({"put", "--", "-k", "-1"});
  ASSERT_TRUE(parsed.arguments.has_value()) << parsed.err;
  EXPECT_EQ(parsed.arguments->key, "-k");
  EXPECT_EQ(parsed.arguments->value, "-1");
}

TEST(Arguments, NameServersBeforeOrAfterTheCommand) {
  EXPECT_THAT(Parse({"--server", "a:1,b:2", "status"}).arguments->servers,
              ElementsAre("a:1", "b:2"));
  EXPECT_THAT(Parse({"status", "--server", "a:1"}).arguments->servers, ElementsAre("a:1"));
}

TEST(Arguments, OfDoctor) {
  const Parsed parsed =
      Parse({"doctor", "--key", "a", "--key", "b", "--redis", "r:1,r:2", "--redis", "r:3"});
  ASSERT_TRUE(parsed.arguments.has_value()) << parsed.err;
  EXPECT_THAT(parsed.arguments->sample_keys, ElementsAre("a", "b"));
  EXPECT_THAT(RedisOf(parsed), ElementsAre("r:1", "r:2", "r:3"));
}

TEST(Arguments, OfDoctorTakeRedisFromTheSettingsUnlessGiven) {
  const Environment environment = Environment::Of({{"REDIS_URLS", "a=redis://:p%2Fw@r:1, r:2"}});
  const Parsed parsed = ParseArguments({"doctor"}, environment);
  EXPECT_THAT(RedisOf(parsed), ElementsAre("r:1", "r:2"));
  EXPECT_EQ(parsed.arguments->redis[0].password, "p/w");
  EXPECT_THAT(RedisOf(ParseArguments({"doctor", "--redis", "r:3"}, environment)),
              ElementsAre("r:3"));
  EXPECT_THAT(RedisOf(ParseArguments({"status"}, environment)), IsEmpty());
}

TEST(Arguments, OfDoctorTakeThePingIntervalFromTheSettings) {
  EXPECT_EQ(Parse({"doctor"}).arguments->ping_interval, absl::Seconds(3));
  const Environment environment = Environment::Of({{"PING_INTERVAL_SECONDS", "10"}});
  EXPECT_EQ(ParseArguments({"doctor"}, environment).arguments->ping_interval, absl::Seconds(10));
}

TEST(Arguments, KeepAnIpv6AddressInItsBrackets) {
  EXPECT_THAT(RedisOf(Parse({"doctor", "--redis", "[::1]:7,redis://[::1]"})),
              ElementsAre("[::1]:7", "[::1]:6379"));
}

TEST(Arguments, ThatNameRedisWronglyExitWith2) {
  const Environment wrong = Environment::Of({{"REDIS_URLS", "redis://:secret@r:x"}});
  const Parsed setting = ParseArguments({"doctor"}, wrong);
  EXPECT_EQ(setting.exit_code, kExitUsage);
  EXPECT_THAT(setting.err, HasSubstr("REDIS_URLS: entry 1: the port"));
  EXPECT_TRUE(ParseArguments({"status"}, wrong).arguments.has_value());
  EXPECT_TRUE(ParseArguments({"doctor", "--redis", "r:1"}, wrong).arguments.has_value());
  const Parsed option = Parse({"doctor", "--redis", "r:1,redis://:secret@r:x"});
  EXPECT_EQ(option.exit_code, kExitUsage);
  EXPECT_EQ(option.err, "kachectl: --redis: entry 2: the port must be a number from 1 to 65535\n");
}

TEST(Arguments, ThatMayHoldAPasswordAreNotRepeated) {
  const std::string url = "redis://:secret@r:1";
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {url}, {"doctor", url}, {"doctor", "--redis", "r:1", url}, {"doctor", "--redis"}}) {
    const Parsed parsed = Parse(words);
    EXPECT_EQ(parsed.exit_code, kExitUsage);
    EXPECT_THAT(parsed.err, HasSubstr("--"));
    EXPECT_THAT(parsed.out + parsed.err, Not(HasSubstr("secret")));
  }
}

TEST(Arguments, HelpOfDoctorSaysWherePasswordsBelong) {
  const std::string help = Parse({"doctor", "--help"}).out;
  EXPECT_THAT(help, HasSubstr("REDIS_URLS"));
  EXPECT_THAT(help, HasSubstr("can read a command line"));
}

TEST(Arguments, TakeRedissFilesFromTheSettings) {
  const Parsed parsed =
      ParseArguments({"doctor"}, Environment::Of({{"REDIS_TLS_CA_FILE", "ca"},
                                                  {"REDIS_TLS_CERT_FILE", "cert"},
                                                  {"REDIS_TLS_KEY_FILE", "key"}}));
  ASSERT_TRUE(parsed.arguments.has_value()) << parsed.err;
  EXPECT_EQ(parsed.arguments->redis_tls.ca_file, "ca");
  EXPECT_EQ(parsed.arguments->redis_tls.cert_file, "cert");
  EXPECT_EQ(parsed.arguments->redis_tls.key_file, "key");
}

TEST(Arguments, OfNodeForsake) {
  const Parsed parsed = Parse({"node", "forsake", "cache-b"});
  ASSERT_TRUE(parsed.arguments.has_value()) << parsed.err;
  EXPECT_EQ(parsed.arguments->command, "node forsake");
  EXPECT_EQ(parsed.arguments->node, "cache-b");
}

TEST(Arguments, OfCoordinatorDeclareLost) {
  const Environment settings =
      Environment::Of({{"REDIS_URLS", "a=localhost:1,b=localhost:2"}, {"KEY_PREFIX", "p:"}});
  const Parsed parsed =
      ParseArguments({"coordinator", "declare-lost", "00000000000000aa", "--yes"}, settings);
  ASSERT_TRUE(parsed.arguments.has_value()) << parsed.err;
  EXPECT_EQ(parsed.arguments->command, kDeclareCoordinatorLost);
  EXPECT_EQ(parsed.arguments->coordinator, "00000000000000aa");
  EXPECT_EQ(parsed.arguments->redis.size(), 2u);
  EXPECT_EQ(parsed.arguments->key_prefix, "p:");
  EXPECT_TRUE(parsed.arguments->yes);
}

TEST(Arguments, OfCoordinatorDeclareLostAreChecked) {
  const Environment settings = Environment::Of({{"REDIS_URLS", "a=localhost:1"}});
  EXPECT_EQ(ParseArguments({"coordinator", "declare-lost", "cache-a"}, settings).exit_code, 2);
  const Parsed without = Parse({"coordinator", "declare-lost", "00000000000000aa"});
  EXPECT_EQ(without.exit_code, 2);
  EXPECT_NE(without.err.find("REDIS_URLS"), std::string::npos) << without.err;
}

TEST(Arguments, MinVersionIsAVersion) {
  const Parsed parsed = Parse({"get", "k", "--min-version", "0000000000000001-0000000000000002"});
  ASSERT_TRUE(parsed.arguments.has_value()) << parsed.err;
  EXPECT_EQ(parsed.arguments->min_version.clock(), 2u);
}

TEST(Arguments, MistakesExitWith2AndSayWhatIsWrong) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{}, "subcommand"},
      {{"get"}, "KEY"},
      {{"unknown"}, "unknown"},
      {{"put", "k", "v", "--file", "f"}, "excludes"},
      {{"put", "k", "v", "--ttl", "soon"}, "not a duration"},
      {{"get", "k", "--min-version", "7"}, "not a version"},
      {{"get", "k", "--consistency", "most"}, "most"},
      {{"status", "--server", "nowhere"}, "nowhere"},
      {{"node"}, "subcommand"},
      {{"status", "more"}, "more was not expected"},
      {{"doctor", "--redis", "r:1", "r:2"}, "r:2 was not expected"},
  };
  for (const auto& [words, message] : cases) {
    const Parsed parsed = Parse(words);
    EXPECT_FALSE(parsed.arguments.has_value()) << message;
    EXPECT_EQ(parsed.exit_code, kExitUsage) << message;
    EXPECT_THAT(parsed.err, HasSubstr(message));
  }
}

TEST(Arguments, WrongSettingsExitWith2) {
  const Parsed parsed = ParseArguments({"status"}, Environment::Of({{"KACHE_SERVERS", "nowhere"}}));
  EXPECT_EQ(parsed.exit_code, kExitUsage);
  EXPECT_THAT(parsed.err, HasSubstr("KACHE_SERVERS"));
}

TEST(Arguments, HelpAndVersionSucceed) {
  const Parsed help = Parse({"--help"});
  EXPECT_EQ(help.exit_code, kExitOk);
  EXPECT_THAT(help.out, HasSubstr("doctor"));
  EXPECT_THAT(help.out, HasSubstr("Exit codes"));
  EXPECT_THAT(Parse({"put", "--help"}).out, HasSubstr("--ttl"));
  EXPECT_THAT(Parse({"--version"}).out, HasSubstr("kachectl "));
}

}  // namespace
}  // namespace kache::ctl
