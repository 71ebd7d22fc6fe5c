// Whole runs against a fake Kache server over a real socket; e2e tests have REST.
#include "client/bench/run.h"

#include <gtest/gtest.h>

#include "tests/testing/fake_kache.h"

namespace kache::bench {
namespace {

class RunTest : public testing::Test {
 protected:
  RunTest() {
    options_.servers = {server_.address()};
    options_.workload_name = "a";
    options_.mix = *FindMix("a");
    options_.keys = 50;
    options_.value_sizes = ValueSizes::Parse("10-200").value();
    options_.concurrency = 8;
    options_.threads = 2;
    options_.warmup = absl::ZeroDuration();
    options_.duration = absl::Seconds(1);
    options_.timeout = absl::Seconds(10);
    options_.check = true;
  }

  FakeKache server_;
  Options options_;
};

TEST_F(RunTest, Unary) {
  absl::StatusOr<Report> report = bench::Run(options_, nullptr);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_GT(report->measured.of(Kind::kGet).requests, 0u);
  EXPECT_GT(report->measured.of(Kind::kPut).requests, 0u);
  EXPECT_EQ(report->measured.of(Kind::kGet).misses, 0u) << "all keys were filled";
  EXPECT_EQ(report->measured.errors(), 0u) << report->first_error;
  EXPECT_EQ(report->measured.wrong_values, 0u) << report->measured.first_wrong;
  EXPECT_GT(report->own_cpu, absl::ZeroDuration());
}

TEST_F(RunTest, Batches) {
  options_.mode = Mode::kBatch;
  options_.batch = 10;
  absl::StatusOr<Report> report = bench::Run(options_, nullptr);
  ASSERT_TRUE(report.ok()) << report.status();
  KindStats& gets = report->measured.of(Kind::kGet);
  EXPECT_GT(gets.requests, 0u);
  EXPECT_EQ(gets.keys, 10 * gets.requests);
  EXPECT_EQ(gets.misses, 0u);
  EXPECT_EQ(report->measured.wrong_values, 0u) << report->measured.first_wrong;
}

TEST_F(RunTest, Pipeline) {
  server_.SetOperationsAreCalls(false);
  options_.mode = Mode::kPipeline;
  options_.batch = 16;
  absl::StatusOr<Report> report = bench::Run(options_, nullptr);
  ASSERT_TRUE(report.ok()) << report.status();
  KindStats& gets = report->measured.of(Kind::kGet);
  EXPECT_GT(gets.requests, 0u);
  EXPECT_EQ(gets.keys, 16 * gets.requests);
  EXPECT_EQ(gets.misses, 0u);
  EXPECT_EQ(report->measured.errors(), 0u) << report->first_error;
  EXPECT_EQ(report->measured.wrong_values, 0u) << report->measured.first_wrong;
  EXPECT_LE(server_.calls(), 4) << "one stream for each connection";
}

TEST_F(RunTest, PipelineOpensABrokenStreamAgain) {
  server_.SetOperationsAreCalls(false);
  options_.mode = Mode::kPipeline;
  options_.batch = 4;
  options_.connections = 1;
  options_.threads = 1;
  options_.fill = false;
  server_.FailNext(1, {grpc::StatusCode::UNAVAILABLE, "draining"});
  absl::StatusOr<Report> report = bench::Run(options_, nullptr);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->first_error, "draining");
  EXPECT_GT(report->measured.errors(), 0u);
  EXPECT_LT(report->measured.errors(), report->measured.keys());
  EXPECT_EQ(server_.calls(), 2);
}

TEST_F(RunTest, ThroughTheClientLibrary) {
  options_.mode = Mode::kClient;
  server_.SetAllHeard(true);  // Several clients write the same keys.
  for (const size_t streams : {0, 1}) {
    options_.streams = streams;
    absl::StatusOr<Report> report = bench::Run(options_, nullptr);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_GT(report->measured.of(Kind::kGet).requests, 0u);
    EXPECT_GT(report->measured.of(Kind::kPut).requests, 0u);
    EXPECT_EQ(report->measured.of(Kind::kGet).misses, 0u);
    EXPECT_EQ(report->measured.errors(), 0u) << report->first_error;
    EXPECT_EQ(report->measured.wrong_values, 0u) << report->measured.first_wrong;
  }
}

TEST_F(RunTest, SeesWrongValues) {
  options_.fill = false;
  options_.mix = *FindMix("get");
  options_.keys = 1;
  Options writer = options_;
  writer.mix = *FindMix("put");
  writer.value_sizes = ValueSizes::Parse("100").value();
  options_.value_sizes = ValueSizes::Parse("50").value();
  ASSERT_TRUE(bench::Run(writer, nullptr).ok());
  absl::StatusOr<Report> report = bench::Run(options_, nullptr);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_GT(report->measured.wrong_values, 0u);
}

TEST_F(RunTest, SaysWhenNothingCanBeWritten) {
  server_.FailNext(1'000'000, {grpc::StatusCode::UNAVAILABLE, "draining"});
  const absl::StatusOr<Report> report = bench::Run(options_, nullptr);
  EXPECT_EQ(report.status(), absl::UnavailableError("no key could be written: draining"));
}

}  // namespace
}  // namespace kache::bench
