#include "client/ctl/locate_view.h"

#include <cmath>

#include "absl/strings/str_format.h"
#include "base/strings.h"
#include "client/ctl/receipt_view.h"
#include "client/ctl/replica_check.h"
#include "client/ctl/status_view.h"
#include "client/ctl/table.h"
#include "client/node_state_name.h"
#include "client/units.h"
#include "client/version_text.h"

namespace kache::ctl {
namespace {

std::string NameOrId(uint32_t node_id, const v1::GetStatusResponse& status) {
  const std::string_view name = NodeName(node_id, status);
  return name.empty() ? Concat("node ", absl::Hex(node_id, absl::kZeroPad8)) : std::string(name);
}

std::string_view ContentText(v1::Replica::Content content) {
  switch (content) {
    case v1::Replica::CONTENT_NONE:
      return "nothing";
    case v1::Replica::CONTENT_VALUE:
      return "value";
    case v1::Replica::CONTENT_TOMBSTONE:
      return "delete";
    case v1::Replica::CONTENT_EXPIRED:
      return "expired";
    case v1::Replica::CONTENT_FOREIGN:
      return "foreign";
    case v1::Replica::CONTENT_NEWER_FORMAT:
      return "newer format";
    default:
      return "no answer";
  }
}

Tone VerdictTone(Verdict verdict) {
  switch (verdict) {
    case Verdict::kNewest:
      return Tone::kGood;
    case Verdict::kEmpty:
      return Tone::kFaint;
    case Verdict::kStandIn:
    case Verdict::kUnknown:
      return Tone::kWarning;
    default:
      return Tone::kBad;
  }
}

bool HoldsBytes(const v1::Replica& replica) { return replica.has_version(); }

std::vector<Table::Cell> Row(const v1::LocateResponse& place, int i, Verdict verdict,
                             const v1::GetStatusResponse& status, absl::Time now) {
  const v1::Replica& replica = place.replicas(i);
  const bool is_home = static_cast<uint32_t>(i) < place.home_replicas();
  const bool serves =
      place.has_served_by_node_id() && place.served_by_node_id() == replica.node_id();
  std::string holds(ContentText(replica.content()));
  if (!replica.error().empty()) holds = Printable(replica.error());
  const bool bytes = HoldsBytes(replica);
  return {{Concat(i + 1)},
          {Printable(NameOrId(replica.node_id(), status)), Tone::kBold},
          {is_home ? "home" : "spare", is_home ? Tone::kPlain : Tone::kFaint},
          {std::string(StateName(replica.state())), StateTone(replica.state())},
          {std::move(holds)},
          {std::string(VerdictText(verdict)), VerdictTone(verdict)},
          {bytes ? VersionText(replica.version()) : "-"},
          {bytes ? ExpiryText(replica.expires_at_unix_ms(), now) : "-"},
          {bytes ? BytesText(replica.value_bytes()) : "-"},
          {serves ? "reads" : ""}};
}

std::string Summary(const ReplicaCheck& check, bool colour) {
  const bool any = check.newest.timestamp() != 0;
  std::string text;
  if (!any) {
    text =
        check.unknown == 0 ? "no server holds this key" : "no server that answers holds this key";
  } else {
    text = Concat(check.agreeing, " of ", check.home, " home replica", Plural(check.home),
                  " as they should be");
  }
  if (check.diverging > 0) {
    Append(&text, "; ", check.diverging, " to be brought up to date");
  }
  if (check.unknown > 0) Append(&text, "; ", check.unknown, " did not answer");
  const Tone tone = check.diverging > 0 ? Tone::kBad
                    : check.unknown > 0 ? Tone::kWarning
                                        : Tone::kGood;
  return Paint(text, any ? tone : Tone::kPlain, colour);
}

}  // namespace

std::string LocateText(std::string_view key, const v1::LocateResponse& place,
                       const v1::GetStatusResponse& status, absl::Time now, bool colour) {
  const ReplicaCheck check = CheckReplicas(place);
  Table table({{"#", Align::kRight},
               {"NODE"},
               {"ROLE"},
               {"STATE"},
               {"HOLDS"},
               {"CHECK"},
               {"VERSION"},
               {"EXPIRES"},
               {"SIZE", Align::kRight},
               {"SERVES"}});
  for (int i = 0; i < place.replicas_size(); ++i) {
    table.AddRow(Row(place, i, check.verdicts[static_cast<size_t>(i)], status, now));
  }
  const double position = 100 * std::ldexp(static_cast<double>(place.token()), -64);
  return Concat("key ", Printable(key), " stands at ", absl::StrFormat("%.2f%%", position),
                " of the ring (token ", FingerprintText(place.token()), ")\n\n") +
         table.Render(colour) + "\n" + Summary(check, colour) + "\n";
}

std::string LocateJson(std::string_view key, const v1::LocateResponse& place,
                       const v1::GetStatusResponse& status) {
  const ReplicaCheck check = CheckReplicas(place);
  JsonWriter json;
  json.BeginObject();
  BytesMember("key", key, "keyEncoding", &json);
  json.Member("token", FingerprintText(place.token()))
      .Member("homeReplicas", place.home_replicas());
  if (place.has_served_by_node_id()) {
    json.Member("servedBy", NameOrId(place.served_by_node_id(), status));
  }
  json.Member("agreeing", check.agreeing)
      .Member("diverging", check.diverging)
      .Member("unknown", check.unknown)
      .Key("replicas")
      .BeginArray();
  for (int i = 0; i < place.replicas_size(); ++i) {
    const v1::Replica& replica = place.replicas(i);
    json.BeginObject()
        .Member("node", NameOrId(replica.node_id(), status))
        .Member("home", static_cast<uint32_t>(i) < place.home_replicas())
        .Member("state", StateName(replica.state()))
        .Member("holds", ContentText(replica.content()))
        .Member("check", VerdictText(check.verdicts[static_cast<size_t>(i)]));
    if (HoldsBytes(replica)) {
      json.Member("version", VersionText(replica.version()))
          .Member("expiresAt", replica.expires_at_unix_ms())
          .Member("valueBytes", replica.value_bytes());
    }
    if (!replica.error().empty()) json.Member("error", replica.error());
    json.EndObject();
  }
  return json.EndArray().EndObject().text();
}

}  // namespace kache::ctl
