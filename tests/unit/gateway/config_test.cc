#include "gateway/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/limits.h"
#include "base/setting_names.h"
#include "tests/testing/settings_table.h"

namespace kache::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

GatewayConfig Read(const std::map<std::string, std::string>& variables, std::string* mistakes) {
  const Environment environment = Environment::Of(variables);
  SettingsReader reader(environment);
  GatewayConfig config = ReadGatewayConfig(reader);
  *mistakes = std::string(reader.Finish().message());
  return config;
}

TEST(GatewayConfig, HasTheDocumentedDefaults) {
  const Environment environment;
  SettingsReader reader(environment);
  ReadGatewayConfig(reader);
  std::map<std::string, std::string> documented = DocumentedSettings("kache-gateway");
  std::map<std::string, std::string> read = ReadSettings(reader);
  EXPECT_EQ(documented["GATEWAY_THREADS"], "half the CPUs, at least 1");
  documented.erase("GATEWAY_THREADS");
  read.erase("GATEWAY_THREADS");  // depends on the machine
  EXPECT_EQ(documented, read);
}

TEST(GatewayConfig, ReadsWhatOtherProgramsKnowByName) {
  const Environment environment;
  SettingsReader reader(environment);
  ReadGatewayConfig(reader);
  std::set<std::string_view> known(std::begin(kServerSettings), std::end(kServerSettings));
  known.insert(std::begin(kGatewaySettings), std::end(kGatewaySettings));
  for (const SettingsReader::Read& setting : reader.reads()) {
    EXPECT_EQ(known.count(setting.name), 1u) << setting.name << " is not in setting_names.h";
  }
}

TEST(GatewayConfig, StartsFromTheSameDefaultsWhenMadeByHand) {
  std::string mistakes;
  const GatewayConfig read = Read({}, &mistakes);
  const GatewayConfig made;
  EXPECT_EQ(mistakes, "");
  EXPECT_EQ(read.servers, made.servers);
  EXPECT_EQ(read.http.read_timeout, made.http.read_timeout);
  EXPECT_EQ(read.handlers.cache_control, made.handlers.cache_control);
  EXPECT_EQ(read.drain_time, made.drain_time);
}

TEST(GatewayConfig, ReadsServersAndTimes) {
  std::string mistakes;
  const GatewayConfig config = Read({{"KACHE_SERVERS", "a:1 , [::1]:2"},
                                     {"HTTP_LISTEN_ADDRESS", "127.0.0.1:0"},
                                     {"REQUEST_TIMEOUT_MS", "250"},
                                     {"HTTP_IDLE_TIMEOUT_SECONDS", "5"}},
                                    &mistakes);
  EXPECT_EQ(mistakes, "");
  EXPECT_THAT(config.servers, ElementsAre("a:1", "[::1]:2"));
  EXPECT_EQ(config.handlers.request_timeout, absl::Milliseconds(250));
  EXPECT_EQ(config.http.idle_timeout, absl::Seconds(5));
}

// So that what they allow fits the messages of the channel to the servers (base/limits.h).
TEST(GatewayConfig, BoundsSizesByWhatAMessageHolds) {
  const std::pair<std::string, int64_t> bounds[] = {{"MAX_KEY_BYTES", kKeyBytesBound},
                                                    {"MAX_VALUE_BYTES", kValueBytesBound},
                                                    {"MAX_BATCH_KEYS", kBatchKeysBound},
                                                    {"MAX_BATCH_BYTES", kBatchBytesBound}};
  for (const auto& [name, bound] : bounds) {
    std::string mistakes;
    Read({{name, std::to_string(bound)}}, &mistakes);
    EXPECT_EQ(mistakes, "");
    Read({{name, std::to_string(bound + 1)}}, &mistakes);
    EXPECT_THAT(mistakes, HasSubstr(name));
    EXPECT_EQ(DocumentedRange("kache-gateway", name), "1 to " + std::to_string(bound));
  }
}

TEST(GatewayConfig, FollowsTheMemoryLimit) {
  constexpr uint64_t kLimit = uint64_t{256} << 20;
  const Environment environment;
  SettingsReader reader(environment);
  const GatewayConfig config = ReadGatewayConfig(reader, kLimit);
  EXPECT_TRUE(reader.Finish().ok());
  EXPECT_LT(config.http.max_buffered_bytes, GatewayConfig().http.max_buffered_bytes);
  EXPECT_LT(config.http.max_connections, GatewayConfig().http.max_connections);
  EXPECT_LT(config.max_upstream_bytes, GatewayConfig().max_upstream_bytes);
}

TEST(GatewayConfig, RefusesWhatDoesNotFitTheMemoryLimitAndShowsTheSum) {
  const Environment environment =
      Environment::Of({{"MAX_HTTP_BUFFER_BYTES", "268435456"}, {"MAX_HTTP_CONNECTIONS", "1024"}});
  SettingsReader reader(environment);
  ReadGatewayConfig(reader, uint64_t{256} << 20);
  const std::string mistakes(reader.Finish().message());
  EXPECT_THAT(mistakes, HasSubstr("memory limit of 256.0 MiB"));
  EXPECT_THAT(mistakes, HasSubstr("MAX_HTTP_BUFFER_BYTES 256.0 MiB"));
  EXPECT_THAT(mistakes, HasSubstr("MAX_HTTP_CONNECTIONS x 16 KiB 16.0 MiB"));
  EXPECT_THAT(mistakes, HasSubstr(" = "));
}

std::string MistakesUnderAMemoryLimit(const std::string& name, const std::string& value,
                                      uint64_t limit = uint64_t{256} << 20) {
  const Environment environment = Environment::Of({{name, value}});
  SettingsReader reader(environment);
  ReadGatewayConfig(reader, limit);
  return std::string(reader.Finish().message());
}

TEST(GatewayConfig, RefusesEverySettingThatDoesNotFitTheMemoryLimit) {
  for (const auto& [name, value] :
       std::map<std::string, std::string>{{"MAX_VALUE_BYTES", "67108864"},
                                          {"MAX_BATCH_BYTES", "67108864"},
                                          {"MAX_BATCH_ANSWER_BYTES", "67108864"},
                                          {"GATEWAY_THREADS", "1024"},
                                          {"MAX_HTTP_CONNECTIONS", "1000000"},
                                          {"MAX_UPSTREAM_BUFFER_BYTES", "1073741824"}}) {
    EXPECT_THAT(MistakesUnderAMemoryLimit(name, value), HasSubstr(name + ": the settings allow"));
  }
  EXPECT_EQ(MistakesUnderAMemoryLimit("MAX_VALUE_BYTES", "1048576"), "");
}

TEST(GatewayConfig, StartsWhereNotEvenTheDefaultsFit) {
  EXPECT_EQ(MistakesUnderAMemoryLimit("MAX_VALUE_BYTES", "1048576", uint64_t{48} << 20), "");
  EXPECT_EQ(MistakesUnderAMemoryLimit("GATEWAY_THREADS", "1", uint64_t{48} << 20), "");
}

TEST(GatewayConfig, ReadsAllowedHosts) {
  std::string mistakes;
  EXPECT_THAT(Read({}, &mistakes).allowed_hosts, ElementsAre());
  EXPECT_THAT(Read({{"HTTP_ALLOWED_HOSTS", "kache.example.com, *"}}, &mistakes).allowed_hosts,
              ElementsAre("kache.example.com", "*"));
  EXPECT_EQ(mistakes, "");
  for (const char* wrong : {"kache.example.com:8080", "http://kache", "*.example.com", "a,,b"}) {
    Read({{"HTTP_ALLOWED_HOSTS", wrong}}, &mistakes);
    EXPECT_THAT(mistakes, HasSubstr("HTTP_ALLOWED_HOSTS")) << wrong;
  }
}

TEST(GatewayConfig, ListsAllMistakesAtOnce) {
  std::string mistakes;
  Read({{"KACHE_SERVERS", "a:99999"},
        {"GATEWAY_THREADS", "0"},
        {"CACHE_CONTROL", "private\r\nEvil: 1"},
        {"MAX_HTTP_CONNECTIONS", "many"}},
       &mistakes);
  EXPECT_THAT(mistakes, HasSubstr("KACHE_SERVERS"));
  EXPECT_THAT(mistakes, HasSubstr("GATEWAY_THREADS"));
  EXPECT_THAT(mistakes, HasSubstr("CACHE_CONTROL"));
  EXPECT_THAT(mistakes, HasSubstr("MAX_HTTP_CONNECTIONS"));
}

TEST(GatewayConfig, KeepsFilesForTheServersBeforeConnections) {
  GatewayConfig config;
  FitIntoFiles(1'000'000, &config);
  EXPECT_EQ(config.http.max_connections, 10000);
  EXPECT_EQ(config.files_shortage, "");
  FitIntoFiles(1024, &config);
  EXPECT_LT(config.http.max_connections, 1000);
  EXPECT_GT(config.http.max_connections, 500);
  EXPECT_THAT(config.files_shortage, HasSubstr("MAX_HTTP_CONNECTIONS is 10000"));
  EXPECT_LE(config.http.max_connections + MaxRefusedConnections(config.http.max_connections),
            1024 - 64u)
      << "those that are refused, too";
}

TEST(GatewayConfig, ServesSomeConnectionsWhereFilesAreFew) {
  GatewayConfig config;
  FitIntoFiles(256, &config);
  EXPECT_GE(config.http.max_connections, 32u);
  EXPECT_LE(2 * config.http.max_connections, 256u - 64u);
}

TEST(GatewayConfig, AcceptsTheServersSettingsInASharedFile) {
  Environment environment;
  environment.AddText("REDIS_URLS=localhost:6379\nMAX_TRIES=2\n", ".env.local");
  SettingsReader reader(environment);
  ReadGatewayConfig(reader);
  EXPECT_TRUE(reader.Finish().ok());
}

}  // namespace
}  // namespace kache::gateway
