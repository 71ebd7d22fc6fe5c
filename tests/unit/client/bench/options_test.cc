#include "client/bench/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kache::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Parsed Parse(const std::vector<std::string>& words) {
  return ParseOptions(words, Environment::Of({{"KACHE_SERVERS", "env:1"}}));
}

TEST(Options, HaveDefaults) {
  const Parsed parsed = Parse({});
  ASSERT_TRUE(parsed.options.has_value()) << parsed.err;
  EXPECT_EQ(parsed.options->mode, Mode::kUnary);
  EXPECT_EQ(parsed.options->mix.distribution, Distribution::kZipfian);
  EXPECT_TRUE(parsed.options->fill);
  EXPECT_THAT(parsed.options->servers, ElementsAre("env:1"));
}

TEST(Options, AreRead) {
  const Parsed parsed = Parse({"--mode",         "batch",
                               "--server",       "a:1,b:2",
                               "--workload",     "a",
                               "--distribution", "uniform",
                               "--rate",         "5000",
                               "--duration",     "1m",
                               "--warmup",       "0",
                               "--pid",          "1,2",
                               "--no-fill",      "--value-size",
                               "100:99,1MiB:1",  "--consistency",
                               "quorum",         "--check",
                               "--json"});
  ASSERT_TRUE(parsed.options.has_value()) << parsed.err;
  const Options& options = *parsed.options;
  EXPECT_EQ(options.mode, Mode::kBatch);
  EXPECT_THAT(options.servers, ElementsAre("a:1", "b:2"));
  EXPECT_EQ(options.mix.distribution, Distribution::kUniform);
  EXPECT_EQ(options.rate, 5000);
  EXPECT_EQ(options.duration, absl::Minutes(1));
  EXPECT_EQ(options.warmup, absl::ZeroDuration());
  EXPECT_THAT(options.pids, ElementsAre(1, 2));
  EXPECT_FALSE(options.fill);
  EXPECT_TRUE(options.check);
  EXPECT_EQ(options.consistency, v1::CONSISTENCY_QUORUM);
}

TEST(Options, NothingIsFilledWhereNothingIsRead) {
  EXPECT_FALSE(Parse({"--workload", "put"}).options->fill);
}

TEST(Options, MistakesExitWith2) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--workload", "e"}, "workload"},
      {{"--mode", "carrier-pigeon"}, "mode"},
      {{"--value-size", "big"}, "no sizes"},
      {{"--server", "nowhere"}, "nowhere"},
      {{"--gateway", "nowhere"}, "--gateway"},
      {{"--duration", "0"}, "--duration"},
      {{"--concurrency", "0"}, "concurrency"},
      {{"--mode", "batch", "--workload", "f"}, "no batches"},
      {{"--mode", "rest", "--consistency", "all"}, "consistency"},
      {{"--key-prefix", "a b"}, "--key-prefix"},
      {{"extra"}, "extra"},
  };
  for (const auto& [words, message] : cases) {
    const Parsed parsed = Parse(words);
    EXPECT_FALSE(parsed.options.has_value()) << message;
    EXPECT_EQ(parsed.exit_code, kExitUsage) << message;
    EXPECT_THAT(parsed.err, HasSubstr(message));
  }
}

TEST(Options, HelpAndVersionSucceed) {
  EXPECT_THAT(Parse({"--help"}).out, HasSubstr("Workloads"));
  EXPECT_THAT(Parse({"--version"}).out, HasSubstr("kache-bench "));
  EXPECT_EQ(Parse({"--help"}).exit_code, kExitOk);
}

}  // namespace
}  // namespace kache::bench
