#include "client/ctl/advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <string>

#include "tests/testing/deployed_limits.h"

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
  EXPECT_THAT(AdviceForReason("closed_unanswered"), HasSubstr("rediss://"));
  EXPECT_THAT(AdviceForReason("protected_mode"), HasSubstr("password"));
  EXPECT_THAT(AdviceForReason("first_start_waits_for:cache-a"), HasSubstr("node forsake"));
  EXPECT_THAT(AdviceForReason("something_new"), HasSubstr("log"));
}

TEST(Advice, EveryReasonOfTheRunbookHasSome) {
  const std::string runbook = ReadSourceFile("docs/operations.md");
  const size_t begin = runbook.find("### KacheNodeDown");
  const size_t end = runbook.find("### KacheCoordinatorRingMismatch");
  ASSERT_LT(begin, end);
  ASSERT_NE(end, std::string::npos);
  const std::string entries = runbook.substr(begin, end - begin);
  // In the first column of a table, or before the colon of an explanation.
  const std::regex reason("`([a-z_]+)(:NAME)?`(?:[:,]| \\|)");
  size_t found = 0;
  for (auto it = std::sregex_iterator(entries.begin(), entries.end(), reason);
       it != std::sregex_iterator(); ++it, ++found) {
    const std::string name = (*it)[1].str() + ((*it)[2].matched ? ":cache-a" : "");
    if (name == "reason" || name == "noeviction") continue;  // a field, a policy
    EXPECT_NE(AdviceForReason(name), AdviceForReason("something_new")) << name;
  }
  EXPECT_GT(found, 30u);
}

}  // namespace
}  // namespace kache::ctl
