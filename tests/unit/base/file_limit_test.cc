#include "base/file_limit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace kache {
namespace {

TEST(FileLimit, RaisesTheSoftLimitToTheHardOne) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 100;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(RaiseFileLimit(), before.rlim_max);
  rlimit after{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  setrlimit(RLIMIT_NOFILE, &before);
}

TEST(FileLimit, ConnectionsThatFitStay) {
  size_t connections = 900;
  std::string shortage;
  FitConnectionsIntoFiles({.limit = 1000, .reserve = 100}, "MAX_X", &connections, &shortage);
  EXPECT_EQ(connections, 900);
  EXPECT_EQ(shortage, "");
}

TEST(FileLimit, TheReserveComesFirst) {
  size_t connections = 901;
  std::string shortage;
  FitConnectionsIntoFiles({.limit = 1000, .reserve = 100}, "MAX_X", &connections, &shortage);
  EXPECT_EQ(connections, 900);
  EXPECT_NE(shortage.find("MAX_X is 901"), std::string::npos) << shortage;
  EXPECT_NE(shortage.find("to 1001"), std::string::npos) << shortage;
}

TEST(FileLimit, OneConnectionIsAlwaysServed) {
  size_t connections = 5;
  std::string shortage;
  FitConnectionsIntoFiles({.limit = 50, .reserve = 100}, "MAX_X", &connections, &shortage);
  EXPECT_EQ(connections, 1);
}

}  // namespace
}  // namespace kache
