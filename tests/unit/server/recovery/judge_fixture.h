// The judgement of four nodes.
#ifndef KACHE_TESTS_UNIT_SERVER_RECOVERY_JUDGE_FIXTURE_H_
#define KACHE_TESTS_UNIT_SERVER_RECOVERY_JUDGE_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "server/recovery/judge.h"
#include "tests/testing/evidence_of.h"

namespace kache {

class JudgeFixture : public ::testing::Test {
 protected:
  static constexpr uint64_t kSelf = testing::EvidenceOf::kSelf;
  static constexpr uint64_t kOther = testing::EvidenceOf::kOther;
  static constexpr uint64_t kStranger = 3;

  Assessment Of(size_t node) const { return Judge(evidence_.value)[node]; }
  std::string FenceModeOf(size_t node) const {
    const Assessment assessment = Of(node);
    return assessment.fence ? assessment.fence->mode : "";
  }
  void ExpectAll(Standing::Verdict verdict, const std::string& reason) const {
    for (const Assessment& assessment : Judge(evidence_.value)) {
      EXPECT_EQ(assessment.verdict, verdict);
      EXPECT_EQ(assessment.reason, reason);
    }
  }

  testing::EvidenceOf evidence_{4};
};

}  // namespace kache

#endif  // KACHE_TESTS_UNIT_SERVER_RECOVERY_JUDGE_FIXTURE_H_
