#include "client/ctl/doctor.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_join.h"
#include "base/strings.h"
#include "client/ctl/advice.h"
#include "client/ctl/replica_check.h"
#include "client/ctl/status_view.h"
#include "client/ctl/terminal.h"
#include "client/node_state_name.h"

namespace kache::ctl {
namespace {

using Findings = std::vector<Finding>;
using Reached = std::vector<const ServerReport*>;

void Add(Findings* findings, Level level, std::string check, std::string message,
         std::string_view advice = "") {
  findings->push_back({level, std::move(check), std::move(message), std::string(advice)});
}

Reached CheckServers(const Observations& seen, Findings* findings) {
  Reached reached;
  std::map<uint64_t, std::string> processes;
  for (const ServerReport& server : seen.servers) {
    if (!server.reached.ok()) {
      Add(findings, Level::kFailure, "servers",
          Concat("no answer from ", ToStd(server.reached.message())), AdviceFor(server.reached));
      continue;
    }
    reached.push_back(&server);
    if (server.health != "SERVING") {
      Add(findings, Level::kFailure, "servers",
          Concat(server.address, " says ", server.health.empty() ? "nothing" : server.health,
                 " of its health"),
          "It is draining, or none of its Redis servers is healthy: see the nodes below.");
    }
    const auto [other, is_new] = processes.emplace(server.status.coordinator(), server.address);
    if (!is_new) {
      Add(findings, Level::kWarning, "servers",
          Concat(other->second, " and ", server.address, " are one process"),
          "Name each server once in KACHE_SERVERS.");
    }
  }
  if (reached.size() == seen.servers.size()) {
    Add(findings, Level::kOk, "servers",
        Concat(reached.size(), " Kache server", Plural(static_cast<int>(reached.size())),
               reached.size() == 1 ? " answers" : " answer"));
  }
  return reached;
}

void CheckVersions(const Observations& seen, const Reached& servers, Findings* findings) {
  std::set<std::string> versions;
  for (const ServerReport* server : servers) versions.insert(server->status.server_version());
  if (versions.size() > 1) {
    Add(findings, Level::kWarning, "servers",
        Concat("they run different versions: ", absl::StrJoin(versions, ", ")),
        "Adjacent releases run together; finish the upgrade.");
  } else if (!versions.empty() && *versions.begin() != seen.own_version) {
    Add(findings, Level::kWarning, "servers",
        Concat("they run version ", *versions.begin(), ", kachectl is ", seen.own_version),
        "Use the kachectl of the servers' release.");
  } else if (!versions.empty()) {
    Add(findings, Level::kOk, "servers", Concat("version ", *versions.begin(), " everywhere"));
  }
}

std::set<std::string> NodeNames(const v1::GetStatusResponse& status) {
  std::set<std::string> names;
  for (const v1::Node& node : status.nodes()) names.insert(node.name());
  return names;
}

std::string RingDifference(const v1::GetStatusResponse& a, const v1::GetStatusResponse& b) {
  if (a.vnodes_per_node() != b.vnodes_per_node()) return "VNODES_PER_NODE differs";
  if (a.replication_factor() != b.replication_factor()) return "REPLICATION_FACTOR differs";
  std::vector<std::string> only;
  const std::set<std::string> left = NodeNames(a);
  const std::set<std::string> right = NodeNames(b);
  std::set_symmetric_difference(left.begin(), left.end(), right.begin(), right.end(),
                                std::back_inserter(only));
  if (only.empty()) return "they place keys differently";
  return Concat("not on both: ", absl::StrJoin(only, ", "));
}

void CheckRings(const Reached& servers, Findings* findings) {
  if (servers.empty()) return;
  const ServerReport& first = *servers.front();
  bool equal = true;
  for (const ServerReport* server : servers) {
    if (server->status.ring_fingerprint() == first.status.ring_fingerprint()) continue;
    equal = false;
    Add(findings, Level::kFailure, "ring",
        Concat(first.address, " and ", server->address,
               " have different rings: ", RingDifference(first.status, server->status)),
        "They place keys differently and miss each other's writes. Start all servers with equal "
        "names in REDIS_URLS, VNODES_PER_NODE and REPLICATION_FACTOR.");
  }
  if (equal) {
    Add(findings, Level::kOk, "ring",
        Concat("ring ", FingerprintText(first.status.ring_fingerprint()),
               servers.size() > 1 ? " on every server" : ""));
  }
}

void CheckReplication(const v1::GetStatusResponse& status, Findings* findings) {
  const auto nodes = static_cast<uint32_t>(status.nodes_size());
  if (status.replication_factor() > nodes) {
    Add(findings, Level::kWarning, "ring",
        Concat("REPLICATION_FACTOR is ", status.replication_factor(), ", but there ",
               nodes == 1 ? "is " : "are ", nodes, " Redis server", Plural(nodes)),
        "Each key has one copy on each server, no more. Add servers, or lower it.");
  } else if (status.replication_factor() == 1) {
    Add(findings, Level::kWarning, "ring", "REPLICATION_FACTOR is 1: a lost server loses its keys",
        "Set it to 2 or 3 to survive the loss of a server.");
  }
}

// A node that cannot be refilled before another is back.
void CheckWaiting(const v1::Node& node, Findings* findings) {
  const bool for_coordinator = node.resync().waiting_for().starts_with("coordinator ");
  Add(findings, for_coordinator ? Level::kWarning : Level::kFailure, "nodes",
      Concat(Printable(node.name()), " ", ResyncText(node)),
      for_coordinator
          ? "Usually for a moment. Where that process can neither reach the node nor be "
            "stopped: kachectl coordinator declare-lost ID."
          : "Bring that back. Where it is lost for good: kachectl node forsake NAME.");
}

// The state of each node as one server sees it, without repeating what another has said already.
void CheckNodes(const Reached& servers, Findings* findings) {
  std::set<std::string> said;
  size_t seen = 0;
  for (const ServerReport* server : servers) {
    for (const v1::Node& node : server->status.nodes()) {
      ++seen;
      if (node.state() == v1::NODE_STATE_UP && node.reason() == "ok") continue;
      const std::string what =
          Concat(Printable(node.name()), " (", Printable(node.address()), ") is ",
                 StateName(node.state()), ": ", Printable(node.reason()));
      if (!said.insert(what).second) continue;
      const bool down = node.state() == v1::NODE_STATE_DOWN;
      Add(findings, down ? Level::kFailure : Level::kWarning, "nodes", what,
          AdviceForReason(node.reason()));
      if (!node.resync().waiting_for().empty()) CheckWaiting(node, findings);
    }
  }
  if (said.empty() && seen > 0) Add(findings, Level::kOk, "nodes", "every node is UP");
}

// Do all servers see the same?
void CheckViews(const Reached& servers, Findings* findings) {
  struct View {
    const ServerReport* server;
    const v1::Node* node;
  };
  std::map<std::string, View> views;
  for (const ServerReport* server : servers) {
    for (const v1::Node& node : server->status.nodes()) {
      const View& first = views.emplace(node.name(), View{server, &node}).first->second;
      if (first.node->state() != node.state()) {
        Add(findings, Level::kWarning, "nodes",
            Concat(Printable(node.name()), " is ", StateName(first.node->state()), " for ",
                   first.server->address, " and ", StateName(node.state()), " for ",
                   server->address),
            "If it lasts, look at the network between these servers and that node.");
      }
      if (!first.node->run_id().empty() && !node.run_id().empty() &&
          first.node->run_id() != node.run_id()) {
        Add(findings, Level::kFailure, "nodes",
            Concat(Printable(node.name()), " is another Redis server for ", first.server->address,
                   " than for ", server->address),
            "One name must stand for one server: correct REDIS_URLS (or wait, if it has just "
            "been restarted).");
      }
    }
  }
}

void CheckTwoNames(const Reached& servers, Findings* findings) {
  std::map<std::string, std::set<std::string>> names_of;
  for (const ServerReport* server : servers) {
    for (const v1::Node& node : server->status.nodes()) {
      if (!node.run_id().empty()) names_of[node.run_id()].insert(Printable(node.name()));
    }
  }
  bool any = false;
  for (const auto& [run_id, names] : names_of) {
    if (names.size() < 2) continue;
    any = true;
    Add(findings, Level::kFailure, "nodes",
        Concat("one Redis server stands under several names: ", absl::StrJoin(names, ", ")),
        "Its copies are one copy. Name each Redis server once in REDIS_URLS.");
  }
  if (!any && !names_of.empty()) {
    Add(findings, Level::kOk, "nodes", "every name is a Redis server of its own");
  }
}

void CheckRedisVersions(const Reached& servers, Findings* findings) {
  std::set<std::string> versions;
  for (const ServerReport* server : servers) {
    for (const v1::Node& node : server->status.nodes()) {
      if (!node.redis_version().empty()) versions.insert(Printable(node.redis_version()));
    }
  }
  if (versions.size() > 1) {
    Add(findings, Level::kWarning, "nodes",
        Concat("the Redis servers run different versions: ", absl::StrJoin(versions, ", ")),
        "It works from 6.2 on; equal versions are easier to reason about.");
  }
}

void CheckKeys(const std::vector<KeyReport>& keys, Findings* findings) {
  if (keys.empty()) {
    Add(findings, Level::kSkipped, "keys", "no keys were compared",
        "Name some to compare their copies on all servers: kachectl doctor --key KEY.");
    return;
  }
  size_t sound = 0;
  for (const KeyReport& key : keys) {
    if (!key.reached.ok()) {
      Add(findings, Level::kFailure, "keys",
          Concat(Printable(key.key), ": ", ToStd(key.reached.message())), AdviceFor(key.reached));
      continue;
    }
    const ReplicaCheck check = CheckReplicas(key.place);
    if (check.diverging > 0) {
      Add(findings, Level::kWarning, "keys",
          Concat(Printable(key.key), ": ", check.diverging, " of ", check.home,
                 " home replicas differ from the newest version"),
          "`kachectl locate` shows them. Writing the key anew brings all up to date.");
    } else if (check.unknown > 0) {
      Add(findings, Level::kWarning, "keys",
          Concat(Printable(key.key), ": ", check.unknown, " of ", check.home,
                 " home replicas did not answer"),
          "See the nodes above.");
    } else {
      ++sound;
    }
  }
  if (sound > 0) {
    Add(findings, Level::kOk, "keys",
        Concat("all copies agree for ", sound, " of ", keys.size(), " key",
               Plural(static_cast<int>(keys.size()))));
  }
}

}  // namespace

std::vector<Finding> Diagnose(const Observations& seen) {
  Findings findings;
  const Reached servers = CheckServers(seen, &findings);
  CheckVersions(seen, servers, &findings);
  CheckRings(servers, &findings);
  if (!servers.empty()) CheckReplication(servers.front()->status, &findings);
  CheckNodes(servers, &findings);
  CheckViews(servers, &findings);
  CheckTwoNames(servers, &findings);
  CheckRedisVersions(servers, &findings);
  CheckKeys(seen.keys, &findings);
  DiagnoseRedis(seen.redis, seen.ping_interval, &findings);
  return findings;
}

bool AnyFailure(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.level == Level::kFailure; });
}

}  // namespace kache::ctl
