#include "client/server_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kache {
namespace {

using testing::ElementsAre;

TEST(ServerList, IsReadFromTheEnvironment) {
  const Environment environment = Environment::Of({{"KACHE_SERVERS", "a:1 , [::1]:2"}});
  SettingsReader reader(environment);
  EXPECT_THAT(ReadServerList(reader), ElementsAre("a:1", "[::1]:2"));
  EXPECT_TRUE(reader.Finish().ok());
}

TEST(ServerList, HasADefault) {
  const Environment environment = Environment::Of({});
  SettingsReader reader(environment);
  EXPECT_THAT(ReadServerList(reader), ElementsAre("localhost:50051"));
}

TEST(ServerList, NamesMistakes) {
  const Environment environment = Environment::Of({{"KACHE_SERVERS", "nowhere"}});
  SettingsReader reader(environment);
  ReadServerList(reader);
  EXPECT_FALSE(reader.Finish().ok());
}

TEST(ServerList, IsParsedFromAnArgument) {
  EXPECT_THAT(ParseServerList("a:1, b:2").value(), ElementsAre("a:1", "b:2"));
  for (const char* wrong : {"", "a", "a:1,", "a:0", "a:99999"}) {
    EXPECT_EQ(ParseServerList(wrong).status().code(), absl::StatusCode::kInvalidArgument) << wrong;
  }
}

}  // namespace
}  // namespace kache
