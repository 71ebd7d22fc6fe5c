#include "server/redis/reply.h"

#include <gtest/gtest.h>

namespace kache::redis {
namespace {

struct Expected {
  std::string_view text;
  ErrorKind kind;
  std::string_view name;
};

class ClassifyErrorTest : public ::testing::TestWithParam<Expected> {};

TEST_P(ClassifyErrorTest, ReadsTheCode) {
  EXPECT_EQ(ClassifyError(GetParam().text), GetParam().kind) << GetParam().text;
  EXPECT_EQ(ErrorKindName(GetParam().kind), GetParam().name);
}

INSTANTIATE_TEST_SUITE_P(
    AsRedis70SaysIt, ClassifyErrorTest,
    ::testing::Values(
        Expected{"OOM command not allowed when used memory > 'maxmemory'.", ErrorKind::kOom, "oom"},
        Expected{"MISCONF Redis is configured to save RDB snapshots, but ...", ErrorKind::kMisconf,
                 "misconf"},
        Expected{"READONLY You can't write against a read only replica.", ErrorKind::kReadOnly,
                 "read_only"},
        Expected{"NOPERM this user has no permissions to run the 'get' command", ErrorKind::kNoPerm,
                 "no_perm"},
        Expected{"ERR The user executing the script can't run this command or subcommand",
                 ErrorKind::kNoPerm, "no_perm"},
        Expected{"ERR ACL failure in script: User x has no permissions to run the 'set' command",
                 ErrorKind::kNoPerm, "no_perm"},
        Expected{"NOREPLICAS Not enough good replicas to write.", ErrorKind::kNoReplicas,
                 "no_replicas"},
        Expected{"LOADING Redis is loading the dataset in memory", ErrorKind::kLoading, "loading"},
        Expected{"MASTERDOWN Link with MASTER is down", ErrorKind::kMasterDown, "master_down"},
        Expected{"NOAUTH Authentication required.", ErrorKind::kNoAuth, "no_auth"},
        Expected{"WRONGPASS invalid username-password pair", ErrorKind::kWrongPass, "wrong_pass"},
        Expected{"BUSY Redis is busy running a script.", ErrorKind::kBusy, "busy"},
        Expected{"NOSCRIPT No matching script.", ErrorKind::kNoScript, "no_script"},
        Expected{"WRONGTYPE Operation against a key holding ...", ErrorKind::kWrongType,
                 "wrong_type"},
        Expected{"NOPERM No permissions to access a key", ErrorKind::kNoPermForKey,
                 "no_perm_for_key"},
        Expected{"NOPERM this user has no permissions to access one of the keys used as arguments",
                 ErrorKind::kNoPermForKey, "no_perm_for_key"},
        Expected{"ERR The user executing the script can't access at least one of the keys "
                 "mentioned in the command arguments",
                 ErrorKind::kNoPermForKey, "no_perm_for_key"},
        Expected{"ERR ACL failure in script: No permissions to access a key",
                 ErrorKind::kNoPermForKey, "no_perm_for_key"},
        Expected{"NOPERM User x has no permissions to run the 'hkeys' command", ErrorKind::kNoPerm,
                 "no_perm"},
        Expected{"ERR unknown command 'OOM'", ErrorKind::kNoCommand, "no_command"},
        Expected{"ERR Unknown Redis command called from script script: 0f, on @user_script:1.",
                 ErrorKind::kNoCommand, "no_command"},
        Expected{"OOM", ErrorKind::kOom, "oom"}, Expected{"", ErrorKind::kOther, "other"},
        Expected{"BUSYGROUP Consumer Group name already exists", ErrorKind::kOther, "other"},
        Expected{"oom in lower case", ErrorKind::kOther, "other"}));

INSTANTIATE_TEST_SUITE_P(
    WrappedByRedis62, ClassifyErrorTest,
    ::testing::Values(
        Expected{"ERR Error running script (call to f_1): @user_script:1: @user_script: 1: "
                 "-OOM command not allowed when used memory > 'maxmemory'.",
                 ErrorKind::kOom, "oom"},
        Expected{"ERR Error running script (call to f_1): @user_script:1: "
                 "--READONLY You can't write against a read only replica.",
                 ErrorKind::kReadOnly, "read_only"},
        Expected{"ERR Error running script (call to f_1): @user_script:1: "
                 "-NOREPLICAS Not enough good replicas to write.",
                 ErrorKind::kNoReplicas, "no_replicas"},
        Expected{"ERR Error running script (call to f_1): @user_script:1: a - b -",
                 ErrorKind::kOther, "other"},
        // Not a script's failure: what looks like a code is somebody's text.
        Expected{"ERR syntax error near -OOM", ErrorKind::kOther, "other"}));

TEST(ErrorKind, SortsRefusalsFromUnusableServers) {
  for (ErrorKind kind :
       {ErrorKind::kOom, ErrorKind::kMisconf, ErrorKind::kReadOnly, ErrorKind::kNoPerm,
        ErrorKind::kNoPermForKey, ErrorKind::kNoCommand, ErrorKind::kNoReplicas}) {
    EXPECT_TRUE(IsWriteRefused(kind));
    EXPECT_FALSE(IsServerUnusable(kind));
  }
  for (ErrorKind kind :
       {ErrorKind::kLoading, ErrorKind::kMasterDown, ErrorKind::kNoAuth, ErrorKind::kWrongPass}) {
    EXPECT_TRUE(IsServerUnusable(kind));
    EXPECT_FALSE(IsWriteRefused(kind));
  }
  for (ErrorKind kind :
       {ErrorKind::kOther, ErrorKind::kBusy, ErrorKind::kNoScript, ErrorKind::kWrongType}) {
    EXPECT_FALSE(IsServerUnusable(kind));
    EXPECT_FALSE(IsWriteRefused(kind));
  }
}

}  // namespace
}  // namespace kache::redis
