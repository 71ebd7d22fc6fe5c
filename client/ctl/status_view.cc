#include "client/ctl/status_view.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "base/strings.h"
#include "client/ctl/table.h"
#include "client/node_ids.h"
#include "client/node_state_name.h"
#include "client/units.h"

namespace kache::ctl {
namespace {

std::string PercentText(double part) { return absl::StrFormat("%.1f%%", 100 * part); }

// Of a node that is DOWN the last round trip means nothing any more.
std::string PingText(const v1::Node& node) {
  if (node.last_ping_unix_ms() == 0 || node.state() == v1::NODE_STATE_DOWN) return "-";
  return absl::StrFormat("%.1f ms", static_cast<double>(node.ping_rtt_us()) / 1000);
}

int CountUp(const v1::GetStatusResponse& status) {
  return static_cast<int>(
      std::count_if(status.nodes().begin(), status.nodes().end(),
                    [](const v1::Node& node) { return node.state() == v1::NODE_STATE_UP; }));
}

std::string RingLine(const v1::GetStatusResponse& status) {
  return Concat("replication factor ", status.replication_factor(), ", ", status.vnodes_per_node(),
                " virtual nodes a server, ring ", FingerprintText(status.ring_fingerprint()));
}

std::string ReasonText(const v1::Node& node) {
  const std::string reason = Printable(node.reason());
  if (node.doubt() == v1::NODE_DOUBT_BEHIND) return Concat(reason, " (behind)");
  if (node.doubt() == v1::NODE_DOUBT_AMNESIC) return Concat(reason, " (amnesic)");
  return reason;
}

std::string KeysText(const v1::Node& node) { return node.keys() == 0 ? "-" : Concat(node.keys()); }

void ResyncObject(const v1::Resync& resync, JsonWriter* json) {
  json->Key("resync")
      .BeginObject()
      .Member("keysDone", resync.keys_done())
      .Member("keysLeft", resync.keys_left())
      .Member("keysPerSecond", resync.keys_per_second())
      .Member("waitingFor", resync.waiting_for())
      .EndObject();
}

void NodeObject(const v1::Node& node, JsonWriter* json) {
  json->BeginObject()
      .Member("name", node.name())
      .Member("address", node.address())
      .Member("state", StateName(node.state()))
      .Member("reason", node.reason())
      .Member("doubt", DoubtName(node.doubt()))
      .Member("since", node.since_unix_ms())
      .Member("lastPing", node.last_ping_unix_ms())
      .Member("pingRttMicros", node.ping_rtt_us())
      .Member("share", node.share())
      .Member("runId", node.run_id())
      .Member("redisVersion", node.redis_version())
      .Member("keys", node.keys())
      .Member("swept", node.swept_unix_ms());
  if (node.has_resync()) ResyncObject(node.resync(), json);
  json->EndObject();
}

}  // namespace

Tone StateTone(v1::NodeState state) {
  if (state == v1::NODE_STATE_UP) return Tone::kGood;
  return state == v1::NODE_STATE_SYNCING ? Tone::kWarning : Tone::kBad;
}

std::string ResyncText(const v1::Node& node) {
  const v1::Resync& resync = node.resync();
  if (!resync.waiting_for().empty()) {
    return Concat("waits to be refilled, for ", Printable(resync.waiting_for()));
  }
  std::string text = Concat("is refilled: ", resync.keys_done(), " of about ",
                            resync.keys_done() + resync.keys_left(), " keys");
  if (resync.keys_per_second() > 0) Append(&text, ", ", resync.keys_per_second(), " keys/s");
  return text;
}

std::string FingerprintText(uint64_t fingerprint) {
  return Concat(absl::Hex(fingerprint, absl::kZeroPad16));
}

std::string_view NodeName(uint32_t node_id, const v1::GetStatusResponse& status) {
  if (!TellsNodeIds(status)) return "";
  for (const v1::Node& node : status.nodes()) {
    if (node.node_id() == node_id) return node.name();
  }
  return "";
}

std::string StatusText(const v1::GetStatusResponse& status, std::string_view answered_by,
                       absl::Time now, bool colour) {
  Table table({{"NODE"},
               {"STATE"},
               {"REASON"},
               {"SINCE"},
               {"PING", Align::kRight},
               {"SHARE", Align::kRight},
               {"KEYS", Align::kRight},
               {"ADDRESS"},
               {"REDIS"}});
  for (const v1::Node& node : status.nodes()) {
    table.AddRow({{Printable(node.name()), Tone::kBold},
                  {std::string(StateName(node.state())), StateTone(node.state())},
                  {ReasonText(node)},
                  {AgoText(node.since_unix_ms(), now)},
                  {PingText(node)},
                  {PercentText(node.share())},
                  {KeysText(node)},
                  {Printable(node.address())},
                  {node.redis_version().empty() ? "-" : Printable(node.redis_version())}});
  }
  const int up = CountUp(status);
  const Tone tone = up == status.nodes_size() ? Tone::kGood : up > 0 ? Tone::kWarning : Tone::kBad;
  std::string text = table.Render(colour) + "\n";
  for (const v1::Node& node : status.nodes()) {
    if (node.has_resync()) Append(&text, Printable(node.name()), " ", ResyncText(node), "\n");
  }
  text +=
      Paint(Concat(up, " of ", status.nodes_size(), " node", Plural(status.nodes_size()), " UP"),
            tone, colour) +
      Concat("; ", RingLine(status), "\n");
  Append(&text, "answered by ", answered_by, " (kache-server ", Printable(status.server_version()),
         ", started ", AgoText(status.started_at_unix_ms(), now), ")\n");
  if (!status.accept_ring().empty()) {
    text += Paint(Concat("ACCEPT_RING=", Printable(status.accept_ring()),
                         " is set there: remove it once all nodes are UP\n"),
                  Tone::kWarning, colour);
  }
  return text;
}

std::string StatusJson(const v1::GetStatusResponse& status, std::string_view answered_by) {
  JsonWriter json;
  json.BeginObject().Member("server", answered_by).Key("nodes").BeginArray();
  for (const v1::Node& node : status.nodes()) NodeObject(node, &json);
  return json.EndArray()
      .Member("replicationFactor", status.replication_factor())
      .Member("vnodesPerNode", status.vnodes_per_node())
      .Member("ringFingerprint", FingerprintText(status.ring_fingerprint()))
      .Member("coordinator", FingerprintText(status.coordinator()))
      .Member("serverVersion", status.server_version())
      .Member("startedAt", status.started_at_unix_ms())
      .Member("acceptRing", status.accept_ring())
      .EndObject()
      .text();
}

std::string RingText(const v1::GetStatusResponse& status, size_t width, bool colour) {
  double largest = 0;
  for (const v1::Node& node : status.nodes()) largest = std::max(largest, node.share());
  Table table({{"NODE"}, {"SHARE", Align::kRight}, {""}, {"STATE"}});
  for (const v1::Node& node : status.nodes()) {
    const double part = largest > 0 ? node.share() / largest : 0;
    std::string bar(static_cast<size_t>(std::lround(part * static_cast<double>(width))), '#');
    table.AddRow({{Printable(node.name()), Tone::kBold},
                  {PercentText(node.share())},
                  {std::move(bar), StateTone(node.state())},
                  {std::string(StateName(node.state())), StateTone(node.state())}});
  }
  const double even = status.nodes_size() > 0 ? 1.0 / status.nodes_size() : 0;
  return table.Render(colour) +
         Concat("\n", RingLine(status), "; an even share is ", PercentText(even), "\n");
}

std::string RingJson(const v1::GetStatusResponse& status) {
  JsonWriter json;
  json.BeginObject().Key("nodes").BeginArray();
  for (const v1::Node& node : status.nodes()) {
    json.BeginObject()
        .Member("name", node.name())
        .Member("share", node.share())
        .Member("state", StateName(node.state()))
        .EndObject();
  }
  return json.EndArray()
      .Member("replicationFactor", status.replication_factor())
      .Member("vnodesPerNode", status.vnodes_per_node())
      .Member("ringFingerprint", FingerprintText(status.ring_fingerprint()))
      .EndObject()
      .text();
}

}  // namespace kache::ctl
