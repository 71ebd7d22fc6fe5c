#include "client/ctl/declare_lost.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/ctl/coordinator_cut.h"

namespace kache::ctl {
namespace {

using testing::AllOf;
using testing::HasSubstr;

CutNode Node(const std::string& name) {
  CutNode node;
  node.name = name;
  node.traces.heartbeat_age = absl::Seconds(2);
  node.traces.connections = 3;
  node.traces.others = {"00000000000000bb"};
  return node;
}

CutPlan Plan(size_t homes, size_t nodes, size_t away) {
  CutPlan plan;
  plan.coordinator = 0xAA;
  plan.homes = homes;
  for (size_t i = 0; i < nodes; ++i) {
    plan.nodes.push_back(Node("cache-" + std::to_string(i)));
    if (i < away) {
      plan.nodes.back().reached = absl::UnavailableError("Connection refused");
      plan.nodes.back().traces = {};
    }
  }
  return plan;
}

TEST(MayBeDeclaredLost, NotWhileAMajorityOfHomesMayBeOutOfReach) {
  struct Case {
    size_t homes, nodes, away;
    bool may;
  };
  for (const Case& c :
       {Case{3, 5, 0, true}, Case{3, 5, 1, true}, Case{3, 5, 2, false}, Case{2, 4, 1, true},
        Case{2, 4, 2, false}, Case{1, 4, 0, true}, Case{1, 4, 1, false}, Case{3, 2, 1, true},
        Case{3, 2, 2, false}, Case{5, 9, 2, true}, Case{5, 9, 3, false}}) {
    const absl::Status status = MayBeDeclaredLost(Plan(c.homes, c.nodes, c.away));
    EXPECT_EQ(status.ok(), c.may) << c.homes << " homes on " << c.nodes << ", away " << c.away;
    if (c.may) continue;
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()), HasSubstr("cache-0"));
  }
}

TEST(MayBeDeclaredLost, OnlyACoordinatorThatSomeNodeKnows) {
  CutPlan plan = Plan(3, 3, 0);
  for (CutNode& node : plan.nodes) node.traces = {.others = {"00000000000000bb"}};
  const absl::Status status = MayBeDeclaredLost(plan);
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("00000000000000aa"), HasSubstr("00000000000000bb")));
  plan.nodes[1].traces.connections = 1;
  EXPECT_TRUE(MayBeDeclaredLost(plan).ok());
  plan.nodes[1].traces = {.is_lost = true};  // again, as a node was out of reach the first time
  EXPECT_TRUE(MayBeDeclaredLost(plan).ok());
}

TEST(CutText, SaysWhatWouldBeDone) {
  EXPECT_THAT(CutText(Plan(3, 3, 1), /*done=*/false, /*colour=*/false),
              AllOf(HasSubstr("out of reach: Connection refused"), HasSubstr("2s ago"),
                    HasSubstr("to be cut off"), HasSubstr("its 6 connections are ended")));
}

TEST(CutText, SaysWhatWasDone) {
  CutPlan plan = Plan(3, 3, 1);
  plan.nodes[1].is_cut_off = true;
  const std::string text = CutText(plan, /*done=*/true, /*colour=*/false);
  EXPECT_THAT(text, AllOf(HasSubstr("declared lost: coordinator 00000000000000aa"),
                          HasSubstr("cut off\n"), HasSubstr("not cut off\n")));
}

TEST(CutJson, HasWhatWasFoundAndDone) {
  CutPlan plan = Plan(3, 2, 1);
  plan.nodes[1].is_cut_off = true;
  EXPECT_EQ(CutJson(plan, /*done=*/true),
            R"({"coordinator":"00000000000000aa","declaredLost":true,"nodes":[)"
            R"({"name":"cache-0","reached":false,"error":"Connection refused","connections":0,)"
            R"("cutOff":false},)"
            R"({"name":"cache-1","reached":true,"heartbeatAgeMs":2000,"connections":3,)"
            R"("cutOff":true}]})");
}

TEST(ClientField, IsReadFromALineOfClientList) {
  const std::string line = "id=7 addr=127.0.0.1:5000 name=kache:aa flags=N lib-name= name2=x";
  EXPECT_EQ(ClientField(line, "id"), "7");
  EXPECT_EQ(ClientField(line, "name"), "kache:aa");
  EXPECT_EQ(ClientField(line, "lib-name"), "");
  EXPECT_EQ(ClientField(line, "age"), "");
}

}  // namespace
}  // namespace kache::ctl
