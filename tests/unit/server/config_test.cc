#include "server/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/limits.h"
#include "base/setting_names.h"
#include "base/strings.h"
#include "tests/testing/settings_table.h"

namespace kache {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

ServerConfig Read(const Environment& environment, std::string* mistakes) {
  SettingsReader reader(environment);
  ServerConfig config = ReadServerConfig(reader);
  *mistakes = std::string(reader.Finish().message());
  return config;
}

std::string MistakesOf(const std::map<std::string, std::string>& variables) {
  std::string mistakes;
  Read(Environment::Of(variables), &mistakes);
  return mistakes;
}

TEST(ServerConfig, HasTheDocumentedDefaults) {
  std::string mistakes;
  const ServerConfig config = Read(Environment(), &mistakes);
  EXPECT_EQ(mistakes, "");
  ASSERT_THAT(config.servers, SizeIs(4));
  EXPECT_EQ(config.servers[0].name, "localhost:6379");
  EXPECT_EQ(config.servers[3].address, (HostPort{"localhost", 6382}));
  EXPECT_EQ(config.vnodes_per_node, 100u);
  EXPECT_EQ(config.ping_interval, absl::Seconds(3));
  EXPECT_EQ(config.max_tries, 3u);
  EXPECT_EQ(config.staleness_check_one_in, 10000u);
  EXPECT_EQ(config.replication_factor, 3u);
  EXPECT_GE(config.shards, 1u);
  EXPECT_EQ(config.shards, config.grpc_threads);
}

TEST(ServerConfig, AcceptsOnlyAChangeOfTheRingThatHasAName) {
  std::string mistakes;
  EXPECT_FALSE(Read(Environment(), &mistakes).accept_ring);
  EXPECT_FALSE(Read(Environment::Of({{"ACCEPT_RING", "none"}}), &mistakes).accept_ring);
  EXPECT_EQ(mistakes, "");
  EXPECT_EQ(Read(Environment::Of({{"ACCEPT_RING", "00000000000000aa:00000000000000bb"}}), &mistakes)
                .accept_ring,
            (RingChange{0xAA, 0xBB}));
  EXPECT_EQ(mistakes, "");
  for (const char* wrong : {"true", "1", "yes", "00000000000000aa"}) {
    EXPECT_THAT(MistakesOf({{"ACCEPT_RING", wrong}}),
                HasSubstr("ACCEPT_RING: must name a change from one ring to another"));
  }
}

TEST(ServerConfig, StartsFromTheSameDefaultsWhenMadeByHand) {
  std::string mistakes;
  const ServerConfig read = Read(Environment(), &mistakes);
  const ServerConfig made;
  EXPECT_EQ(read.try_timeout, made.try_timeout);
  EXPECT_EQ(read.grpc_listen_address, made.grpc_listen_address);
  EXPECT_EQ(read.max_connection_queue_bytes, made.max_connection_queue_bytes);
  EXPECT_EQ(read.key_prefix, made.key_prefix);
}

TEST(ServerConfig, ReadsADotenvFile) {
  Environment environment;
  environment.AddText(R"(
# four caches
export REDIS_URLS="cache-a=redis-0.redis:6379 , cache-b=redis://:p%2Cw@redis-1.redis/2"
VNODES_PER_NODE = 200
PING_INTERVAL_SECONDS='1'
MAX_TRIES=0          # the whole ring
REPLICATION_FACTOR=5
GRPC_LISTEN_ADDRESS=127.0.0.1:0
MAX_CONNECTION_AGE_SECONDS=60
LOG_FORMAT=json
HTTP_LISTEN_ADDRESS=0.0.0.0:8080
)",
                      ".env.local");
  std::string mistakes;
  const ServerConfig config = Read(environment, &mistakes);
  EXPECT_EQ(mistakes, "");
  ASSERT_THAT(config.servers, SizeIs(2));
  EXPECT_EQ(config.servers[0].name, "cache-a");
  EXPECT_EQ(config.servers[1].name, "cache-b");
  EXPECT_EQ(config.servers[1].password, "p,w");
  EXPECT_EQ(config.servers[1].database, 2);
  EXPECT_EQ(config.vnodes_per_node, 200u);
  EXPECT_EQ(config.ping_interval, absl::Seconds(1));
  EXPECT_EQ(config.max_tries, 0u);
  EXPECT_EQ(config.replication_factor, 5u);
  EXPECT_EQ(config.grpc_listen_address, (HostPort{"127.0.0.1", 0}));
  EXPECT_EQ(config.max_connection_age, absl::Minutes(1));
  EXPECT_EQ(config.log.format, LogFormat::kJson);
}

// A short life of tombstones refuses no start.
TEST(ServerConfig, AWriteMayBeNoOlderThanAQuarterOfATombstonesLife) {
  const auto max_write_age = [](const std::string& settings) {
    Environment environment;
    environment.AddText(settings, ".env");
    std::string mistakes;
    const ServerConfig config = Read(environment, &mistakes);
    EXPECT_EQ(mistakes, "");
    return config.max_write_age;
  };
  EXPECT_EQ(max_write_age(""), absl::Seconds(600));
  EXPECT_EQ(max_write_age("MAX_WRITE_AGE_SECONDS=60"), absl::Seconds(60));
  EXPECT_EQ(max_write_age("TOMBSTONE_TTL_SECONDS=4"), absl::Seconds(1));
  EXPECT_EQ(max_write_age("TOMBSTONE_TTL_SECONDS=1\nMAX_WRITE_AGE_SECONDS=60"),
            absl::Milliseconds(250));
}

// A stand-in's copy that outlived tombstones would undo deletes.
TEST(ServerConfig, AStandInsCopyLivesNoLongerThanATombstone) {
  const auto standin_ttl = [](const std::string& settings) {
    Environment environment;
    environment.AddText(settings, ".env");
    std::string mistakes;
    const ServerConfig config = Read(environment, &mistakes);
    EXPECT_EQ(mistakes, "");
    return config.standin_ttl;
  };
  EXPECT_EQ(standin_ttl(""), absl::Seconds(3600));
  EXPECT_EQ(standin_ttl("TOMBSTONE_TTL_SECONDS=8"), absl::Seconds(8));
  EXPECT_EQ(standin_ttl("TOMBSTONE_TTL_SECONDS=7200"), absl::Seconds(3600));
  EXPECT_EQ(standin_ttl("TOMBSTONE_TTL_SECONDS=7200\nSTANDIN_TTL_SECONDS=7200"),
            absl::Seconds(7200));
  EXPECT_EQ(MistakesOf({{"STANDIN_TTL_SECONDS", "3601"}}),
            "STANDIN_TTL_SECONDS: must not be larger than TOMBSTONE_TTL_SECONDS");
  EXPECT_EQ(MistakesOf({{"STANDIN_TTL_SECONDS", "0"}, {"TOMBSTONE_TTL_SECONDS", "8"}}),
            "STANDIN_TTL_SECONDS: must be a whole number of seconds from 1 to 31536000, not \"0\"");
}

TEST(ServerConfig, ListsAllMistakesAtOnce) {
  EXPECT_EQ(MistakesOf({{"REDIS_URLS", ""},
                        {"GRPC_LISTEN_ADDRESS", "0.0.0.0:99999"},
                        {"VNODES_PER_NODE", "0"},
                        {"REPLICATION_FACTOR", "-1"}}),
            "REDIS_URLS: must not be empty\n"
            "VNODES_PER_NODE: must be a whole number from 1 to 10000, not \"0\"\n"
            "REPLICATION_FACTOR: must be a whole number from 1 to 1000, not \"-1\"\n"
            "GRPC_LISTEN_ADDRESS: the port must be a number from 0 to 65535, in "
            "\"0.0.0.0:99999\"");
}

TEST(ServerConfig, NumbersTheWrongEntriesOfRedisUrls) {
  EXPECT_EQ(MistakesOf({{"REDIS_URLS", "a:1, ,b:99999, tls://c:1,a:2"}}),
            "REDIS_URLS: entry 2 is empty\n"
            "REDIS_URLS: entry 3: the port must be a number from 1 to 65535\n"
            "REDIS_URLS: entry 4: the scheme must be redis:// or rediss://");
}

TEST(ServerConfig, RefusesEntriesThatAreAlike) {
  EXPECT_EQ(MistakesOf({{"REDIS_URLS", "a:1, A:1, redis://:pw@a:1/5, n=a:1"}}),
            "REDIS_URLS: entry 2 has the same address as entry 1\n"
            "REDIS_URLS: entry 3 has the same address as entry 1\n"
            "REDIS_URLS: entry 4 has the same address as entry 1");
  EXPECT_EQ(MistakesOf({{"REDIS_URLS", "x:0,n=a:1,n=b:1"}}),
            "REDIS_URLS: entry 1: the port must be a number from 1 to 65535\n"
            "REDIS_URLS: entry 3 has the same name as entry 2");
  EXPECT_EQ(MistakesOf({{"REDIS_URLS", "n=a:1,N=a:2"}}), "");
}

TEST(ServerConfig, RefusesNamesWithOneHash) {
  EXPECT_EQ(
      MistakesOf({{"REDIS_URLS", "cache-79249=a:1, b:2, cache-159211=c:3"}}),
      "REDIS_URLS: the names of entries 1 and 3 have the same hash, so answers could not tell "
      "the two nodes apart: give the one that holds no data yet another name");
}

TEST(ServerConfig, NeverShowsAPassword) {
  std::string mistakes =
      MistakesOf({{"REDIS_URLS", "redis://:hunter,2@a:1,redis://:hunter2@b:0,hunter=x:1:2"}});
  EXPECT_THAT(mistakes, Not(IsEmpty()));
  EXPECT_THAT(mistakes, Not(HasSubstr("hunter")));
}

TEST(ServerConfig, BoundsTheNumberOfServers) {
  std::string urls = "h:1";
  for (int port = 2; port <= 1000; ++port) urls += Concat(",h:", port);
  EXPECT_EQ(MistakesOf({{"REDIS_URLS", urls}}), "");
  EXPECT_EQ(MistakesOf({{"REDIS_URLS", urls + ",h:1001"}}),
            "REDIS_URLS: must hold at most 1000 entries");
}

TEST(ServerConfig, AllowsMoreReplicasThanServers) {
  EXPECT_EQ(MistakesOf({{"REDIS_URLS", "a:1"}, {"REPLICATION_FACTOR", "3"}}), "");
}

TEST(ServerConfig, ChecksTheKeyPrefix) {
  for (const std::string prefix : {"a b", " a", "a\n", "\xC3\xA4", "\x7F"}) {
    EXPECT_EQ(MistakesOf({{"KEY_PREFIX", prefix}}),
              "KEY_PREFIX: must be 1 to 64 printable ASCII characters without blanks");
  }
  EXPECT_EQ(MistakesOf({{"KEY_PREFIX", ""}}), "KEY_PREFIX: must not be empty");
  EXPECT_EQ(MistakesOf({{"KEY_PREFIX", std::string(64, 'p')}}), "");
  EXPECT_THAT(MistakesOf({{"KEY_PREFIX", std::string(65, 'p')}}), HasSubstr("KEY_PREFIX"));
}

TEST(ServerConfig, ChecksSettingsThatMustFitTogether) {
  EXPECT_EQ(MistakesOf({{"RECONNECT_MIN_MS", "3000"}}),
            "RECONNECT_MIN_MS: must not be larger than RECONNECT_MAX_MS");
  EXPECT_EQ(MistakesOf({{"RECONNECT_MIN_MS", "2000"}}), "");
  EXPECT_EQ(MistakesOf({{"METRICS_LISTEN_ADDRESS", "0.0.0.0:50051"}}),
            "METRICS_LISTEN_ADDRESS: must not be the same as GRPC_LISTEN_ADDRESS");
  EXPECT_EQ(MistakesOf({{"METRICS_LISTEN_ADDRESS", "127.0.0.1:0"},
                        {"GRPC_LISTEN_ADDRESS", "127.0.0.1:0"}}),
            "");
  EXPECT_EQ(MistakesOf({{"MAX_CONNECTION_QUEUE_BYTES", "1053695"}}),
            "MAX_CONNECTION_QUEUE_BYTES: must hold one write: at least MAX_KEY_BYTES + "
            "MAX_VALUE_BYTES + 4096");
  EXPECT_EQ(MistakesOf({{"MAX_CONNECTION_QUEUE_BYTES", "1053696"}}), "");
}

// So that what they allow fits the messages of clients (base/limits.h).
TEST(ServerConfig, BoundsSizesByWhatAMessageHolds) {
  const std::pair<std::string, int64_t> bounds[] = {{"MAX_KEY_BYTES", kKeyBytesBound},
                                                    {"MAX_VALUE_BYTES", kValueBytesBound},
                                                    {"MAX_BATCH_KEYS", kBatchKeysBound},
                                                    {"MAX_BATCH_BYTES", kBatchBytesBound}};
  for (const auto& [name, bound] : bounds) {
    EXPECT_EQ(
        MistakesOf({{name, std::to_string(bound)}, {"MAX_CONNECTION_QUEUE_BYTES", "1073741824"}}),
        "");
    EXPECT_THAT(MistakesOf({{name, std::to_string(bound + 1)},
                            {"MAX_CONNECTION_QUEUE_BYTES", "1073741824"}}),
                HasSubstr(Concat(name, ": must be a whole number from 1 to ", bound)));
    EXPECT_EQ(DocumentedRange("kache-server", name), Concat("1 to ", bound));
  }
}

TEST(ServerConfig, RefusesEverySettingWhenItIsEmptyOrNonsense) {
  for (const std::string_view name : kServerSettings) {
    EXPECT_THAT(MistakesOf({{std::string(name), ""}}), HasSubstr(Concat(name, ": "))) << name;
    EXPECT_THAT(MistakesOf({{std::string(name), "\x01 nonsense"}}), HasSubstr(Concat(name, ": ")))
        << name;
  }
}

TEST(ServerConfig, KnowsTheSettingsOfTheGateway) {
  Environment environment;
  for (const std::string_view name : kGatewaySettings) {
    environment.AddText(Concat(name, "=x\n"), "file");
  }
  environment.AddText("KACHE_SERVER=x\n", "file");
  std::string mistakes;
  Read(environment, &mistakes);
  EXPECT_EQ(mistakes, "file:1: KACHE_SERVER is not a setting; is it KACHE_SERVERS?");
}

TEST(ServerConfig, ReadsExactlyTheListedSettings) {
  const Environment environment;
  SettingsReader reader(environment);
  ReadServerConfig(reader);
  std::set<std::string> read;
  for (const auto& [name, unused] : ReadSettings(reader)) read.insert(name);
  EXPECT_EQ(read, std::set<std::string>(std::begin(kServerSettings), std::end(kServerSettings)));
}

std::string MistakesUnderAMemoryLimit(const std::string& name, const std::string& value,
                                      uint64_t limit = uint64_t{256} << 20) {
  const Environment environment = Environment::Of({{name, value}});
  SettingsReader reader(environment);
  ReadServerConfig(reader, limit);
  return std::string(reader.Finish().message());
}

TEST(ServerConfig, RefusesEverySettingThatDoesNotFitTheMemoryLimit) {
  for (const auto& [name, value] :
       std::map<std::string, std::string>{{"MAX_BATCH_BYTES", "67108864"},
                                          {"MAX_VALUE_BYTES", "67108864"},
                                          {"SHARDS", "256"},
                                          {"GRPC_THREADS", "256"},
                                          {"MAX_GRPC_CALLS", "10000000"},
                                          {"MAX_IN_FLIGHT_BYTES", "1073741824"}}) {
    EXPECT_THAT(MistakesUnderAMemoryLimit(name, value), HasSubstr(name + ": the settings allow"));
  }
  EXPECT_EQ(MistakesUnderAMemoryLimit("MAX_VALUE_BYTES", "1048576"), "");
}

TEST(ServerConfig, StartsWhereNotEvenTheDefaultsFit) {
  EXPECT_EQ(MistakesUnderAMemoryLimit("MAX_VALUE_BYTES", "1048576", uint64_t{64} << 20), "");
  EXPECT_EQ(MistakesUnderAMemoryLimit("SHARDS", "1", uint64_t{64} << 20), "");
}

TEST(ServerConfig, KeepsFilesForTheNodesBeforeConnections) {
  ServerConfig config;
  config.servers.resize(10);
  config.shards = 4;
  FitIntoFiles(1'000'000, &config);
  EXPECT_EQ(config.max_grpc_connections, 10000);
  EXPECT_THAT(config.files_shortage, IsEmpty());
  FitIntoFiles(1024, &config);
  EXPECT_LE(config.max_grpc_connections, 1024 - 10 * 5);
  EXPECT_GT(config.max_grpc_connections, 500);
  EXPECT_THAT(config.files_shortage, HasSubstr("MAX_GRPC_CONNECTIONS is 10000"));
}

TEST(ServerConfig, IsDocumentedWithItsDefaults) {
  const Environment environment;
  SettingsReader reader(environment);
  ReadServerConfig(reader);
  auto read = ReadSettings(reader);
  // They depend on the machine.
  read["GRPC_THREADS"] = read["SHARDS"] = "half the CPUs, at least 1";
  EXPECT_EQ(DocumentedSettings("kache-server"), read);
}

}  // namespace
}  // namespace kache
