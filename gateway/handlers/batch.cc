#include "gateway/handlers/batch.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "gateway/handlers/batch_get_operation.h"
#include "gateway/handlers/content.h"
#include "gateway/handlers/http_status.h"
#include "gateway/handlers/json_body.h"
#include "gateway/handlers/json_text.h"
#include "gateway/handlers/receipt.h"
#include "gateway/handlers/request_options.h"
#include "gateway/handlers/stamp.h"
#include "gateway/handlers/ttl.h"
#include "http/error_response.h"

namespace kache::gateway {
namespace {

// What a key of a batch takes beside its bytes: in the messages, in what is kept for the answer,
// and in the answer.
constexpr uint64_t kBytesPerKey = 768;
// Of the keys and values of a write: the call's own, for a further attempt, and gRPC's.
constexpr uint64_t kCopiesOfBatch = 2;

// Appends `,"found":true,"value":...` or the error of one key.
void AppendGetResult(const v1::GetResult& result, TextEncoding encoding, const NodeNames& names,
                     std::string* json) {
  if (!result.has_response()) {
    json->append(",\"error\":");
    AppendBatchError(result.error(), json);
    return;
  }
  const v1::GetResponse& response = result.response();
  if (!response.found()) {
    json->append(",\"found\":false");
  } else {
    json->append(",\"found\":true,");
    AppendValueMember(response.value(), encoding, json);
    Append(json, ",\"ttl\":", TtlMsToSeconds(response.ttl_ms()));
  }
  AppendReceipt(response.receipt(), names.NodeOf(response.receipt()), json);
}

HttpResponse GetResults(const std::vector<std::string>& keys,
                        const std::vector<v1::GetResult>& results, TextEncoding key_encoding,
                        TextEncoding encoding, const NodeNames& names) {
  HttpResponse response;
  response.body = "{\"results\":[";
  for (size_t i = 0; i < keys.size(); ++i) {
    response.body.append(i == 0 ? "{" : ",{");
    AppendKeyMember(keys[i], key_encoding, &response.body);
    AppendGetResult(results[i], encoding, names, &response.body);
    response.body.push_back('}');
  }
  response.body.append("]}");
  return response;
}

uint64_t ValueBytes(const std::vector<v1::GetResult>& results) {
  uint64_t bytes = 0;
  for (const v1::GetResult& result : results) bytes += result.response().value().size();
  return bytes;
}

// What the values take at most as JSON, be it as text, where a control character takes 6 bytes, or
// as base64.
uint64_t MostJsonBytes(const std::vector<v1::GetResult>& results) {
  uint64_t bytes = 0;
  for (const v1::GetResult& result : results) {
    const std::string& value = result.response().value();
    const auto escaped =
        static_cast<uint64_t>(std::count_if(value.begin(), value.end(), [](char c) {
          return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '"' || c == '\\';
        }));
    bytes += std::max<uint64_t>(value.size() + 5 * escaped, value.size() / 3 * 4 + 4);
  }
  return bytes;
}

struct WrittenKey {
  std::string key;
  TextEncoding encoding;
};

template <class Answer>
HttpResponse WriteResults(const std::vector<WrittenKey>& keys,
                          const absl::StatusOr<Answer>& answer) {
  if (!answer.ok()) return WriteErrorResponse(answer.status());
  if (static_cast<size_t>(answer->results_size()) != keys.size()) {
    return WriteErrorResponse(
        absl::InternalError("a server answered another number of keys than asked"));
  }
  HttpResponse response;
  response.tells_of_write = true;
  response.body = "{\"results\":[";
  for (size_t i = 0; i < keys.size(); ++i) {
    const v1::WriteResult& result = answer->results(static_cast<int>(i));
    response.body.append(i == 0 ? "{" : ",{");
    AppendKeyMember(keys[i].key, keys[i].encoding, &response.body);
    if (result.has_receipt()) {
      AppendReceipt(result.receipt(), &response.body);
    } else {
      response.body.append(",\"error\":");
      AppendBatchError(result.error(), &response.body);
    }
    response.body.push_back('}');
  }
  response.body.append("]}");
  AddClusterTime(answer->cluster_time_unix_ms(), &response);
  return response;
}

// A stamp is for one write, so a stamped key stands there once.
bool RepeatsStampedKey(const JsonBody& body) {
  const bool stamped =
      !body.stamps.empty() || std::any_of(body.entries.begin(), body.entries.end(),
                                          [](const JsonEntry& entry) { return entry.stamp; });
  if (!stamped) return false;
  std::vector<std::pair<std::string_view, bool>> keys;  // the stamped ones first among equal keys
  for (const std::string& key : body.keys) keys.emplace_back(key, false);
  for (const JsonEntry& entry : body.entries) keys.emplace_back(entry.key, !entry.stamp);
  std::sort(keys.begin(), keys.end());
  const auto repeats = [](const auto& a, const auto& b) { return !a.second && a.first == b.first; };
  return std::adjacent_find(keys.begin(), keys.end(), repeats) != keys.end();
}

MaybeProblem CheckStamps(const HttpRequest& request, const JsonBody& body) {
  if (request.headers.Find(kStampHeader)) {
    return Problem{400, kBadStamp,
                   "Kache-Stamp is for a write of one key; a batch has its stamps in its body"};
  }
  if (!body.stamps.empty() && body.stamps.size() != body.keys.size()) {
    return Problem{400, kBadStamp, "\"stamps\" has one stamp for each key, in order, or none"};
  }
  if (RepeatsStampedKey(body)) {
    return Problem{400, kBadStamp, "a key that has a stamp stands more than once in the batch"};
  }
  return std::nullopt;
}

size_t BytesOf(const JsonBody& body) {
  size_t bytes = 0;
  for (const std::string& key : body.keys) bytes += key.size();
  for (const JsonEntry& entry : body.entries) bytes += entry.key.size() + entry.value.size();
  return bytes;
}

MaybeProblem ReadBatch(HttpRequest& request, const HandlerConfig& config, JsonSchema schema,
                       uint32_t parameters, JsonBody* body, RequestOptions* options) {
  if (MaybeProblem problem = ReadRequestOptions(request, config, parameters, options)) {
    return problem;
  }
  if (MaybeProblem problem = ParseJsonBody(schema, request.body, config.max_batch_keys, body)) {
    return problem;
  }
  if (schema != JsonSchema::kBatchGet) {
    if (MaybeProblem problem = CheckStamps(request, *body)) return problem;
  }
  request.DropLargeBody();
  if (BytesOf(*body) <= config.max_batch_bytes) return std::nullopt;
  return Problem{413, "BATCH_TOO_LARGE",
                 Concat("the keys and values of a batch are at most ", config.max_batch_bytes,
                        " bytes together")};
}

// Before a write is sent. False: there is no room, and the request was answered.
bool ReserveForWrite(const JsonBody& body, Responder* responder) {
  const uint64_t keys = body.keys.size() + body.entries.size();
  if (responder->Reserve(kCopiesOfBatch * BytesOf(body) + kBytesPerKey * keys)) return true;
  responder->Send(NoRoomResponse());
  return false;
}

}  // namespace

Admission BatchHandler::Admit(const HttpRequest& request) const {
  MaybeProblem problem = RefuseConditions(request, /*write=*/true);
  if (!problem) problem = CheckContent(request);
  if (!problem && !IsJsonContent(request)) {
    problem = Problem{415, "UNSUPPORTED_MEDIA_TYPE",
                      "a batch is JSON: send it with Content-Type: application/json"};
  }
  if (problem) return Admission::Refuse(ProblemResponse(*problem));
  return Admission::UpTo(MaxJsonBytes(config_->max_batch_bytes));
}

void BatchHandler::Charge(const HttpRequest& request, size_t keys) const {
  if (access_ == nullptr || keys < 2) return;
  access_->Charge(request.caller, static_cast<int64_t>(keys) - 1, std::chrono::steady_clock::now());
}

void BatchHandler::Get(HttpRequest& request, Responder responder) const {
  JsonBody body;
  RequestOptions options;
  if (const MaybeProblem problem =
          ReadBatch(request, *config_, JsonSchema::kBatchGet,
                    kConsistencyParameter | kMinVersionParameter, &body, &options)) {
    responder.Send(ProblemResponse(*problem));
    return;
  }
  Charge(request, body.keys.size());
  const TextEncoding key_encoding = body.top.key_encoding;
  const TextEncoding encoding = body.top.encoding;
  const uint64_t request_bytes = kCopiesOfBatch * BytesOf(body) + kBytesPerKey * body.keys.size();
  // Shared: by the two callbacks.
  auto shared = std::make_shared<Responder>(std::move(responder));
  const uint64_t expected = std::min<uint64_t>(expected_per_key_.Get() * body.keys.size(),
                                               2 * config_->max_batch_answer_bytes);
  auto reserve = [this, request_bytes, expected, shared](uint64_t answer_bytes) {
    if (shared->Reserve(request_bytes + std::max(answer_bytes, expected))) return true;
    expected_per_key_.LearnRefusal();
    shared->Send(NoRoomResponse());
    return false;
  };
  auto finished = [this, key_encoding, encoding, request_bytes, shared](
                      const std::vector<std::string>& keys,
                      const absl::StatusOr<std::vector<v1::GetResult>>& results) {
    if (!results.ok()) return shared->Send(UpstreamErrorResponse(results.status()));
    const uint64_t json_bytes = MostJsonBytes(*results) + kBytesPerKey * keys.size();
    if (!shared->Reserve(request_bytes + ValueBytes(*results) + json_bytes)) {
      return shared->Send(NoRoomResponse());
    }
    HttpResponse response = GetResults(keys, *results, key_encoding, encoding, *names_);
    if (!keys.empty()) expected_per_key_.Learn(response.memory_bytes() / keys.size());
    shared->Send(std::move(response));
  };
  std::make_shared<BatchGetOperation>(upstream_, std::move(body.keys), options,
                                      config_->max_batch_answer_bytes, std::move(reserve),
                                      std::move(finished))
      ->Start();
}

void BatchHandler::Put(HttpRequest& request, Responder responder) const {
  JsonBody body;
  RequestOptions options;
  if (const MaybeProblem problem = ReadBatch(request, *config_, JsonSchema::kBatchPut,
                                             kConsistencyParameter, &body, &options)) {
    responder.Send(ProblemResponse(*problem));
    return;
  }
  Charge(request, body.entries.size());
  if (!ReserveForWrite(body, &responder)) return;
  v1::BatchPutRequest batch;
  batch.set_consistency(options.consistency);
  std::vector<WrittenKey> keys;
  keys.reserve(body.entries.size());
  for (JsonEntry& entry : body.entries) {
    v1::BatchPutRequest::Entry* const put = batch.add_entries();
    put->set_key(entry.key);
    put->set_value(std::move(entry.value));
    put->set_ttl_ms(entry.ttl_ms);
    if (entry.stamp) *put->mutable_stamp() = *std::move(entry.stamp);
    keys.push_back({std::move(entry.key), entry.key_encoding});
  }
  upstream_->BatchPut(std::move(batch), options.call,
                      [keys = std::move(keys), responder = std::move(responder)](
                          absl::StatusOr<v1::BatchPutResponse> answer) mutable {
                        responder.Send(WriteResults(keys, answer));
                      });
}

void BatchHandler::Delete(HttpRequest& request, Responder responder) const {
  JsonBody body;
  RequestOptions options;
  if (const MaybeProblem problem = ReadBatch(request, *config_, JsonSchema::kBatchDelete,
                                             kConsistencyParameter, &body, &options)) {
    responder.Send(ProblemResponse(*problem));
    return;
  }
  Charge(request, body.keys.size());
  if (!ReserveForWrite(body, &responder)) return;
  v1::BatchDeleteRequest batch;
  batch.set_consistency(options.consistency);
  std::vector<WrittenKey> keys;
  keys.reserve(body.keys.size());
  for (std::string& key : body.keys) {
    batch.add_keys(key);
    keys.push_back({std::move(key), body.top.key_encoding});
  }
  for (v1::Stamp& stamp : body.stamps) *batch.add_stamps() = std::move(stamp);
  upstream_->BatchDelete(std::move(batch), options.call,
                         [keys = std::move(keys), responder = std::move(responder)](
                             absl::StatusOr<v1::BatchDeleteResponse> answer) mutable {
                           responder.Send(WriteResults(keys, answer));
                         });
}

}  // namespace kache::gateway
