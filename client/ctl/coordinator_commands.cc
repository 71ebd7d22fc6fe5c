#include <algorithm>
#include <iostream>
#include <memory>
#include <utility>

#include "base/strings.h"
#include "client/ctl/commands.h"
#include "client/ctl/coordinator_cut.h"
#include "client/ctl/declare_lost.h"
#include "client/ctl/redis_login.h"
#include "server/bookkeeping/coordinator_id.h"

namespace kache::ctl {
namespace {

constexpr char kConfirmation[] = "yes";

// The plan's nodes with a connection to each that is reached.
struct Cutting {
  CutPlan plan;
  std::vector<std::unique_ptr<CoordinatorCut>> cuts;  // by the plan's nodes; null = out of reach
};

void LookAt(const RedisAddress& redis, const Arguments& arguments, CutNode& node,
            std::unique_ptr<CoordinatorCut>& cut) {
  auto opened = CoordinatorCut::Open(redis, arguments.redis_tls, arguments.timeout,
                                     KeySpace(arguments.key_prefix),
                                     *ParseCoordinator(arguments.coordinator));
  if (!opened.ok()) {
    node.reached = opened.status();
    return;
  }
  auto traces = (*opened)->Look();
  node.reached = traces.status();
  if (!traces.ok()) return;
  node.traces = *std::move(traces);
  cut = *std::move(opened);
}

// Every node of the ring, as a Kache server knows it: one that REDIS_URLS does not name here is out
// of reach.
Cutting LookAtAll(const Arguments& arguments, const v1::GetStatusResponse& status) {
  Cutting cutting;
  cutting.plan.coordinator = *ParseCoordinator(arguments.coordinator);
  cutting.plan.homes = status.replication_factor();
  for (const v1::Node& known : status.nodes()) {
    CutNode node;
    node.name = known.name();
    std::unique_ptr<CoordinatorCut> cut;
    const auto redis =
        std::find_if(arguments.redis.begin(), arguments.redis.end(),
                     [&](const RedisAddress& each) { return each.name == known.name(); });
    if (redis == arguments.redis.end()) {
      node.reached = absl::NotFoundError("REDIS_URLS does not name it");
    } else {
      LookAt(*redis, arguments, node, cut);
    }
    cutting.plan.nodes.push_back(std::move(node));
    cutting.cuts.push_back(std::move(cut));
  }
  return cutting;
}

// No node is said to be cut off before the connections to all have ended: else another coordinator
// might read one while the lost one still writes to another.
absl::Status Cut(Cutting& cutting) {
  std::vector<CutNode>& nodes = cutting.plan.nodes;
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].reached.ok()) nodes[i].reached = cutting.cuts[i]->Close();
  }
  if (absl::Status status = MayBeDeclaredLost(cutting.plan); !status.ok()) return status;
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].reached.ok()) nodes[i].reached = cutting.cuts[i]->EndConnections().status();
  }
  if (absl::Status status = MayBeDeclaredLost(cutting.plan); !status.ok()) return status;
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (!nodes[i].reached.ok()) continue;
    nodes[i].reached = cutting.cuts[i]->MarkCutOff();
    nodes[i].is_cut_off = nodes[i].reached.ok();
  }
  return absl::OkStatus();
}

bool IsConfirmed(const Console& console) {
  console.Print(Concat("Type ", kConfirmation, " to do that: "));
  std::fflush(console.out);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == kConfirmation;
}

void Show(const Arguments& arguments, const CutPlan& plan, bool done, const Console& console) {
  console.Print(arguments.json ? CutJson(plan, done) + "\n" : CutText(plan, done, console.colour));
}

}  // namespace

int DeclareCoordinatorLost(const Arguments& arguments, Servers& servers, const Console& console) {
  v1::GetStatusResponse status;
  const absl::Status asked =
      servers.Ask(&v1::Kache::StubInterface::GetStatus, v1::GetStatusRequest(), &status);
  if (!asked.ok()) return console.Fail(asked);
  const BrokenPipesIgnored ignored;
  Cutting cutting = LookAtAll(arguments, status);
  if (absl::Status may = MayBeDeclaredLost(cutting.plan); !may.ok()) return console.Fail(may);
  if (!arguments.yes) {
    Show(arguments, cutting.plan, /*done=*/false, console);
    if (arguments.json) return kExitOk;
    if (!IsConfirmed(console)) {
      return console.Fail(absl::CancelledError("nothing was done; --yes does it without asking"));
    }
  }
  if (absl::Status cut = Cut(cutting); !cut.ok()) return console.Fail(cut);
  Show(arguments, cutting.plan, /*done=*/true, console);
  return kExitOk;
}

}  // namespace kache::ctl
