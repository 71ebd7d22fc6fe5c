#include "client/ctl/locate_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kache::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr uint32_t kA = 0;
constexpr uint32_t kB = 0xbeef;
constexpr int64_t kNow = 1'700'000'000'000;

v1::GetStatusResponse TwoNodes() {
  v1::GetStatusResponse status;
  v1::Node* node = status.add_nodes();
  node->set_name("a");
  node->set_node_id(kA);
  node = status.add_nodes();
  node->set_name("b");
  node->set_node_id(kB);
  return status;
}

v1::LocateResponse OneLacksIt() {
  v1::LocateResponse place;
  place.set_token(uint64_t{1} << 62);
  place.set_home_replicas(2);
  place.set_served_by_node_id(kB);
  v1::Replica* replica = place.add_replicas();
  replica->set_node_id(kB);
  replica->set_state(v1::NODE_STATE_UP);
  replica->set_content(v1::Replica::CONTENT_VALUE);
  replica->mutable_version()->set_timestamp(7);
  replica->set_expires_at_unix_ms(kNow + 60'000);
  replica->set_value_bytes(5);
  replica = place.add_replicas();
  replica->set_node_id(kA);
  replica->set_state(v1::NODE_STATE_UP);
  replica->set_content(v1::Replica::CONTENT_NONE);
  return place;
}

TEST(LocateText, ShowsWhatIsBesideWhatShouldBe) {
  EXPECT_EQ(
      LocateText("k", OneLacksIt(), TwoNodes(), absl::FromUnixMillis(kNow), false),
      "key k stands at 25.00% of the ring (token 4000000000000000)\n\n"
      "#  NODE  ROLE  STATE  HOLDS    CHECK    VERSION                            EXPIRES  SIZE  "
      "SERVES\n"
      "1  b     home  UP     value    newest   0000000000000007-0000000000000000  in 1m     5 B  "
      "reads\n"
      "2  a     home  UP     nothing  missing  -                                  -           -\n"
      "\n"
      "1 of 2 home replicas as they should be; 1 to be brought up to date\n");
}

TEST(LocateText, NamesNoNodesForAServerOfAnEarlierRelease) {
  v1::GetStatusResponse status = TwoNodes();
  v1::LocateResponse place = OneLacksIt();
  for (v1::Node& node : *status.mutable_nodes()) node.clear_node_id();
  for (v1::Replica& replica : *place.mutable_replicas()) replica.clear_node_id();
  const std::string text =
      LocateText("k", place, status, absl::FromUnixMillis(kNow), /*colour=*/false);
  EXPECT_THAT(text, HasSubstr("1  node 00000000  home"));
  EXPECT_THAT(text, HasSubstr("2  node 00000000  home"));
}

TEST(LocateText, SaysWhenNobodyHoldsIt) {
  v1::LocateResponse place = OneLacksIt();
  *place.mutable_replicas(0) = place.replicas(1);
  EXPECT_THAT(LocateText("k", place, TwoNodes(), absl::FromUnixMillis(kNow), false),
              HasSubstr("no server holds this key"));
  place.mutable_replicas(0)->set_content(v1::Replica::CONTENT_UNKNOWN);
  place.mutable_replicas(0)->set_error("the node is down");
  const std::string text = LocateText("k", place, TwoNodes(), absl::FromUnixMillis(kNow), false);
  EXPECT_THAT(text, HasSubstr("no server that answers holds this key; 1 did not answer"));
  EXPECT_THAT(text, HasSubstr("the node is down"));
}

// A coordinator of another order says the same.
TEST(LocateText, TakesTheStatusOfAnyCoordinatorOfTheRing) {
  v1::GetStatusResponse other = TwoNodes();
  other.mutable_nodes()->SwapElements(0, 1);
  const absl::Time now = absl::FromUnixMillis(kNow);
  EXPECT_EQ(LocateText("k", OneLacksIt(), other, now, false),
            LocateText("k", OneLacksIt(), TwoNodes(), now, false));
  EXPECT_EQ(LocateJson("k", OneLacksIt(), other), LocateJson("k", OneLacksIt(), TwoNodes()));
}

TEST(LocateText, OutlivesANodeThatTheStatusLacks) {
  EXPECT_THAT(
      LocateText("k", OneLacksIt(), v1::GetStatusResponse(), absl::FromUnixMillis(kNow), false),
      HasSubstr("node 0000beef"));
}

TEST(LocateJson, HasTheSame) {
  const std::string json = LocateJson("k", OneLacksIt(), TwoNodes());
  EXPECT_THAT(json, HasSubstr(R"({"key":"k","token":"4000000000000000","homeReplicas":2,)"
                              R"("servedBy":"b","agreeing":1,"diverging":1,"unknown":0)"));
  EXPECT_THAT(json, HasSubstr(R"({"node":"a","home":true,"state":"UP","holds":"nothing",)"
                              R"("check":"missing"})"));
  EXPECT_THAT(json, Not(HasSubstr("error")));
}

}  // namespace
}  // namespace kache::ctl
