#include "server/cluster/process_agreement.h"

#include <gtest/gtest.h>

#include <vector>

namespace kache {
namespace {

constexpr absl::Duration kMargin = absl::Seconds(1);

ProcessLife Life(const std::string& run_id, int known_since_s, int alive_at_s) {
  return {run_id, absl::Seconds(known_since_s), absl::Seconds(alive_at_s)};
}

ProcessAgreement Judged(const std::vector<ProcessLife>& reached) {
  return JudgeProcesses(reached, kMargin);
}

TEST(JudgeProcesses, OneProcessIsOne) {
  EXPECT_EQ(Judged({}), ProcessAgreement::kOne);
  EXPECT_EQ(Judged({Life("a", 10, 50)}), ProcessAgreement::kOne);
  EXPECT_EQ(Judged({Life("a", 10, 50), Life("a", 30, 90)}), ProcessAgreement::kOne);
}

TEST(JudgeProcesses, ARestartThatNotAllHaveSeenIsUnsettled) {
  // The old process last answered before the new one was known.
  EXPECT_EQ(Judged({Life("old", 10, 50), Life("new", 55, 60)}), ProcessAgreement::kUnsettled);
  EXPECT_EQ(Judged({Life("new", 55, 60), Life("old", 10, 50)}), ProcessAgreement::kUnsettled);
}

TEST(JudgeProcesses, TwoThatAnsweredAfterBothWereKnownLiveSideBySide) {
  EXPECT_EQ(Judged({Life("old", 10, 60), Life("new", 55, 60)}), ProcessAgreement::kSeveral);
  EXPECT_EQ(Judged({Life("new", 55, 60), Life("a", 54, 55), Life("old", 10, 60)}),
            ProcessAgreement::kSeveral);
}

TEST(JudgeProcesses, WhatTheClocksMayDifferByProvesNothing) {
  EXPECT_EQ(Judged({Life("old", 10, 56), Life("new", 55, 90)}), ProcessAgreement::kUnsettled);
  EXPECT_EQ(Judged({Life("old", 10, 57), Life("new", 55, 90)}), ProcessAgreement::kSeveral);
}

TEST(JudgeProcesses, TwoThatWereEachSeenOnceProveNothing) {
  EXPECT_EQ(Judged({Life("a", 51, 50), Life("b", 52, 50)}), ProcessAgreement::kUnsettled);
}

TEST(ReasonToReconnect, NamesTheTwoCases) {
  EXPECT_EQ(ReasonToReconnect(ProcessAgreement::kSeveral).code, "several_processes");
  EXPECT_EQ(ReasonToReconnect(ProcessAgreement::kUnsettled).code, "process_changed");
}

}  // namespace
}  // namespace kache
