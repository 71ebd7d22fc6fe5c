#include "gateway/handlers/locate.h"

#include <cstdint>
#include <utility>

#include "base/json_writer.h"
#include "base/strings.h"
#include "client/node_state_name.h"
#include "client/version_text.h"
#include "gateway/handlers/http_status.h"
#include "gateway/handlers/json_text.h"
#include "gateway/handlers/request_options.h"

namespace kache::gateway {
namespace {

std::string_view ContentName(v1::Replica::Content content) {
  switch (content) {
    case v1::Replica::CONTENT_NONE:
      return "NONE";
    case v1::Replica::CONTENT_VALUE:
      return "VALUE";
    case v1::Replica::CONTENT_TOMBSTONE:
      return "TOMBSTONE";
    case v1::Replica::CONTENT_EXPIRED:
      return "EXPIRED";
    case v1::Replica::CONTENT_FOREIGN:
      return "FOREIGN";
    case v1::Replica::CONTENT_NEWER_FORMAT:
      return "NEWER_FORMAT";
    default:
      return "UNKNOWN";
  }
}

// `"<member>":"<name>",`, where the node's name is known.
void AppendNodeMember(std::string_view member, uint32_t id, const NodeNames& names,
                      std::string* json) {
  const std::string_view name = names.Find(id);
  if (name.empty()) return;
  Append(json, "\"", member, "\":");
  AppendJsonString(name, json);
  json->push_back(',');
}

// A record's members are there where a record is.
void AppendReplica(const v1::Replica& replica, const NodeNames& names, std::string* json) {
  json->push_back('{');
  AppendNodeMember("node", replica.node_id(), names, json);
  Append(json, "\"state\":\"", StateName(replica.state()), "\",\"content\":\"",
         ContentName(replica.content()), "\"");
  if (replica.has_version()) {
    Append(json, ",\"version\":\"", VersionText(replica.version()),
           "\",\"expiresAt\":", replica.expires_at_unix_ms());
  }
  if (replica.content() == v1::Replica::CONTENT_VALUE) {
    Append(json, ",\"valueBytes\":", replica.value_bytes());
  }
  if (!replica.error().empty()) {
    json->append(",\"error\":");
    AppendJsonString(replica.error(), json);  // protobuf's strings are UTF-8
  }
  json->push_back('}');
}

}  // namespace

std::string LocationJson(std::string_view key, const v1::LocateResponse& location,
                         const NodeNames& names) {
  std::string json = "{";
  AppendKeyMember(key, TextEncoding::kUtf8, &json);
  Append(&json, ",\"token\":\"", absl::Hex(location.token(), absl::kZeroPad16),
         "\",\"homeReplicas\":", location.home_replicas(), ",");
  if (location.has_served_by_node_id()) {
    AppendNodeMember("servedBy", location.served_by_node_id(), names, &json);
  }
  json.append("\"replicas\":[");
  for (int i = 0; i < location.replicas_size(); ++i) {
    if (i > 0) json.push_back(',');
    AppendReplica(location.replicas(i), names, &json);
  }
  json.append("]}");
  return json;
}

void LocateHandler::Get(const HttpRequest& request, Responder responder) const {
  v1::LocateRequest locate;
  RequestOptions options;
  MaybeProblem problem = ReadKey(request, *config_, locate.mutable_key());
  if (!problem) problem = ReadRequestOptions(request, *config_, kNoParameters, &options);
  if (problem) {
    responder.Send(ProblemResponse(*problem));
    return;
  }
  std::string key = locate.key();
  upstream_->Locate(std::move(locate), options.call,
                    [key = std::move(key), names = names_, responder = std::move(responder)](
                        absl::StatusOr<v1::LocateResponse> answer) mutable {
                      if (!answer.ok()) {
                        responder.Send(UpstreamErrorResponse(answer.status()));
                        return;
                      }
                      HttpResponse response;
                      response.body = LocationJson(key, *answer, *names);
                      response.AddHeader("Cache-Control", "no-store");
                      responder.Send(std::move(response));
                    });
}

}  // namespace kache::gateway
