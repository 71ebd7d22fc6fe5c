#include "client/bench/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kache::bench {
namespace {

using testing::HasSubstr;
using testing::Not;

Report MakeReport() {
  Report report;
  report.elapsed = absl::Seconds(2);
  report.own_cpu = absl::Milliseconds(1);
  report.processes.push_back({42, absl::Milliseconds(2)});
  KindStats& gets = report.measured.of(Kind::kGet);
  for (uint64_t i = 1; i <= 100; ++i) gets.latency.Record(i * 1000);
  gets.requests = 100;
  gets.keys = 100;
  gets.misses = 3;
  gets.errors[absl::StatusCode::kUnavailable] = 2;
  return report;
}

TEST(ReportText, HasALineForWhatWasMeasuredOnly) {
  const std::string text = ReportText(MakeReport());
  EXPECT_THAT(text, HasSubstr("workload b, unary, 100000 keys, values of 100 B, 64 in flight, "
                              "closed loop"));
  EXPECT_THAT(text, HasSubstr("get"));
  EXPECT_THAT(text, Not(HasSubstr("delete")));
  EXPECT_THAT(text, HasSubstr("50 keys/s; kache-bench itself: 10.0 us CPU a key, 0.00 cores"));
  EXPECT_THAT(text, HasSubstr("process 42: 20.0 us CPU a key"));
  EXPECT_THAT(text, Not(HasSubstr("wrong")));
}

TEST(ReportText, SaysWhatWentWrong) {
  Report report = MakeReport();
  report.options.check = true;
  report.first_error = "gone";
  report.measured.never_started = 9;
  report.measured.wrong_values = 1;
  report.measured.first_wrong = "key 7 is damaged";
  const std::string text = ReportText(report);
  EXPECT_THAT(text, HasSubstr("9 requests were due but never started"));
  EXPECT_THAT(text, HasSubstr("first error: gone"));
  EXPECT_THAT(text, HasSubstr("1 wrong values; the first: key 7 is damaged"));
}

TEST(ReportJson, HasTheSame) {
  const std::string json = ReportJson(MakeReport());
  EXPECT_THAT(json, HasSubstr(R"("operations":[{"operation":"get","requests":100,"keys":100,)"
                              R"("keysPerSecond":50,"misses":3,"errors":{"UNAVAILABLE":2},)"
                              R"("latencyMicros":{"mean":50.5,"p50":50.015,)"));
  EXPECT_THAT(json, HasSubstr(R"("ownCpuMicrosPerKey":10)"));
  EXPECT_THAT(json, HasSubstr(R"({"pid":42,"cpuMicrosPerKey":20,)"));
}

TEST(ProgressText, IsOfTheLastInterval) {
  const Report report = MakeReport();
  EXPECT_THAT(ProgressText(report.measured, Measured(), absl::Milliseconds(3100), absl::Seconds(1)),
              testing::AllOf(HasSubstr("3s"), HasSubstr("100 keys/s"), HasSubstr("errors 2")));
}

TEST(IsFailure, WhereNothingSucceededOrAValueIsWrong) {
  Measured measured = MakeReport().measured;
  EXPECT_FALSE(IsFailure(measured));
  measured.wrong_values = 1;
  EXPECT_TRUE(IsFailure(measured));
  EXPECT_TRUE(IsFailure(Measured()));
}

}  // namespace
}  // namespace kache::bench
