#include "base/near_name.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace kache {
namespace {

// The restricted Damerau-Levenshtein distance by its definition.
size_t Distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      d[i][j] = std::min(
          {d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

TEST(NearName, FindsOneTypingSlip) {
  EXPECT_TRUE(IsNearName("REDIS_URLS", "REDIS_URLS"));
  EXPECT_TRUE(IsNearName("redis_Urls", "REDIS_URLS"));
  EXPECT_TRUE(IsNearName("REDIS_URL", "REDIS_URLS"));
  EXPECT_TRUE(IsNearName("EDIS_URLS", "REDIS_URLS"));
  EXPECT_TRUE(IsNearName("REDIS_URLSS", "REDIS_URLS"));
  EXPECT_TRUE(IsNearName("REDIS-URLS", "REDIS_URLS"));
  EXPECT_TRUE(IsNearName("REDSI_URLS", "REDIS_URLS"));
  EXPECT_TRUE(IsNearName("REDIS_URSL", "REDIS_URLS"));
  EXPECT_FALSE(IsNearName("REDIS", "REDIS_URLS"));
  EXPECT_FALSE(IsNearName("RDEIS_URSL", "REDIS_URLS"));
  EXPECT_FALSE(IsNearName("KACHE_SERVER_PORT", "KACHE_SERVERS"));
  EXPECT_FALSE(IsNearName("", "AB"));
}

TEST(NearName, AgreesWithTheDefinitionOnAllShortWords) {
  std::vector<std::string> words = {""};
  for (size_t i = 0; words[i].size() < 4; ++i) {
    for (const char c : {'A', 'B', 'C'}) words.push_back(words[i] + c);
  }
  for (const std::string& a : words) {
    for (const std::string& b : words) {
      ASSERT_EQ(IsNearName(a, b), Distance(a, b) <= 1) << a << " " << b;
    }
  }
}

}  // namespace
}  // namespace kache
