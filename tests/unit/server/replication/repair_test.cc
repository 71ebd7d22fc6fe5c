// Copies of records that exist already.
#include "server/replication/repair.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/replication/store_terms.h"
#include "tests/testing/fake_node_client.h"

namespace kache {
namespace {

constexpr Version kVersion{20, 1};

// EVALSHA sha1 1 key record terms
std::vector<std::string> Copied(const Record& record, int64_t ends_ms, const CopyTarget& target) {
  return testing::ParseWire(
      CopyRecord("k", EncodeRecord(record), ends_ms, absl::Hours(1), target).wire());
}

TEST(Repair, ACopyEndsWithItsOriginalByTheNodesClock) {
  const Record record{kVersion, 50'000, false, "v"};
  const std::vector<std::string> arguments =
      Copied(record, 60'000, {.clock_offset = absl::Seconds(2), .latest_ms = 70'000});
  EXPECT_EQ(arguments.at(3), "k");
  EXPECT_EQ(arguments.at(4), EncodeRecord(record));
  const StoreTerms terms = DecodeTerms(arguments.at(5));
  EXPECT_EQ(terms.ends_ms, 62'000);
  EXPECT_EQ(terms.limit_ms, 3'652'000);
  EXPECT_EQ(terms.latest_ms, 72'000);
}

TEST(Repair, ACopyEndsNotBeforeItsRecord) {
  const auto ends_ms = [](const Record& record) {
    return DecodeTerms(Copied(record, 40'000, {}).at(5)).ends_ms;
  };
  EXPECT_EQ(ends_ms({kVersion, 50'000, false, "v"}), 50'000);
  EXPECT_EQ(ends_ms({kVersion, 0, false, "v"}), 0);
}

// A node that stood in for the key until the ring changed may still say so.
TEST(Repair, ACopyIsAHomeReplicas) {
  const Record stand_in{kVersion, 0, false, "v", /*stand_in=*/true};
  EXPECT_EQ(Copied(stand_in, 40'000, {}).at(4), EncodeRecord({kVersion, 0, false, "v"}));
}

}  // namespace
}  // namespace kache
