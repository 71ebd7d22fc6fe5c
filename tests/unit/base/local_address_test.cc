#include "base/local_address.h"

#include "gtest/gtest.h"

namespace kache {
namespace {

TEST(LocalAddress, StandsForAListenerOnAllAddresses) {
  EXPECT_EQ(LocalAddress({"0.0.0.0", 1}).ToString(), "127.0.0.1:1");
  EXPECT_EQ(LocalAddress({"::", 1}).ToString(), "[::1]:1");
  EXPECT_EQ(LocalAddress({"10.0.0.1", 1}).ToString(), "10.0.0.1:1");
}

}  // namespace
}  // namespace kache
