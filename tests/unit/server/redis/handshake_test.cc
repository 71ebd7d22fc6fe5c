#include "server/redis/handshake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/testing/eventually.h"
#include "tests/testing/temporary_file.h"

namespace kache::redis {
namespace {

using Progress = Handshake::Progress;
using ::testing::HasSubstr;

const Script kScript("one", "return 1");
constexpr std::string_view kServer =
    "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nrun_id:0123456789abcdef\r\n";
constexpr std::string_view kMaster = "# Replication\r\nrole:master\r\nconnected_slaves:0\r\n";
constexpr std::string_view kNoCluster = "# Cluster\r\ncluster_enabled:0\r\n";

std::vector<std::string> Wires(const Handshake& handshake) {
  std::vector<std::string> wires;
  for (const Command& command : handshake.commands()) wires.emplace_back(command.wire());
  return wires;
}

// Answers in order; the last progress.
Progress Answer(Handshake& handshake, const std::vector<Reply>& replies) {
  Progress progress = Progress::kMore;
  for (const Reply& reply : replies) {
    EXPECT_EQ(progress, Progress::kMore);
    progress = handshake.OnReply(reply);
  }
  return progress;
}

Reply Info(std::string_view text) { return Reply::String(std::string(text)); }

TEST(Handshake, TakesThePasswordThatTheFileHoldsNow) {
  const TemporaryFile file("old\n");
  const auto password = PasswordFile::Start(file.path(), absl::Milliseconds(5)).value();
  const Endpoint endpoint{.host = "h", .user = "me", .password = "", .password_file = password};
  EXPECT_THAT(Wires(Handshake(endpoint, {})).front(), HasSubstr("AUTH\r\n$2\r\nme\r\n$3\r\nold"));
  file.Replace("newer\n");
  ASSERT_TRUE(Eventually([&] { return password->password() == "newer"; }));
  EXPECT_THAT(Wires(Handshake(endpoint, {})).front(), HasSubstr("$5\r\nnewer"));
}

TEST(Handshake, AsksAPlainServerWhatItIs) {
  Handshake handshake({"localhost", 6379, "", "", 0}, {});
  EXPECT_THAT(Wires(handshake),
              ::testing::ElementsAre(HasSubstr("INFO\r\n$6\r\nserver"),
                                     HasSubstr("INFO\r\n$11\r\nreplication"),
                                     HasSubstr("INFO\r\n$7\r\ncluster"), HasSubstr("PING")));
  EXPECT_EQ(
      Answer(handshake, {Info(kServer), Info(kMaster), Info(kNoCluster), Reply::Status("PONG")}),
      Progress::kReady);
  EXPECT_EQ(handshake.facts().run_id, "0123456789abcdef");
  EXPECT_EQ(handshake.facts().version, "7.0.15");
}

TEST(Handshake, SaysWhoItIsBeforeAnythingElse) {
  Handshake handshake({"localhost", 6379, "app", "secret", 3}, {&kScript});
  EXPECT_THAT(Wires(handshake),
              ::testing::ElementsAre("*3\r\n$4\r\nAUTH\r\n$3\r\napp\r\n$6\r\nsecret\r\n",
                                     "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n", HasSubstr("server"),
                                     HasSubstr("replication"), HasSubstr("cluster"),
                                     HasSubstr("LOAD\r\n$8\r\nreturn 1"), HasSubstr("PING")));
  EXPECT_EQ(
      Answer(handshake, {Reply::Status("OK"), Reply::Status("OK"), Info(kServer), Info(kMaster),
                         Info(kNoCluster), Reply::String(kScript.sha1), Reply::Status("PONG")}),
      Progress::kReady);
}

// They become words of markers, and of messages that must be UTF-8.
TEST(Handshake, RefusesAServerWhoseNameIsNoWord) {
  for (const std::string& word :
       {std::string("7.0.15 beta"), std::string("7.0.15\xff"), "7.0." + std::string(100, '1')}) {
    for (const bool version : {true, false}) {
      Handshake handshake({}, {});
      const std::string info = "redis_version:" + (version ? word : "7.0.15") +
                               "\nrun_id:" + (version ? "0123456789abcdef" : word);
      EXPECT_EQ(Answer(handshake, {Info(info)}), Progress::kRefused) << word;
      EXPECT_EQ(handshake.refusal().code, "protocol_error");
      EXPECT_LT(handshake.refusal().message.size(), 200u);
    }
  }
}

TEST(Handshake, QuotesTheBeginningOfARoleThatIsNone) {
  Handshake handshake({}, {});
  const std::string role(100'000, 'x');
  EXPECT_EQ(Answer(handshake, {Info(kServer), Info("role:" + role)}), Progress::kRefused);
  EXPECT_EQ(handshake.refusal().code, "not_a_master");
  EXPECT_LT(handshake.refusal().message.size(), 500u);
}

const Introduction kIntroduction{"kache:12", {"HEXISTS", "kache:m:lost", "12"}};

TEST(Handshake, NamesTheConnectionBeforeItAsksWhetherItIsLetIn) {
  Handshake handshake({"localhost", 6379, "app", "secret", 3}, {}, kIntroduction);
  const std::vector<std::string> wires = Wires(handshake);
  EXPECT_THAT(wires[0], HasSubstr("AUTH"));
  EXPECT_THAT(wires[1], HasSubstr("SELECT"));
  EXPECT_EQ(wires[2], "*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$8\r\nkache:12\r\n");
  EXPECT_EQ(wires[3], "*3\r\n$7\r\nHEXISTS\r\n$12\r\nkache:m:lost\r\n$2\r\n12\r\n");
  EXPECT_EQ(Answer(handshake, {Reply::Status("OK"), Reply::Status("OK"), Reply::Status("OK"),
                               Reply::Integer(0), Info(kServer), Info(kMaster), Info(kNoCluster),
                               Reply::Status("PONG")}),
            Progress::kReady);
  EXPECT_EQ(handshake.facts().unnamed, "");
}

TEST(Handshake, IsRefusedToACoordinatorThatWasDeclaredLost) {
  Handshake handshake({}, {}, kIntroduction);
  EXPECT_EQ(Answer(handshake, {Reply::Status("OK"), Reply::Integer(1)}), Progress::kRefused);
  EXPECT_EQ(handshake.refusal().code, kCoordinatorLost);
}

TEST(Handshake, UsesAServerThatForbidsNames) {
  Handshake handshake({}, {}, kIntroduction);
  EXPECT_EQ(Answer(handshake,
                   {Reply::Error("NOPERM this user has no permissions to run the 'client' command"),
                    Reply::Error("NOPERM no permissions to run the 'hexists' command"),
                    Info(kServer), Info(kMaster), Info(kNoCluster), Reply::Status("PONG")}),
            Progress::kReady);
  EXPECT_THAT(handshake.facts().unnamed, HasSubstr("CLIENT SETNAME"));
  EXPECT_THAT(handshake.facts().unnamed, HasSubstr("ACL SETUSER"));
}

TEST(Handshake, UsesTheOneArgumentFormForTheDefaultUser) {
  Handshake handshake({"localhost", 6379, "", "secret", 0}, {});
  EXPECT_EQ(Wires(handshake)[0], "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n");
}

TEST(Handshake, RefusesAReplica) {
  Handshake handshake({}, {});
  EXPECT_EQ(Answer(handshake, {Info(kServer), Info("role:slave\r\nmaster_host:x\r\n")}),
            Progress::kRefused);
  EXPECT_EQ(handshake.refusal().code, "not_a_master");
  EXPECT_THAT(handshake.refusal().message, HasSubstr("slave"));
}

TEST(Handshake, RefusesClusterMode) {
  Handshake handshake({}, {});
  EXPECT_EQ(Answer(handshake, {Info(kServer), Info(kMaster), Info("cluster_enabled:1\r\n")}),
            Progress::kRefused);
  EXPECT_EQ(handshake.refusal().code, "cluster_mode");
}

TEST(Handshake, RefusesOldVersions) {
  for (const char* version : {"6.0.16", "5.0.7", "2.8.4", "6.1", "6", "six.two", ""}) {
    Handshake handshake({}, {});
    const std::string info = "redis_version:" + std::string(version) + "\r\nrun_id:1\r\n";
    EXPECT_EQ(handshake.OnReply(Info(info)), Progress::kRefused) << version;
    const bool named = !std::string_view(version).empty();
    EXPECT_EQ(handshake.refusal().code, named ? "version_too_old" : "not_redis");
  }
  for (const char* version : {"6.2.0", "6.2", "7.0.15", "8.0.1", "255.255.255"}) {
    Handshake handshake({}, {});
    const std::string info = "redis_version:" + std::string(version) + "\r\nrun_id:1\r\n";
    EXPECT_EQ(handshake.OnReply(Info(info)), Progress::kMore) << version;
  }
}

TEST(Handshake, RefusesWhatIsNoInfo) {
  Handshake handshake({}, {});
  EXPECT_EQ(handshake.OnReply(Reply::Status("OK")), Progress::kRefused);
  EXPECT_EQ(handshake.refusal().code, "not_redis");
}

TEST(Handshake, RefusesASentinel) {
  Handshake handshake({}, {});
  EXPECT_EQ(handshake.OnReply(Info("redis_version:7.0.15\r\nredis_mode:sentinel\r\nrun_id:1\r\n")),
            Progress::kRefused);
  EXPECT_EQ(handshake.refusal().code, "sentinel");
}

// It wants no password, and has no databases.
TEST(Handshake, KnowsASentinelBehindItsErrors) {
  Handshake handshake({"h", 1, "", "secret", 3}, {});
  EXPECT_EQ(
      Answer(handshake, {Reply::Error("ERR AUTH <password> called without any password"),
                         Reply::Error("ERR unknown command 'SELECT'"),
                         Info("redis_version:7.0.15\r\nredis_mode:sentinel\r\nrun_id:1\r\n")}),
      Progress::kRefused);
  EXPECT_EQ(handshake.refusal().code, "sentinel");
}

TEST(Handshake, RepeatsNoPasswordOfAServerThatDoesNotKnowAuth) {
  Handshake handshake({"h", 1, "", "secret", 0}, {});
  EXPECT_EQ(handshake.OnReply(
                Reply::Error("ERR unknown command 'AUTH', with args beginning with: 'secret' ")),
            Progress::kRefused);
  EXPECT_EQ(handshake.refusal().code, "no_command");
  EXPECT_THAT(handshake.refusal().message, HasSubstr("unknown command 'AUTH'"));
  EXPECT_THAT(handshake.refusal().message, ::testing::Not(HasSubstr("secret")));
}

struct ErrorCase {
  std::string_view error;
  std::string_view code;
};

TEST(Handshake, NamesTheReasonOfAnErrorReply) {
  for (const ErrorCase& each : {
           ErrorCase{"NOAUTH Authentication required.", "auth_failed"},
           ErrorCase{"NOPERM this user has no permissions to run the 'info' command", "no_perm"},
           ErrorCase{"NOPERM No permissions to access a key", "no_perm_for_key"},
           ErrorCase{"ERR unknown command 'INFO'", "no_command"},
           ErrorCase{"DENIED Redis is running in protected mode", "protected_mode"},
           ErrorCase{"LOADING Redis is loading the dataset in memory", "loading"},
           ErrorCase{"MASTERDOWN Link with MASTER is down", "master_down"},
           ErrorCase{"BUSY Redis is busy running a script.", "unresponsive"},
           ErrorCase{"ERR max number of clients reached", "too_many_clients"},
           ErrorCase{"ERR something else", "protocol_error"},
       }) {
    Handshake handshake({}, {});
    EXPECT_EQ(handshake.OnReply(Reply::Error(std::string(each.error))), Progress::kRefused);
    EXPECT_EQ(handshake.refusal().code, each.code) << each.error;
    EXPECT_THAT(handshake.refusal().message, HasSubstr("INFO server"));
    EXPECT_THAT(handshake.refusal().message, HasSubstr(std::string(each.error)));
  }
}

// The answer to the connection comes in the place of that to the first command.
TEST(Handshake, KnowsAServerWithoutRoomBeforeItHasAName) {
  for (const ErrorCase& each :
       {ErrorCase{"ERR max number of clients reached", "too_many_clients"},
        ErrorCase{"DENIED Redis is running in protected mode", "protected_mode"}}) {
    Handshake handshake({}, {}, {.name = "kache", .lost_question = {"HEXISTS", "k", "f"}});
    EXPECT_EQ(handshake.OnReply(Reply::Error(std::string(each.error))), Progress::kRefused);
    EXPECT_EQ(handshake.refusal().code, each.code);
  }
}

TEST(Handshake, TakesAnyErrorToAuthForFailedAuth) {
  Handshake handshake({"h", 1, "", "secret", 0}, {});
  EXPECT_EQ(Answer(handshake, {Reply::Error("ERR AUTH <password> called without any password "
                                            "configured for the default user."),
                               Info(kServer)}),
            Progress::kRefused);
  EXPECT_EQ(handshake.refusal().code, "auth_failed");
  EXPECT_THAT(handshake.refusal().message, HasSubstr("AUTH <password>"));
  EXPECT_THAT(handshake.refusal().message, ::testing::Not(HasSubstr("secret")));
}

TEST(Handshake, RefusesAServerThatMayNotLoadScripts) {
  Handshake handshake({}, {&kScript});
  EXPECT_EQ(Answer(handshake, {Info(kServer), Info(kMaster), Info(kNoCluster),
                               Reply::Error("NOPERM this user has no permissions")}),
            Progress::kRefused);
  EXPECT_EQ(handshake.refusal().code, "no_perm");
  EXPECT_THAT(handshake.refusal().message, HasSubstr("SCRIPT LOAD"));
}

}  // namespace
}  // namespace kache::redis
