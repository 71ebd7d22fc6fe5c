#include "client/ctl/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/ctl/doctor_view.h"

namespace kache::ctl {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

auto Found(Level level, const std::string& message) {
  return Contains(
      AllOf(Field(&Finding::level, level), Field(&Finding::message, HasSubstr(message))));
}

// A deployment of two Kache servers over three Redis servers, all well.
class DoctorTest : public testing::Test {
 protected:
  DoctorTest() {
    seen_.own_version = "0.1.0";
    for (const char* address : {"s:1", "s:2"}) seen_.servers.push_back(MakeServer(address));
    seen_.servers[1].status.set_coordinator(2);
  }

  static ServerReport MakeServer(const std::string& address) {
    ServerReport server;
    server.address = address;
    server.health = "SERVING";
    server.status.set_coordinator(1);
    server.status.set_server_version("0.1.0");
    server.status.set_ring_fingerprint(7);
    server.status.set_vnodes_per_node(100);
    server.status.set_replication_factor(3);
    for (const char* name : {"a", "b", "c"}) {
      v1::Node* const node = server.status.add_nodes();
      node->set_name(name);
      node->set_address(std::string(name) + ":6379");
      node->set_state(v1::NODE_STATE_UP);
      node->set_reason("ok");
      node->set_run_id(std::string("run-") + name);
      node->set_redis_version("7.0.15");
    }
    return server;
  }
  v1::GetStatusResponse& Status(size_t server) { return seen_.servers[server].status; }
  v1::Node& Node(size_t server, int node) { return *Status(server).mutable_nodes(node); }
  std::vector<Finding> Findings() const { return Diagnose(seen_); }

  Observations seen_;
};

TEST_F(DoctorTest, FindsNothingWhereAllIsWell) {
  const std::vector<Finding> findings = Findings();
  EXPECT_FALSE(AnyFailure(findings));
  EXPECT_THAT(findings, Not(Contains(Field(&Finding::level, Level::kWarning))));
  EXPECT_THAT(findings, Found(Level::kOk, "2 Kache servers answer"));
  EXPECT_THAT(findings, Found(Level::kSkipped, "no keys were compared"));
  EXPECT_THAT(findings, Found(Level::kSkipped, "clocks were not looked at"));
}

TEST_F(DoctorTest, ServerOutOfReach) {
  seen_.servers[1].reached = absl::UnavailableError("s:2: failed to connect");
  EXPECT_THAT(Findings(), Found(Level::kFailure, "no answer from s:2"));
}

TEST_F(DoctorTest, NoServerAtAll) {
  for (ServerReport& server : seen_.servers) server.reached = absl::UnavailableError("gone");
  EXPECT_TRUE(AnyFailure(Findings()));
}

TEST_F(DoctorTest, ServerThatIsNotServing) {
  seen_.servers[0].health = "NOT_SERVING";
  EXPECT_THAT(Findings(), Found(Level::kFailure, "s:1 says NOT_SERVING"));
}

TEST_F(DoctorTest, OneProcessTwice) {
  Status(1).set_coordinator(1);
  EXPECT_THAT(Findings(), Found(Level::kWarning, "s:1 and s:2 are one process"));
}

TEST_F(DoctorTest, Versions) {
  Status(1).set_server_version("0.2.0");
  EXPECT_THAT(Findings(), Found(Level::kWarning, "different versions: 0.1.0, 0.2.0"));
  Status(0).set_server_version("0.2.0");
  EXPECT_THAT(Findings(), Found(Level::kWarning, "kachectl is 0.1.0"));
}

TEST_F(DoctorTest, DifferentRings) {
  Status(1).set_ring_fingerprint(8);
  Node(1, 2).set_name("d");
  EXPECT_THAT(Findings(), Found(Level::kFailure, "different rings: not on both: c, d"));
  Status(1).set_vnodes_per_node(50);
  EXPECT_THAT(Findings(), Found(Level::kFailure, "VNODES_PER_NODE differs"));
}

TEST_F(DoctorTest, MoreCopiesThanServers) {
  for (size_t i : {0, 1}) Status(i).set_replication_factor(4);
  EXPECT_THAT(Findings(), Found(Level::kWarning, "REPLICATION_FACTOR is 4"));
  for (size_t i : {0, 1}) Status(i).set_replication_factor(1);
  EXPECT_THAT(Findings(), Found(Level::kWarning, "a lost server loses its keys"));
}

TEST_F(DoctorTest, NodeDownForAllIsSaidOnce) {
  for (size_t i : {0, 1}) {
    Node(i, 1).set_state(v1::NODE_STATE_DOWN);
    Node(i, 1).set_reason("connection_refused");
  }
  const std::vector<Finding> findings = Findings();
  EXPECT_THAT(findings, Found(Level::kFailure, "b (b:6379) is DOWN: connection_refused"));
  EXPECT_EQ(std::count_if(findings.begin(), findings.end(),
                          [](const Finding& f) { return f.level == Level::kFailure; }),
            1);
}

TEST_F(DoctorTest, NodeThatIsRefilled) {
  for (size_t i : {0, 1}) {
    Node(i, 1).set_state(v1::NODE_STATE_SYNCING);
    Node(i, 1).set_reason("no_marker");
    Node(i, 1).mutable_resync()->set_keys_left(5);
  }
  EXPECT_THAT(Findings(), Found(Level::kWarning, "b (b:6379) is SYNCING: no_marker"));
  EXPECT_FALSE(AnyFailure(Findings())) << "time will mend it";
  Node(0, 1).mutable_resync()->set_waiting_for("node c");
  EXPECT_THAT(Findings(), Found(Level::kFailure, "b waits to be refilled, for node c"));
}

TEST_F(DoctorTest, ServersThatDisagreeAboutANode) {
  Node(1, 1).set_state(v1::NODE_STATE_DOWN);
  Node(1, 1).set_reason("connect_timeout");
  EXPECT_THAT(Findings(), Found(Level::kWarning, "b is UP for s:1 and DOWN for s:2"));
}

TEST_F(DoctorTest, OneNameForTwoRedisServers) {
  Node(1, 1).set_run_id("another");
  EXPECT_THAT(Findings(), Found(Level::kFailure, "b is another Redis server for s:1 than for s:2"));
}

TEST_F(DoctorTest, OneRedisServerUnderTwoNames) {
  for (size_t i : {0, 1}) Node(i, 2).set_run_id("run-a");
  EXPECT_THAT(Findings(), Found(Level::kFailure, "under several names: a, c"));
}

TEST_F(DoctorTest, RedisVersionsThatDiffer) {
  for (size_t i : {0, 1}) Node(i, 2).set_redis_version("6.2.1");
  EXPECT_THAT(Findings(), Found(Level::kWarning, "different versions: 6.2.1, 7.0.15"));
}

TEST_F(DoctorTest, KeysAreCompared) {
  KeyReport sound{"k", absl::OkStatus(), {}};
  sound.place.set_home_replicas(2);
  for (uint64_t version : {5, 5}) {
    v1::Replica* const replica = sound.place.add_replicas();
    replica->set_content(v1::Replica::CONTENT_VALUE);
    replica->mutable_version()->set_timestamp(version);
  }
  seen_.keys = {sound};
  EXPECT_THAT(Findings(), Found(Level::kOk, "all copies agree for 1 of 1 key"));
  seen_.keys[0].place.mutable_replicas(1)->mutable_version()->set_timestamp(4);
  EXPECT_THAT(Findings(), Found(Level::kWarning, "k: 1 of 2 home replicas differ"));
  seen_.keys[0].place.mutable_replicas(1)->set_content(v1::Replica::CONTENT_UNKNOWN);
  EXPECT_THAT(Findings(), Found(Level::kWarning, "k: 1 of 2 home replicas did not answer"));
  seen_.keys[0].reached = absl::UnavailableError("gone");
  EXPECT_THAT(Findings(), Found(Level::kFailure, "k: gone"));
}

constexpr char kHealthyInfo[] =
    "# Server\r\nredis_version:7.0.15\r\nrun_id:x\r\nrole:master\r\ncluster_enabled:0\r\n"
    "used_memory:1048576\r\nmaxmemory:104857600\r\nmaxmemory_policy:allkeys-lru\r\n"
    "rdb_last_bgsave_status:ok\r\n";

std::vector<Finding> RedisFindings(std::string info, absl::Duration clock_offset = {}) {
  std::vector<Finding> findings;
  DiagnoseRedis({{"r:1", absl::OkStatus(), std::move(info), clock_offset, {}}},
                kDefaultPingInterval, &findings);
  return findings;
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(DoctorRedis, HealthyServer) {
  const std::vector<Finding> findings = RedisFindings(kHealthyInfo);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings, Found(Level::kOk, "r:1: version 7.0.15, 1.0 MiB used"));
}

TEST(DoctorRedis, Memory) {
  EXPECT_THAT(RedisFindings(Replaced(kHealthyInfo, "maxmemory:104857600", "maxmemory:0")),
              Found(Level::kWarning, "no memory limit"));
  EXPECT_THAT(RedisFindings(Replaced(kHealthyInfo, "allkeys-lru", "noeviction")),
              Found(Level::kWarning, "refuses writes when it is full"));
  EXPECT_THAT(RedisFindings(Replaced(kHealthyInfo, "memory:1048576", "memory:104000000")),
              Found(Level::kWarning, "uses 99.2 MiB of 100.0 MiB"));
}

TEST(DoctorRedis, PoliciesThatHurt) {
  const std::vector<Finding> random =
      RedisFindings(Replaced(kHealthyInfo, "allkeys-lru", "allkeys-random"));
  EXPECT_THAT(random, Found(Level::kWarning, "evicts any key, Kache's bookkeeping too"));
  for (const char* policy : {"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"}) {
    EXPECT_THAT(RedisFindings(Replaced(kHealthyInfo, "allkeys-lru", policy)),
                Found(Level::kWarning, policy));
  }
  const std::vector<Finding> unlimited = RedisFindings(Replaced(
      Replaced(kHealthyInfo, "allkeys-lru", "volatile-lru"), "maxmemory:104857600", "maxmemory:0"));
  EXPECT_EQ(unlimited.size(), 1u);  // without a limit nothing is evicted
}

// 100 MiB: at 20 MiB a second they last 5 s.
TEST(DoctorRedis, MemoryThatTurnsOverWithinAFewPings) {
  const std::string info = std::string(kHealthyInfo) + "evicted_keys:7\r\n";
  const auto turning_over = [&](const std::string& kib_per_second) {
    return RedisFindings(info + "instantaneous_input_kbps:" + kib_per_second + "\r\n");
  };
  EXPECT_THAT(
      turning_over("20480.00"),
      Found(Level::kWarning, "evicts all that it holds within 5s, and is looked at every 3s"));
  EXPECT_THAT(turning_over("10000.00"), Found(Level::kOk, "r:1"));
  EXPECT_THAT(turning_over("0.00"), Found(Level::kOk, "r:1"));
  EXPECT_THAT(RedisFindings(Replaced(info, "evicted_keys:7", "evicted_keys:0") +
                            "instantaneous_input_kbps:20480.00\r\n"),
              Found(Level::kOk, "r:1"));
}

TEST(DoctorRedis, ReplicasThatItsWritesWaitFor) {
  EXPECT_THAT(RedisFindings(std::string(kHealthyInfo) + "min_slaves_good_slaves:0\r\n"),
              Found(Level::kWarning, "min-replicas-to-write; it has 0"));
}

TEST(DoctorRedis, RolePersistenceAndClock) {
  EXPECT_THAT(RedisFindings(Replaced(kHealthyInfo, "role:master", "role:slave")),
              Found(Level::kFailure, "no master"));
  EXPECT_THAT(RedisFindings(Replaced(kHealthyInfo, "enabled:0", "enabled:1")),
              Found(Level::kFailure, "cluster mode"));
  EXPECT_THAT(RedisFindings(Replaced(kHealthyInfo, "status:ok", "status:err")),
              Found(Level::kFailure, "cannot save"));
  EXPECT_THAT(RedisFindings(kHealthyInfo, -absl::Seconds(5)),
              Found(Level::kWarning, "its clock is 5s behind ours"));
}

TEST(DoctorRedis, OneServerTwiceAndOneOutOfReach) {
  std::vector<Finding> findings;
  DiagnoseRedis({{"r:1", absl::OkStatus(), kHealthyInfo, {}, {}},
                 {"r:2", absl::OkStatus(), kHealthyInfo, {}, {}},
                 {"r:3", absl::UnavailableError("Connection refused"), "", {}, {}}},
                kDefaultPingInterval, &findings);
  EXPECT_THAT(findings, Found(Level::kFailure, "r:1 and r:2 are one Redis server"));
  EXPECT_THAT(findings, Found(Level::kFailure, "r:3: Connection refused"));
}

TEST(DoctorRedis, NeverAsksForAPasswordOnTheCommandLine) {
  std::vector<Finding> findings;
  DiagnoseRedis({}, kDefaultPingInterval, &findings);
  for (const absl::Status& status :
       {absl::UnauthenticatedError("INFO was refused (NOAUTH)"),
        absl::PermissionDeniedError("INFO was refused (NOPERM)"),
        absl::InvalidArgumentError("no such file"), absl::UnavailableError("gone")}) {
    DiagnoseRedis({{"r:1", status, "", {}, {}}}, kDefaultPingInterval, &findings);
  }
  ASSERT_EQ(findings.size(), 5u);
  EXPECT_THAT(findings[0].advice, HasSubstr("REDIS_URLS"));
  EXPECT_THAT(findings[1].advice, HasSubstr("password in REDIS_URLS"));
  EXPECT_THAT(findings[2].advice, HasSubstr("+info"));
  for (const Finding& finding : findings) EXPECT_THAT(finding.advice, Not(HasSubstr("--redis")));
}

TEST(DoctorView, CountsAndAdvises) {
  const std::vector<Finding> findings = {{Level::kOk, "ring", "one ring", ""},
                                         {Level::kFailure, "nodes", "b is DOWN", "Start it."}};
  EXPECT_EQ(DoctorText(findings, false),
            "ok       ring     one ring\n"
            "failure  nodes    b is DOWN\n"
            "                  -> Start it.\n"
            "\n"
            "1 failure, 0 warnings\n");
  EXPECT_EQ(DoctorJson(findings),
            R"({"findings":[{"level":"ok","check":"ring","message":"one ring"},)"
            R"({"level":"failure","check":"nodes","message":"b is DOWN","advice":"Start it."}],)"
            R"("failures":1,"warnings":0})");
}

}  // namespace
}  // namespace kache::ctl
