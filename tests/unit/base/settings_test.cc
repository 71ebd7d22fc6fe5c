#include "base/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/strings.h"

namespace kache {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string Mistakes(SettingsReader& reader) { return std::string(reader.Finish().message()); }

int64_t ReadPort(const std::string& value, std::string* mistakes) {
  const Environment environment = Environment::Of({{"PORT", value}});
  SettingsReader reader(environment);
  const int64_t port = reader.Integer("PORT", 80, {.min = 1, .max = 65535});
  *mistakes = Mistakes(reader);
  return port;
}

class IntegerSetting : public testing::TestWithParam<std::string> {};

TEST_P(IntegerSetting, RefusesWhatIsNoWholeNumberInRange) {
  std::string mistakes;
  EXPECT_EQ(ReadPort(GetParam(), &mistakes), 80);
  EXPECT_THAT(mistakes, HasSubstr("PORT: must be a whole number from 1 to 65535, not "));
}

INSTANTIATE_TEST_SUITE_P(Values, IntegerSetting,
                         testing::Values("", " ", "0", "-1", "65536", "99999999999999999999",
                                         "-99999999999999999999", "3s", "3.0", "0x10", "+3", "1 2",
                                         "1e3", "three",
                                         "\xC2\xA0"
                                         "3"));

TEST(SettingsReader, TakesNumbersWithBlanksRoundThem) {
  std::string mistakes;
  EXPECT_EQ(ReadPort(" 3 ", &mistakes), 3);
  EXPECT_EQ(ReadPort("65535\r", &mistakes), 65535);
  EXPECT_EQ(ReadPort("0080", &mistakes), 80);
  EXPECT_THAT(mistakes, IsEmpty());
}

TEST(SettingsReader, ReturnsDefaultsWhenNothingIsSet) {
  const Environment environment;
  SettingsReader reader(environment);
  EXPECT_EQ(reader.String("NAME", "x"), "x");
  EXPECT_EQ(reader.Integer("COUNT", 7, {}), 7);
  EXPECT_TRUE(reader.Boolean("FLAG", true));
  EXPECT_EQ(reader.Seconds("WAIT_SECONDS", absl::Seconds(3), {}), absl::Seconds(3));
  EXPECT_EQ(reader.Choice("LEVEL", "info", {"info", "warn"}), "info");
  EXPECT_EQ(reader.ListenAddress("ADDRESS", "0.0.0.0:80"), (HostPort{"0.0.0.0", 80}));
  EXPECT_THAT(reader.List("ITEMS", "a, b"), ElementsAre("a", "b"));
  EXPECT_TRUE(reader.Finish().ok());
  EXPECT_THAT(reader.warnings(), IsEmpty());
}

TEST(SettingsReader, ReadsEveryType) {
  const Environment environment = Environment::Of({{"NAME", " as it is "},
                                                   {"FLAG", "Off"},
                                                   {"WAIT_SECONDS", "60"},
                                                   {"WAIT_MS", "250"},
                                                   {"LEVEL", " WARN "},
                                                   {"ADDRESS", "[::1]:0"},
                                                   {"ITEMS", " a ,b,\tc d "}});
  SettingsReader reader(environment);
  EXPECT_EQ(reader.String("NAME", "x"), " as it is ");
  EXPECT_FALSE(reader.Boolean("FLAG", true));
  EXPECT_EQ(reader.Seconds("WAIT_SECONDS", absl::Seconds(3), {}), absl::Minutes(1));
  EXPECT_EQ(reader.Milliseconds("WAIT_MS", absl::Seconds(3), {}), absl::Milliseconds(250));
  EXPECT_EQ(reader.Choice("LEVEL", "info", {"info", "warn"}), "warn");
  EXPECT_EQ(reader.ListenAddress("ADDRESS", "0.0.0.0:80"), (HostPort{"::1", 0}));
  EXPECT_THAT(reader.List("ITEMS", ""), ElementsAre("a", "b", "c d"));
  EXPECT_EQ(Mistakes(reader), "");
}

TEST(SettingsReader, KnowsTheWordsForTrueAndFalse) {
  for (const std::string word : {"true", "1", "yes", "on", "TRUE", " Yes "}) {
    const Environment environment = Environment::Of({{"FLAG", word}});
    SettingsReader reader(environment);
    EXPECT_TRUE(reader.Boolean("FLAG", false)) << word;
    EXPECT_TRUE(reader.Finish().ok()) << word;
  }
  for (const std::string word : {"false", "0", "no", "off", "NO"}) {
    const Environment environment = Environment::Of({{"FLAG", word}});
    SettingsReader reader(environment);
    EXPECT_FALSE(reader.Boolean("FLAG", true)) << word;
    EXPECT_TRUE(reader.Finish().ok()) << word;
  }
}

TEST(SettingsReader, ListsEveryMistakeInOneMessage) {
  const Environment environment = Environment::Of({{"NAME", ""},
                                                   {"COUNT", "0"},
                                                   {"FLAG", "maybe"},
                                                   {"WAIT_SECONDS", "3s"},
                                                   {"WAIT_MS", "-1"},
                                                   {"LEVEL", "loud"},
                                                   {"ADDRESS", ":8080"}});
  SettingsReader reader(environment);
  EXPECT_EQ(reader.String("NAME", "x"), "x");
  EXPECT_EQ(reader.Integer("COUNT", 7, {.min = 1}), 7);
  EXPECT_TRUE(reader.Boolean("FLAG", true));
  EXPECT_EQ(reader.Seconds("WAIT_SECONDS", absl::Seconds(3), {1, 60}), absl::Seconds(3));
  EXPECT_EQ(reader.Milliseconds("WAIT_MS", absl::Seconds(3), {}), absl::Seconds(3));
  EXPECT_EQ(reader.Choice("LEVEL", "info", {"info", "warn"}), "info");
  EXPECT_EQ(reader.ListenAddress("ADDRESS", "0.0.0.0:80"), (HostPort{"0.0.0.0", 80}));
  reader.AddMistake("OTHER", "is not to my liking");
  const absl::Status status = reader.Finish();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "NAME: must not be empty\n"
            "COUNT: must be a whole number of at least 1, not \"0\"\n"
            "FLAG: must be true or false, not \"maybe\"\n"
            "WAIT_SECONDS: must be a whole number of seconds from 1 to 60, not \"3s\"\n"
            "WAIT_MS: must be a whole number of milliseconds of at least 0, not \"-1\"\n"
            "LEVEL: must be one of info, warn, not \"loud\"\n"
            "ADDRESS: the host is missing, in \":8080\"\n"
            "OTHER: is not to my liking");
}

TEST(SettingsReader, NamesTheFileAndLineOfAMistake) {
  Environment environment;
  environment.AddText("\nCOUNT=none\n", ".env.local");
  SettingsReader reader(environment);
  reader.Integer("COUNT", 1, {});
  EXPECT_THAT(Mistakes(reader), HasSubstr("COUNT (.env.local:2): must be"));
}

TEST(SettingsReader, PassesOnTheMistakesOfFiles) {
  Environment environment;
  environment.AddText("COUNT\n", ".env.local");
  SettingsReader reader(environment);
  EXPECT_EQ(Mistakes(reader), ".env.local:1: must be NAME=value");
}

TEST(SettingsReader, KeepsWrongValuesShortAndPrintable) {
  std::string mistakes;
  ReadPort(std::string(1000, 'x'), &mistakes);
  EXPECT_THAT(mistakes, HasSubstr(Concat("\"", std::string(40, 'x'), "...\"")));
  ReadPort("\x1B[31m\nPORT: fine", &mistakes);
  EXPECT_THAT(mistakes, HasSubstr("\"\\033[31m\\nPORT: fine\""));
}

TEST(SettingsReader, NamesEmptyListEntriesAndKeepsTheirPlaces) {
  const Environment environment = Environment::Of({{"ITEMS", "a,, b ,"}});
  SettingsReader reader(environment);
  EXPECT_THAT(reader.List("ITEMS", "x"), ElementsAre("a", "", "b", ""));
  EXPECT_EQ(Mistakes(reader), "ITEMS: entry 2 is empty\nITEMS: entry 4 is empty");
}

TEST(SettingsReader, TakesTheDefaultListWhenEmpty) {
  for (const std::string value : {"", "  "}) {
    const Environment environment = Environment::Of({{"ITEMS", value}});
    SettingsReader reader(environment);
    EXPECT_THAT(reader.List("ITEMS", "x, y"), ElementsAre("x", "y")) << value;
    EXPECT_FALSE(reader.Finish().ok()) << value;
  }
}

TEST(SettingsReader, NeverShowsTheValueOfAStringOrList) {
  const Environment environment =
      Environment::Of({{"TOKEN", "\"secret\""}, {"ITEMS", "secret,,secret"}, {"TOKENS", "secret"}});
  SettingsReader reader(environment);
  reader.String("TOKEN", "x");
  reader.List("ITEMS", "x");
  const absl::Status status = reader.Finish();
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("secret")));
  EXPECT_THAT(reader.warnings(), ElementsAre(Not(HasSubstr("secret"))));
}

TEST(SettingsReader, RefusesQuotesThatCameThroughLiterally) {
  const Environment environment = Environment::Of({{"COUNT", "\"3\""}, {"NAME", "'x'"}});
  SettingsReader reader(environment);
  EXPECT_EQ(reader.Integer("COUNT", 7, {}), 7);
  EXPECT_EQ(reader.String("NAME", "y"), "y");
  EXPECT_EQ(Mistakes(reader),
            "COUNT: the quotes are part of the value; leave them out\n"
            "NAME: the quotes are part of the value; leave them out");
}

TEST(SettingsReader, WarnsOfNearNamesInTheProcessEnvironment) {
  const Environment environment =
      Environment::Of({{"REDIS_URL", "secret"}, {"redis_urls", "x"}, {"PATH", "/bin"}});
  SettingsReader reader(environment);
  reader.List("REDIS_URLS", "x");
  EXPECT_TRUE(reader.Finish().ok());
  EXPECT_THAT(
      reader.warnings(),
      ElementsAre("the environment variable REDIS_URL is not a setting and is ignored; is it "
                  "REDIS_URLS?",
                  "the environment variable redis_urls is not a setting and is ignored; is it "
                  "REDIS_URLS?"));
}

// A Service of that name makes Kubernetes set these.
TEST(SettingsReader, StaysSilentAboutServiceLinks) {
  const Environment environment = Environment::Of({{"KACHE_SERVER_PORT", "tcp://10.0.0.1:50051"},
                                                   {"KACHE_SERVER_SERVICE_HOST", "10.0.0.1"},
                                                   {"KACHE_SERVER_SERVICE_PORT", "50051"},
                                                   {"KACHE_SERVER_PORT_50051_TCP_ADDR", "10.0.0.1"},
                                                   {"KACHE_GATEWAY_PORT", "tcp://10.0.0.2:8080"}});
  SettingsReader reader(environment);
  reader.AlsoKnown("KACHE_SERVERS");
  EXPECT_TRUE(reader.Finish().ok());
  EXPECT_THAT(reader.warnings(), IsEmpty());
}

TEST(SettingsReader, RefusesUnknownNamesInFiles) {
  Environment environment = Environment::Of({{"REDIS_URL", "x"}});
  environment.AddText("REDIS_URL=a:1\nCOLOUR=red\nKACHE_SERVERS=b:2\nREDIS_URLS=c:3\n", "f");
  SettingsReader reader(environment);
  reader.List("REDIS_URLS", "x");
  reader.AlsoKnown("KACHE_SERVERS");
  EXPECT_EQ(Mistakes(reader),
            "f:1: REDIS_URL is not a setting; is it REDIS_URLS?\n"
            "f:2: COLOUR is not a setting");
}

TEST(SettingsReader, TellsWhatItReadAndTheDefaults) {
  const Environment environment = Environment::Of({{"COUNT", "9"}});
  SettingsReader reader(environment);
  reader.Integer("COUNT", 7, {});
  reader.Boolean("FLAG", false);
  reader.Milliseconds("WAIT_MS", absl::Seconds(3), {});
  reader.AlsoKnown("OTHER");
  std::vector<std::string> reads;
  for (const SettingsReader::Read& read : reader.reads()) {
    reads.push_back(Concat(read.name, "=", read.default_value));
  }
  EXPECT_THAT(reads, ElementsAre("COUNT=7", "FLAG=false", "WAIT_MS=3000"));
}

}  // namespace
}  // namespace kache
