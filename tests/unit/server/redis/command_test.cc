#include "server/redis/command.h"

#include <gtest/gtest.h>

#include <string>

namespace kache::redis {
namespace {

TEST(Command, FormatsArgumentsWithTheirLengths) {
  EXPECT_EQ(Command::Of({"GET", "key"}).wire(), "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n");
  EXPECT_EQ(Command::Get("key").wire(), Command::Of({"GET", "key"}).wire());
}

TEST(Command, KeepsEveryByte) {
  const std::string bytes("\0%s\r\n\xff", 6);
  EXPECT_EQ(Command::Of({"ECHO", bytes}).wire(), "*2\r\n$4\r\nECHO\r\n$6\r\n" + bytes + "\r\n");
}

TEST(Command, TakesEmptyArguments) {
  EXPECT_EQ(Command::Of({"ECHO", std::string_view()}).wire(), "*2\r\n$4\r\nECHO\r\n$0\r\n\r\n");
}

TEST(Command, TakesMoreArgumentsThanUsual) {
  const Command command = Command::Of({"MGET", "a", "a", "a", "a", "a", "a", "a", "a", "a",
                                       "a",    "a", "a", "a", "a", "a", "a", "a", "a", "a"});
  EXPECT_TRUE(command.wire().starts_with("*20\r\n$4\r\nMGET\r\n$1\r\na\r\n"));
}

TEST(Command, SharesItsBytesWithItsCopies) {
  const Command command = Command::Of({"PING"});
  const Command copy = command;
  EXPECT_EQ(copy.wire().data(), command.wire().data());
}

TEST(Command, CallsAScriptByItsHash) {
  const Script script("one", "return 1");
  // redis-cli SCRIPT LOAD 'return 1'
  EXPECT_EQ(script.sha1, "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
  const Command command = Command::Call(script, {"k1", "k2"}, {"v"});
  EXPECT_EQ(command.wire(), "*6\r\n$7\r\nEVALSHA\r\n$40\r\n" + script.sha1 +
                                "\r\n$1\r\n2\r\n$2\r\nk1\r\n$2\r\nk2\r\n$1\r\nv\r\n");
  EXPECT_EQ(command.script(), &script);
  EXPECT_EQ(Command::Of({"PING"}).script(), nullptr);
}

}  // namespace
}  // namespace kache::redis
