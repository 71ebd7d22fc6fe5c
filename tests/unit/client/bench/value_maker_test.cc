#include "client/bench/value_maker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace kache::bench {
namespace {

using testing::HasSubstr;

ValueMaker MakerOf(const char* sizes) { return ValueMaker(ValueSizes::Parse(sizes).value()); }

std::string Make(const ValueMaker& maker, uint64_t key, uint64_t write) {
  std::string value;
  maker.Make(key, write, &value);
  return value;
}

TEST(ValueSizes, AreFixedRangesOrWeighted) {
  EXPECT_EQ(ValueSizes::Parse("100")->Pick(7), 100u);
  EXPECT_EQ(ValueSizes::Parse("4KiB")->Pick(7), 4096u);
  const ValueSizes range = ValueSizes::Parse("10-12").value();
  int large = 0;
  const ValueSizes weighted = ValueSizes::Parse("100:99,1MiB:1").value();
  for (uint64_t i = 0; i < 10'000; ++i) {
    EXPECT_GE(range.Pick(i * 7919), 10u);
    EXPECT_LE(range.Pick(i * 7919), 12u);
    large += weighted.Pick(i * 7919) == 1024 * 1024;
  }
  EXPECT_NEAR(large, 100, 20);
}

TEST(ValueSizes, RefuseAllElse) {
  for (const char* text : {"", "x", "-1", "10-5", "100:0", "100:", "1GiB", "65MiB", "1,", "KiB"}) {
    EXPECT_EQ(ValueSizes::Parse(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(ValueMaker, VerifiesWhatItMade) {
  for (const char* sizes : {"0", "1", "15", "16", "100", "1-300"}) {
    const ValueMaker maker = MakerOf(sizes);
    for (uint64_t key = 0; key < 20; ++key) {
      const std::string value = Make(maker, key, key * 3);
      EXPECT_TRUE(maker.Verify(key, value).ok()) << sizes << " " << key;
      EXPECT_EQ(value, Make(maker, key, key * 3));
    }
  }
}

TEST(ValueMaker, SeesAnotherKeysValue) {
  const ValueMaker maker = MakerOf("100");
  EXPECT_THAT(std::string(maker.Verify(2, Make(maker, 1, 0)).message()),
              HasSubstr("another key's value"));
  EXPECT_FALSE(MakerOf("8").Verify(2, Make(MakerOf("8"), 1, 0)).ok());
}

TEST(ValueMaker, SeesEveryByteThatIsWrong) {
  const ValueMaker maker = MakerOf("40");
  const std::string value = Make(maker, 1, 2);
  for (size_t i = 0; i < value.size(); ++i) {
    std::string damaged = value;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_EQ(maker.Verify(1, damaged).code(), absl::StatusCode::kDataLoss) << i;
  }
  EXPECT_FALSE(maker.Verify(1, value.substr(0, 39)).ok());
  EXPECT_FALSE(maker.Verify(1, value + "x").ok());
}

}  // namespace
}  // namespace kache::bench
