#include "server/api/admission.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/testing/metric_value.h"

namespace kache {
namespace {

using ::kache::testing::MetricValue;

class AdmissionControlTest : public ::testing::Test {
 protected:
  prometheus::Registry registry_;
  AdmissionControl admission_{10, 1000, registry_};
};

TEST_F(AdmissionControlTest, CountsOperationsUntilTheyAreReleased) {
  ASSERT_TRUE(admission_.Admit(3).ok());
  ASSERT_TRUE(admission_.Admit(4).ok());
  EXPECT_EQ(admission_.in_flight(), 7);
  admission_.Release(3);
  EXPECT_EQ(admission_.in_flight(), 4);
}

TEST_F(AdmissionControlTest, RefusesWhatDoesNotFit) {
  ASSERT_TRUE(admission_.Admit(10).ok());
  const absl::Status status = admission_.Admit(1);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(status.message().find("MAX_IN_FLIGHT (10)"), std::string::npos) << status;
  EXPECT_NE(status.message().find("try again later"), std::string::npos) << status;
  EXPECT_EQ(admission_.in_flight(), 10);
  EXPECT_EQ(MetricValue(registry_, "kache_rejected_total{reason=\"too_many_in_flight\"}"), 1);
}

TEST_F(AdmissionControlTest, AdmitsAgainOnceThereIsRoom) {
  ASSERT_TRUE(admission_.Admit(10).ok());
  ASSERT_FALSE(admission_.Admit(2).ok());
  admission_.Release(2);
  EXPECT_TRUE(admission_.Admit(2).ok());
}

TEST_F(AdmissionControlTest, AdmitsALargeBatchAlone) {
  ASSERT_TRUE(admission_.Admit(1).ok());
  EXPECT_FALSE(admission_.Admit(50).ok());
  admission_.Release(1);
  EXPECT_TRUE(admission_.Admit(50).ok());
  EXPECT_FALSE(admission_.Admit(1).ok());
}

TEST_F(AdmissionControlTest, AdmitsNothingAfterClose) {
  admission_.Close();
  EXPECT_EQ(admission_.Admit(1).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(admission_.in_flight(), 0);
  EXPECT_EQ(MetricValue(registry_, "kache_rejected_total{reason=\"stopping\"}"), 1);
}

TEST_F(AdmissionControlTest, ShowsWhatIsInFlight) {
  ASSERT_TRUE(admission_.Admit(6).ok());
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
        if (!admission_.Admit(4).ok()) continue;
        if (held.fetch_add(4) + 4 > 10) exceeded = true;
        held.fetch_sub(4);
        admission_.Release(4);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(exceeded);
  EXPECT_EQ(admission_.in_flight(), 0);
}

TEST_F(AdmissionControlTest, BoundsBytes) {
  EXPECT_TRUE(admission_.AdmitBytes(600));
  EXPECT_FALSE(admission_.AdmitBytes(401));
  EXPECT_TRUE(admission_.AdmitBytes(400));
  EXPECT_EQ(admission_.NoRoom().code(), absl::StatusCode::kResourceExhausted);
  admission_.ReleaseBytes(1000);
  EXPECT_TRUE(admission_.AdmitBytes(5000));  // alone, whatever its size
  admission_.PublishGauges();
  EXPECT_EQ(MetricValue(registry_, "kache_in_flight_bytes"), 5000);
  EXPECT_EQ(MetricValue(registry_, "kache_rejected_total{reason=\"too_many_bytes\"}"), 1);
}

TEST_F(AdmissionControlTest, CountsBytesThatItIsNotAskedAbout) {
  ASSERT_TRUE(admission_.AdmitBytes(1000));
  admission_.CountBytes(50);
  EXPECT_FALSE(admission_.AdmitBytes(1));
  admission_.ReleaseBytes(1050);
  EXPECT_TRUE(admission_.AdmitBytes(1000));
}

}  // namespace
}  // namespace kache
