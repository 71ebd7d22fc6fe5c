#include "base/local_address.h"

#include "gtest/gtest.h"

namespace kache {
namespace {

TEST(LocalAddress, StandsForAListenerOnAllAddresses) {
  EXPECT_EQ(LocalAddress({"0.0.0.0", 1}).ToString(), "127.0.0.1:1");
  EXPECT_EQ(LocalAddress({"::", 1}).ToString(), "localhost:1");
  EXPECT_EQ(LocalAddress({"10.0.0.1", 1}).ToString(), "10.0.0.1:1");
}

TEST(IsOpenToOthers, SaysWhetherOtherMachinesMayReachIt) {
  for (const char* host : {"0.0.0.0", "::", "10.0.0.7", "2001:db8::7", "kache.example.com",
                           "127.example.com", "::ffff:10.0.0.7"}) {
    EXPECT_TRUE(IsOpenToOthers({host, 1})) << host;
  }
  for (const char* host : {"127.0.0.1", "127.1.2.3", "::1", "localhost", "LocalHost",
                           "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"}) {
    EXPECT_FALSE(IsOpenToOthers({host, 1})) << host;
  }
}

TEST(OpenPortWarning, NamesTheSettingAndWhatToDo) {
  const std::string text = OpenPortWarning("HTTP_LISTEN_ADDRESS", {"::", 8080});
  EXPECT_NE(text.find("[::]:8080 (HTTP_LISTEN_ADDRESS)"), std::string::npos);
  EXPECT_NE(text.find("TOKENS_FILE"), std::string::npos);
}

}  // namespace
}  // namespace kache
