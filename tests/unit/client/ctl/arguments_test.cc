#include "client/ctl/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kache::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Parsed Parse(const std::vector<std::string>& words) {
  return ParseArguments(words, Environment::Of({{"KACHE_SERVERS", "env:1"}}));
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
  EXPECT_THAT(parsed.arguments->redis, ElementsAre("r:1", "r:2", "r:3"));
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
