// Servers that the client must log in to, and servers that it must not use.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/testing/client_under_test.h"
#include "tests/testing/redis_server.h"

namespace kache::redis {
namespace {

using ::kache::testing::ClientUnderTest;
using ::kache::testing::RedisServer;
using ::testing::HasSubstr;
using ::testing::Not;

Endpoint As(const RedisServer& server, std::string user, std::string password) {
  Endpoint endpoint = server.endpoint();
  endpoint.user = std::move(user);
  endpoint.password = std::move(password);
  return endpoint;
}

TEST(RedisClientLogin, GivesThePasswordOfTheDefaultUser) {
  RedisServer server({"--requirepass", "open sesame"});
  ClientUnderTest client(As(server, "", "open sesame"));
  ASSERT_TRUE(client.WaitUntilReady());
  EXPECT_EQ(client.Run({"ACL", "WHOAMI"})->text, "default");
}

TEST(RedisClientLogin, GivesUserAndPassword) {
  RedisServer server;
  server.Run({"ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all"});
  ClientUnderTest client(As(server, "app", "secret"));
  ASSERT_TRUE(client.WaitUntilReady());
  EXPECT_EQ(client.Run({"ACL", "WHOAMI"})->text, "app");
}

TEST(RedisClientLogin, SaysThatThePasswordIsWrong) {
  RedisServer server({"--requirepass", "right"});
  ClientUnderTest client(As(server, "", "not-the-one"));
  ASSERT_TRUE(client.WaitUntilDown("auth_failed"));
  EXPECT_THAT(client.observed().down[0].message, HasSubstr("WRONGPASS"));
  EXPECT_THAT(client.observed().down[0].message, Not(HasSubstr("not-the-one")));
  EXPECT_FALSE(client->Ready());
}

TEST(RedisClientLogin, SaysThatAPasswordIsAskedFor) {
  RedisServer server({"--requirepass", "right"});
  ClientUnderTest client(server.endpoint());
  ASSERT_TRUE(client.WaitUntilDown("auth_failed"));
  EXPECT_THAT(client.observed().down[0].message, HasSubstr("NOAUTH"));
}

TEST(RedisClientLogin, SaysThatNoPasswordWasExpected) {
  RedisServer server;
  ClientUnderTest client(As(server, "", "secret"));
  ASSERT_TRUE(client.WaitUntilDown("auth_failed"));
}

TEST(RedisClientLogin, SaysWhichCommandTheUserMayNotRun) {
  RedisServer server;
  server.Run({"ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all", "-info"});
  ClientUnderTest client(As(server, "app", "secret"));
  ASSERT_TRUE(client.WaitUntilDown("no_perm"));
  EXPECT_THAT(client.observed().down[0].message, HasSubstr("INFO server"));
  EXPECT_THAT(client.observed().down[0].message, HasSubstr("NOPERM"));
  server.Run({"ACL", "SETUSER", "app", "+info"});
  EXPECT_TRUE(client.WaitUntilReady()) << "granted meanwhile, without a restart of ours";
}

TEST(RedisClientLogin, ComesBackWhenThePasswordIsTakenAway) {
  RedisServer server;
  server.Run({"ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all"});
  ClientUnderTest client(As(server, "app", "secret"));
  ASSERT_TRUE(client.WaitUntilReady());
  server.Run({"ACL", "DELUSER", "app"});  // closes the user's connections
  ASSERT_TRUE(client.WaitUntilDown("auth_failed"));
  server.Run({"ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all"});
  ASSERT_TRUE(client.WaitUntilReady());
}

TEST(RedisClientRefusal, DoesNotUseAReplica) {
  RedisServer server;
  server.Run({"REPLICAOF", "127.0.0.1", "1"});
  ClientUnderTest client(server.endpoint());
  ASSERT_TRUE(client.WaitUntilDown("not_a_master"));
  EXPECT_FALSE(client->Ready());
  server.Run({"REPLICAOF", "NO", "ONE"});
  ASSERT_TRUE(client.WaitUntilReady());
}

TEST(RedisClientRefusal, DoesNotUseAClusterNode) {
  RedisServer server({"--cluster-enabled", "yes"});
  ClientUnderTest client(server.endpoint());
  ASSERT_TRUE(client.WaitUntilDown("cluster_mode"));
  EXPECT_FALSE(client->Ready());
}

TEST(RedisClientRefusal, SaysThatTheDatabaseIsNotThere) {
  RedisServer server({"--databases", "1"});
  Endpoint endpoint = server.endpoint();
  endpoint.database = 5;
  ClientUnderTest client(endpoint);
  ASSERT_TRUE(client.WaitUntilDown("protocol_error"));
  EXPECT_THAT(client.observed().down[0].message, HasSubstr("SELECT 5"));
}

TEST(RedisClientRefusal, SaysThatACommandIsRenamed) {
  RedisServer server({"--rename-command", "INFO", ""});
  ClientUnderTest client(server.endpoint());
  ASSERT_TRUE(client.WaitUntilDown("no_command"));
  EXPECT_THAT(client.observed().down[0].message, HasSubstr("unknown command"));
}

TEST(RedisClientRefusal, SaysThatTheServerHasNoRoomForAConnection) {
  RedisServer server({"--maxclients", "1"});
  ClientUnderTest first(server.endpoint());
  ASSERT_TRUE(first.WaitUntilReady());
  ClientUnderTest client(server.endpoint());
  ASSERT_TRUE(client.WaitUntilDown("too_many_clients"));
  EXPECT_THAT(client.observed().down[0].message, HasSubstr("max number of clients"));
}

}  // namespace
}  // namespace kache::redis
