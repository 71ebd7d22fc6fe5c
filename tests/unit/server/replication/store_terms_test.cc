#include "server/replication/store_terms.h"

#include <gtest/gtest.h>

#include <string>

namespace kache {
namespace {

using std::string_literals::operator""s;

TEST(StoreTerms, AreInstantsAWhileAndTheMarkersBeginning) {
  EXPECT_EQ(
      EncodeTerms({1, 0x0102'0304'0506, 3, "whole", 4}),
      "\0\0\0\0\0\0\0\x01\0\0\x01\x02\x03\x04\x05\x06\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\x04whole"s);
  EXPECT_EQ(EncodeTerms({}), std::string(32, '\0'));
}

TEST(StoreTerms, AreReadAsTheyWereWritten) {
  const std::string bytes = EncodeTerms({.ends_ms = 1'700'000'000'000,
                                         .limit_ms = 1'700'003'600'000,
                                         .latest_ms = 250,
                                         .whole = "kache1 ",
                                         .least_ms = 5000});
  const StoreTerms terms = DecodeTerms(bytes);
  EXPECT_EQ(terms.ends_ms, 1'700'000'000'000);
  EXPECT_EQ(terms.limit_ms, 1'700'003'600'000);
  EXPECT_EQ(terms.latest_ms, 250);
  EXPECT_EQ(terms.whole, "kache1 ");
  EXPECT_EQ(terms.least_ms, 5000);
  EXPECT_EQ(DecodeTerms(EncodeTerms({})).whole, "");
}

}  // namespace
}  // namespace kache
