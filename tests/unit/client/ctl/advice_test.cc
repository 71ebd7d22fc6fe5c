#include "client/ctl/advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kache::ctl {
namespace {

using testing::HasSubstr;

TEST(Advice, TellsAServerThatIsGoneFromOneThatCannotServe) {
  EXPECT_THAT(AdviceFor(absl::UnavailableError("failed to connect to all addresses")),
              HasSubstr("Is kache-server running"));
  EXPECT_THAT(AdviceFor(absl::UnavailableError("no healthy replica")), HasSubstr("status"));
}

TEST(Advice, IsSilentWhereTheMessageSaysItAll) {
  EXPECT_EQ(AdviceFor(absl::InvalidArgumentError("the key is empty")), "");
}

TEST(Advice, EveryReasonHasSome) {
  EXPECT_THAT(AdviceForReason("connection_refused"), HasSubstr("start the Redis server"));
  EXPECT_THAT(AdviceForReason("tls_failed"), HasSubstr("REDIS_TLS_CA_FILE"));
  EXPECT_THAT(AdviceForReason("duplicate_of:cache-a"), HasSubstr("remove one"));
  EXPECT_THAT(AdviceForReason("no_replicas"), HasSubstr("min-replicas-to-write"));
  EXPECT_THAT(AdviceForReason("several_processes"), HasSubstr("address of one server"));
  EXPECT_THAT(AdviceForReason("no_perm"), HasSubstr("ACL SETUSER"));
  EXPECT_THAT(AdviceForReason("no_perm_for_key"), HasSubstr("KEY_PREFIX"));
  EXPECT_THAT(AdviceForReason("no_command"), HasSubstr("rename-command"));
  EXPECT_THAT(AdviceForReason("too_many_clients"), HasSubstr("maxclients"));
  EXPECT_THAT(AdviceForReason("sentinel"), HasSubstr("Redis servers themselves"));
  EXPECT_THAT(AdviceForReason("not_redis"), HasSubstr("correct the address"));
  EXPECT_THAT(AdviceForReason("something_new"), HasSubstr("log"));
}

}  // namespace
}  // namespace kache::ctl
