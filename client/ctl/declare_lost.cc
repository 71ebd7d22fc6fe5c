#include "client/ctl/declare_lost.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_join.h"
#include "base/json_writer.h"
#include "base/strings.h"
#include "client/ctl/table.h"
#include "client/ctl/terminal.h"
#include "client/units.h"
#include "server/bookkeeping/coordinator_id.h"

namespace kache::ctl {
namespace {

std::vector<std::string> OutOfReach(const CutPlan& plan) {
  std::vector<std::string> names;
  for (const CutNode& node : plan.nodes) {
    if (!node.reached.ok()) names.push_back(node.name);
  }
  return names;
}

bool IsKnown(const CutPlan& plan) {
  return std::any_of(plan.nodes.begin(), plan.nodes.end(), [](const CutNode& node) {
    return node.reached.ok() &&
           (node.traces.heartbeat_age || node.traces.connections > 0 || node.traces.is_lost);
  });
}

std::string Others(const CutPlan& plan) {
  std::set<std::string> others;
  for (const CutNode& node : plan.nodes) {
    others.insert(node.traces.others.begin(), node.traces.others.end());
  }
  return others.empty() ? "none" : absl::StrJoin(others, ", ");
}

size_t Connections(const CutPlan& plan) {
  size_t connections = 0;
  for (const CutNode& node : plan.nodes) connections += node.traces.connections;
  return connections;
}

std::string HeartbeatText(const CutNode& node) {
  if (!node.traces.heartbeat_age) return "-";
  return Concat(DurationText(*node.traces.heartbeat_age), " ago");
}

std::string StateText(const CutNode& node, bool done) {
  if (!node.reached.ok()) return Concat("out of reach: ", ToStd(node.reached.message()));
  if (node.is_cut_off) return "cut off";
  if (node.traces.is_lost) return "cut off before";
  return done ? "not cut off" : "to be cut off";
}

}  // namespace

absl::Status MayBeDeclaredLost(const CutPlan& plan) {
  const std::vector<std::string> away = OutOfReach(plan);
  const size_t majority = std::min(plan.homes, plan.nodes.size()) / 2 + 1;
  if (away.size() >= majority) {
    return absl::FailedPreconditionError(ToAbsl(Concat(
        "not declared lost: ", absl::StrJoin(away, ", "), away.size() == 1 ? " is" : " are",
        " out of reach, which may be a majority of some key's home replicas: the coordinator could "
        "still have writes acknowledged there. Bring them back first, or stop the process "
        "itself")));
  }
  if (!IsKnown(plan)) {
    return absl::NotFoundError(
        ToAbsl(Concat("no node knows a coordinator ", CoordinatorText(plan.coordinator),
                      "; those that they know: ", Others(plan))));
  }
  return absl::OkStatus();
}

std::string CutText(const CutPlan& plan, bool done, bool colour) {
  Table table({{"NODE"}, {"HEARTBEAT"}, {"CONNECTIONS", Align::kRight}, {"STATE"}});
  for (const CutNode& node : plan.nodes) {
    const bool is_bad = !node.reached.ok() || (done && !node.is_cut_off);
    table.AddRow({{Printable(node.name)},
                  {HeartbeatText(node)},
                  {node.reached.ok() ? std::to_string(node.traces.connections) : "-"},
                  {Printable(StateText(node, done)), is_bad ? Tone::kBad : Tone::kPlain}});
  }
  std::string text = table.Render(colour);
  const std::string id = CoordinatorText(plan.coordinator);
  if (done) {
    return Concat(text, "\ndeclared lost: coordinator ", id,
                  "; the others no longer wait for it, and its process ends itself\n");
  }
  return Concat(text, "\ncoordinator ", id, " would be declared lost: its ", Connections(plan),
                " connections are ended, no other is let in, the other coordinators no longer wait "
                "for it, and its process ends itself\n");
}

std::string CutJson(const CutPlan& plan, bool done) {
  JsonWriter json;
  json.BeginObject()
      .Member("coordinator", CoordinatorText(plan.coordinator))
      .Member("declaredLost", done)
      .Key("nodes")
      .BeginArray();
  for (const CutNode& node : plan.nodes) {
    json.BeginObject().Member("name", node.name).Member("reached", node.reached.ok());
    if (!node.reached.ok()) json.Member("error", ToStd(node.reached.message()));
    if (node.traces.heartbeat_age) {
      json.Member("heartbeatAgeMs", absl::ToInt64Milliseconds(*node.traces.heartbeat_age));
    }
    json.Member("connections", node.traces.connections)
        .Member("cutOff", node.is_cut_off || node.traces.is_lost)
        .EndObject();
  }
  return json.EndArray().EndObject().text();
}

}  // namespace kache::ctl
