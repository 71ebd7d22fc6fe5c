#include "server/recovery/marker_watch.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

constexpr char kMarker[] =
    "kache1 whole 0000000000000abc run a 50 1000 0 arcs and what comes later";

class MarkerWatchTest : public ::testing::Test {
 protected:
  static Inspection Found(uint64_t evicted_keys, const std::string& run_id = "run") {
    Inspection inspection;
    inspection.run_id = run_id;
    inspection.has_marker = true;
    inspection.marker_text = kMarker;
    inspection.marker = ParseMarker(kMarker);
    inspection.evicted_keys = evicted_keys;
    inspection.emptied = 3;
    return inspection;
  }
  static Inspection Missing(uint64_t evicted_keys) {
    Inspection inspection;
    inspection.run_id = "run";
    inspection.evicted_keys = evicted_keys;
    inspection.emptied = 3;
    return inspection;
  }
  bool CountsAsEvicted(Inspection inspection) {
    watch_.OnInspection(inspection);
    EXPECT_EQ(inspection.has_marker, inspection.marker_evicted);
    return inspection.marker_evicted;
  }
  void See(Inspection inspection) {
    watch_.OnInspection(inspection);
    EXPECT_FALSE(inspection.marker_evicted);
  }

  MarkerWatch watch_;
};

TEST_F(MarkerWatchTest, GivesBackTheMarkerThatWasEvicted) {
  See(Found(7));
  Inspection missing = Missing(8);
  watch_.OnInspection(missing);
  EXPECT_TRUE(missing.marker_evicted && missing.has_marker);
  EXPECT_EQ(missing.marker_text, kMarker);
  ASSERT_TRUE(missing.marker.has_value());
  EXPECT_EQ(missing.marker->fence, FenceNumber{50});
}

TEST_F(MarkerWatchTest, ItStaysEvictedUntilItStandsAgain) {
  See(Found(7));
  EXPECT_TRUE(CountsAsEvicted(Missing(8)));
  EXPECT_TRUE(CountsAsEvicted(Missing(8)));
  See(Found(8));
  EXPECT_TRUE(CountsAsEvicted(Missing(9)));
}

TEST_F(MarkerWatchTest, AMarkerIsLostWhereNothingWasEvictedSince) {
  See(Found(7));
  EXPECT_FALSE(CountsAsEvicted(Missing(7)));
  EXPECT_FALSE(CountsAsEvicted(Missing(8)));  // Evicted too late to explain it.
}

TEST_F(MarkerWatchTest, AMarkerIsLostWhereTheDataWasDropped) {
  See(Found(7));
  Inspection flushed = Missing(8);
  ++flushed.emptied;
  EXPECT_FALSE(CountsAsEvicted(flushed));
}

TEST_F(MarkerWatchTest, AMarkerIsLostWhereTheCountsWereSetBack) {
  See(Found(7));
  Inspection reset = Missing(2);
  reset.emptied = 0;
  EXPECT_FALSE(CountsAsEvicted(reset));
}

TEST_F(MarkerWatchTest, AMarkerIsLostWithTheProcess) {
  See(Found(7));
  Inspection restarted = Missing(8);
  restarted.run_id = "next run";
  EXPECT_FALSE(CountsAsEvicted(restarted));
}

TEST_F(MarkerWatchTest, NothingIsKnownOfANodeThatWasNeverSeenWithItsMarker) {
  EXPECT_FALSE(CountsAsEvicted(Missing(8)));
  Inspection loaded_from_disk = Found(8, "next run");  // with the marker of the process before
  See(loaded_from_disk);
  EXPECT_FALSE(CountsAsEvicted(Missing(9)));
  Inspection unreadable = Found(9);
  unreadable.marker.reset();
  See(unreadable);
  EXPECT_FALSE(CountsAsEvicted(Missing(10)));
}

}  // namespace
}  // namespace kache
