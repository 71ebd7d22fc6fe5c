#include "client/ctl/status_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kache::ctl {
namespace {

using testing::HasSubstr;

constexpr int64_t kNow = 1'700'000'000'000;

void AddNode(v1::GetStatusResponse* status, const std::string& name, v1::NodeState state,
             const std::string& reason, double share) {
  v1::Node* const node = status->add_nodes();
  node->set_name(name);
  node->set_address(name + ":6379");
  node->set_state(state);
  node->set_reason(reason);
  node->set_share(share);
  node->set_since_unix_ms(kNow - 60'000);
  node->set_last_ping_unix_ms(kNow - 5'000);
  node->set_ping_rtt_us(400);
}

v1::GetStatusResponse OneDown() {
  v1::GetStatusResponse status;
  AddNode(&status, "a", v1::NODE_STATE_UP, "ok", 0.4);
  status.mutable_nodes(0)->set_redis_version("7.0.15");
  status.mutable_nodes(0)->set_keys(1234);
  AddNode(&status, "b", v1::NODE_STATE_DOWN, "connection_refused", 0.6);
  status.set_replication_factor(2);
  status.set_vnodes_per_node(100);
  status.set_ring_fingerprint(0xabc);
  status.set_server_version("0.1.0");
  status.set_started_at_unix_ms(kNow - 7'200'000);
  return status;
}

TEST(StatusText, HasALineForEachNode) {
  EXPECT_EQ(StatusText(OneDown(), "s:1", absl::FromUnixMillis(kNow), false),
            "NODE  STATE  REASON              SINCE     PING  SHARE  KEYS  ADDRESS  REDIS\n"
            "a     UP     ok                  1m ago  0.4 ms  40.0%  1234  a:6379   7.0.15\n"
            "b     DOWN   connection_refused  1m ago       -  60.0%     -  b:6379   -\n"
            "\n"
            "1 of 2 nodes UP; replication factor 2, 100 virtual nodes a server, ring "
            "0000000000000abc\n"
            "answered by s:1 (kache-server 0.1.0, started 2h ago)\n");
}

TEST(StatusText, SparesTheTerminalWhatServersSend) {
  v1::GetStatusResponse status = OneDown();
  status.mutable_nodes(1)->set_reason("\x1b]0;title\x07");
  EXPECT_THAT(StatusText(status, "s:1", absl::FromUnixMillis(kNow), false),
              HasSubstr("\\x1b]0;title\\x07"));
}

TEST(StatusText, TellsHowFarRefillingIs) {
  v1::GetStatusResponse status = OneDown();
  v1::Resync* const resync = status.mutable_nodes(1)->mutable_resync();
  resync->set_keys_done(40);
  resync->set_keys_left(60);
  EXPECT_EQ(ResyncText(status.nodes(1)), "is refilled: 40 of about 100 keys");
  resync->set_keys_per_second(20);
  EXPECT_THAT(StatusText(status, "s:1", absl::FromUnixMillis(kNow), false),
              HasSubstr("b is refilled: 40 of about 100 keys, 20 keys/s\n"));
  EXPECT_THAT(StatusJson(status, "s:1"), HasSubstr(R"("resync":{"keysDone":40,"keysLeft":60,)"));
  resync->set_waiting_for("node cache-b");
  EXPECT_EQ(ResyncText(status.nodes(1)), "waits to be refilled, for node cache-b");
}

TEST(StatusText, TellsHowFarANodeMayBeTrusted) {
  v1::GetStatusResponse status = OneDown();
  status.mutable_nodes(0)->set_doubt(v1::NODE_DOUBT_NONE);
  EXPECT_THAT(StatusText(status, "s:1", absl::FromUnixMillis(kNow), false), HasSubstr(" ok  "));
  status.mutable_nodes(1)->set_state(v1::NODE_STATE_SYNCING);
  status.mutable_nodes(1)->set_reason("resync");
  status.mutable_nodes(1)->set_doubt(v1::NODE_DOUBT_BEHIND);
  EXPECT_THAT(StatusText(status, "s:1", absl::FromUnixMillis(kNow), false),
              HasSubstr("resync (behind)"));
  EXPECT_THAT(StatusJson(status, "s:1"), HasSubstr(R"("reason":"resync","doubt":"BEHIND")"));
  status.mutable_nodes(1)->set_doubt(v1::NODE_DOUBT_AMNESIC);
  EXPECT_THAT(StatusText(status, "s:1", absl::FromUnixMillis(kNow), false),
              HasSubstr("resync (amnesic)"));
}

TEST(StatusText, WarnsWhileAChangeOfTheRingIsAccepted) {
  v1::GetStatusResponse status = OneDown();
  status.set_accept_ring("00000000000000aa:00000000000000bb");
  EXPECT_THAT(
      StatusText(status, "s:1", absl::FromUnixMillis(kNow), false),
      HasSubstr("\nACCEPT_RING=00000000000000aa:00000000000000bb is set there: remove it once "
                "all nodes are UP\n"));
  EXPECT_THAT(StatusJson(status, "s:1"),
              HasSubstr(R"("acceptRing":"00000000000000aa:00000000000000bb")"));
}

TEST(StatusJson, NamesThingsAsRestDoes) {
  const std::string json = StatusJson(OneDown(), "s:1");
  EXPECT_THAT(json, HasSubstr(R"({"server":"s:1","nodes":[{"name":"a")"));
  EXPECT_THAT(json, HasSubstr(R"("state":"DOWN","reason":"connection_refused")"));
  EXPECT_THAT(json, HasSubstr(R"("ringFingerprint":"0000000000000abc")"));
}

TEST(RingText, DrawsTheLargestShareAtFullWidth) {
  EXPECT_EQ(RingText(OneDown(), 6, false),
            "NODE  SHARE          STATE\n"
            "a     40.0%  ####    UP\n"
            "b     60.0%  ######  DOWN\n"
            "\n"
            "replication factor 2, 100 virtual nodes a server, ring 0000000000000abc; an even "
            "share is 50.0%\n");
}

TEST(RingText, OfNoNodesIsNoDivisionByZero) {
  EXPECT_THAT(RingText(v1::GetStatusResponse(), 6, false), HasSubstr("NODE"));
}

}  // namespace
}  // namespace kache::ctl
