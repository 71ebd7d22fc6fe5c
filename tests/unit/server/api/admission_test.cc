#include "server/api/admission.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/testing/metric_value.h"

namespace kache {
namespace {

using ::kache::testing::MetricValue;

constexpr ConnectionPlace kFirst = 1;
constexpr ConnectionPlace kSecond = 2;

class AdmissionControlTest : public ::testing::Test {
 protected:
  prometheus::Registry registry_;
  prometheus::Registry other_registry_;
  AdmissionControl admission_{10, 1000, registry_};
};

TEST_F(AdmissionControlTest, CountsOperationsUntilTheyAreReleased) {
  ASSERT_TRUE(admission_.Admit(3, kFirst).ok());
  ASSERT_TRUE(admission_.Admit(4, kFirst).ok());
  EXPECT_EQ(admission_.in_flight(), 7);
  admission_.Release(3, kFirst);
  EXPECT_EQ(admission_.in_flight(), 4);
}

TEST_F(AdmissionControlTest, RefusesWhatDoesNotFit) {
  ASSERT_TRUE(admission_.Admit(10, kFirst).ok());
  const absl::Status status = admission_.Admit(1, kFirst);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(status.message().find("MAX_IN_FLIGHT (10)"), std::string::npos) << status;
  EXPECT_NE(status.message().find("try again later"), std::string::npos) << status;
  EXPECT_EQ(admission_.in_flight(), 10);
  EXPECT_EQ(MetricValue(registry_, "kache_rejected_total{reason=\"too_many_in_flight\"}"), 1);
}

TEST_F(AdmissionControlTest, AdmitsAgainOnceThereIsRoom) {
  ASSERT_TRUE(admission_.Admit(10, kFirst).ok());
  ASSERT_FALSE(admission_.Admit(2, kFirst).ok());
  admission_.Release(2, kFirst);
  EXPECT_TRUE(admission_.Admit(2, kSecond).ok());
}

TEST_F(AdmissionControlTest, AdmitsALargeBatchAlone) {
  ASSERT_TRUE(admission_.Admit(1, kFirst).ok());
  EXPECT_FALSE(admission_.Admit(50, kFirst).ok());
  admission_.Release(1, kFirst);
  EXPECT_TRUE(admission_.Admit(50, kFirst).ok());
  EXPECT_FALSE(admission_.Admit(1, kFirst).ok());
}

TEST_F(AdmissionControlTest, AdmitsNothingAfterClose) {
  admission_.Close();
  EXPECT_EQ(admission_.Admit(1, kFirst).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(admission_.in_flight(), 0);
  EXPECT_EQ(MetricValue(registry_, "kache_rejected_total{reason=\"stopping\"}"), 1);
}

TEST_F(AdmissionControlTest, ShowsWhatIsInFlight) {
  ASSERT_TRUE(admission_.Admit(6, kFirst).ok());
  admission_.PublishGauges();
  EXPECT_EQ(MetricValue(registry_, "kache_in_flight_operations"), 6);
}

TEST_F(AdmissionControlTest, NeverExceedsTheLimitUnderThreads) {
  std::atomic<int> held = 0;
  std::atomic<bool> exceeded = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 5000; ++round) {
        if (!admission_.Admit(4, kFirst).ok()) continue;
        if (held.fetch_add(4) + 4 > 10) exceeded = true;
        held.fetch_sub(4);
        admission_.Release(4, kFirst);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(exceeded);
  EXPECT_EQ(admission_.in_flight(), 0);
}

TEST_F(AdmissionControlTest, BoundsBytes) {
  EXPECT_TRUE(admission_.AdmitBytes(600, kFirst));
  EXPECT_FALSE(admission_.AdmitBytes(401, kFirst));
  EXPECT_TRUE(admission_.AdmitBytes(400, kSecond));
  EXPECT_EQ(admission_.NoRoom().code(), absl::StatusCode::kResourceExhausted);
  admission_.ReleaseBytes(600, kFirst);
  admission_.ReleaseBytes(400, kSecond);
  EXPECT_TRUE(admission_.AdmitBytes(5000, kFirst));  // alone, whatever its size
  admission_.PublishGauges();
  EXPECT_EQ(MetricValue(registry_, "kache_in_flight_bytes"), 5000);
  EXPECT_EQ(MetricValue(registry_, "kache_rejected_total{reason=\"too_many_bytes\"}"), 1);
}

TEST_F(AdmissionControlTest, CountsBytesThatItIsNotAskedAbout) {
  ASSERT_TRUE(admission_.AdmitBytes(1000, kFirst));
  admission_.CountBytes(50, kFirst);
  EXPECT_FALSE(admission_.AdmitBytes(1, kFirst));
  admission_.ReleaseBytes(1050, kFirst);
  EXPECT_TRUE(admission_.AdmitBytes(1000, kFirst));
}

TEST_F(AdmissionControlTest, OneConnectionLeavesRoomForOthers) {
  AdmissionControl admission(1000, 1000, other_registry_);
  for (int i = 0; i < 750; ++i) ASSERT_TRUE(admission.Admit(1, kFirst).ok()) << i;
  const absl::Status status = admission.Admit(1, kFirst);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(status.message().find("one connection's share"), std::string::npos) << status;
  EXPECT_EQ(admission.in_flight(), 750);
  EXPECT_EQ(MetricValue(other_registry_,
                        "kache_rejected_total{reason=\"too_many_in_flight_of_connection\"}"),
            1);
  for (int i = 0; i < 187; ++i) ASSERT_TRUE(admission.Admit(1, kSecond).ok()) << i;
  EXPECT_FALSE(admission.Admit(1, kSecond).ok());
  admission.Release(600, kFirst);
  EXPECT_TRUE(admission.Admit(1, kFirst).ok());
}

TEST_F(AdmissionControlTest, OneConnectionLeavesBytesForOthers) {
  ASSERT_TRUE(admission_.AdmitBytes(700, kFirst));
  EXPECT_FALSE(admission_.AdmitBytes(100, kFirst));
  EXPECT_EQ(MetricValue(registry_, "kache_rejected_total{reason=\"too_many_bytes_of_connection\"}"),
            1);
  EXPECT_TRUE(admission_.AdmitBytes(100, kSecond));
  EXPECT_EQ(admission_.bytes().bytes(), 800);
  admission_.ReleaseBytes(600, kFirst);
  EXPECT_TRUE(admission_.AdmitBytes(100, kFirst));
}

TEST_F(AdmissionControlTest, BytesThatAreNotAskedAboutCountForTheShare) {
  admission_.CountBytes(700, kFirst);
  EXPECT_FALSE(admission_.AdmitBytes(100, kFirst));
  EXPECT_TRUE(admission_.AdmitBytes(100, kSecond));
}

TEST_F(AdmissionControlTest, AConnectionThatIsAloneHasRoomForItsAnswer) {
  ASSERT_TRUE(admission_.AdmitBytes(900, kFirst));
  EXPECT_TRUE(admission_.AdmitBytes(5000, kFirst, /*own=*/900));
}

}  // namespace
}  // namespace kache
