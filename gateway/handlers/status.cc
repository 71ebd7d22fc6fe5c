#include "gateway/handlers/status.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "base/json_writer.h"
#include "base/strings.h"
#include "client/node_state_name.h"
#include "gateway/handlers/http_status.h"
#include "gateway/handlers/request_options.h"

namespace kache::gateway {
namespace {

void AppendTextMember(std::string_view name, std::string_view text, std::string* json) {
  Append(json, ",\"", name, "\":");
  AppendJsonString(text, json);  // protobuf's strings are UTF-8
}

void AppendResync(const v1::Resync& resync, std::string* json) {
  Append(json, ",\"resync\":{\"keysDone\":", resync.keys_done(),
         ",\"keysLeft\":", resync.keys_left(), ",\"keysPerSecond\":", resync.keys_per_second());
  if (!resync.waiting_for().empty()) AppendTextMember("waitingFor", resync.waiting_for(), json);
  json->push_back('}');
}

void AppendNode(const v1::Node& node, std::string* json) {
  json->append("{\"name\":");
  AppendJsonString(node.name(), json);
  AppendTextMember("address", node.address(), json);
  AppendTextMember("state", StateName(node.state()), json);
  AppendTextMember("reason", node.reason(), json);
  const std::string_view doubt = DoubtName(node.doubt());
  if (!doubt.empty()) AppendTextMember("doubt", doubt, json);
  Append(json, ",\"since\":", node.since_unix_ms(), ",\"lastPing\":", node.last_ping_unix_ms(),
         ",\"pingRttMicros\":", node.ping_rtt_us(),
         ",\"share\":", absl::StrFormat("%.6f", node.share()),
         ",\"clockOffsetMs\":", node.clock_offset_ms());
  AppendTextMember("runId", node.run_id(), json);
  AppendTextMember("redisVersion", node.redis_version(), json);
  if (node.keys() != 0) Append(json, ",\"keys\":", node.keys());
  if (node.swept_unix_ms() != 0) Append(json, ",\"lastSweep\":", node.swept_unix_ms());
  if (node.has_resync()) AppendResync(node.resync(), json);
  json->push_back('}');
}

}  // namespace

std::string StatusJson(const v1::GetStatusResponse& status) {
  std::string json = "{\"nodes\":[";
  for (int i = 0; i < status.nodes_size(); ++i) {
    if (i > 0) json.push_back(',');
    AppendNode(status.nodes(i), &json);
  }
  Append(&json, "],\"replicationFactor\":", status.replication_factor(),
         ",\"vnodesPerNode\":", status.vnodes_per_node(), ",\"ringFingerprint\":\"",
         absl::Hex(status.ring_fingerprint(), absl::kZeroPad16), "\",\"coordinator\":\"",
         absl::Hex(status.coordinator(), absl::kZeroPad16), "\"");
  AppendTextMember("serverVersion", status.server_version(), &json);
  Append(&json, ",\"startedAt\":", status.started_at_unix_ms(),
         ",\"clusterTime\":", status.cluster_time_unix_ms());
  if (!status.accept_ring().empty()) AppendTextMember("acceptRing", status.accept_ring(), &json);
  json.push_back('}');
  return json;
}

void StatusHandler::Get(const HttpRequest& request, Responder responder) const {
  RequestOptions options;
  if (const MaybeProblem problem = ReadRequestOptions(request, *config_, kNoParameters, &options)) {
    responder.Send(ProblemResponse(*problem));
    return;
  }
  upstream_->GetStatus(
      {}, options.call,
      [responder = std::move(responder)](absl::StatusOr<v1::GetStatusResponse> answer) mutable {
        if (!answer.ok()) {
          responder.Send(UpstreamErrorResponse(answer.status()));
          return;
        }
        HttpResponse response;
        response.body = StatusJson(*answer);
        response.AddHeader("Cache-Control", "no-store");
        responder.Send(std::move(response));
      });
}

}  // namespace kache::gateway
