// What a request says beside its key and body: query parameters and headers of Kache's own.
#ifndef KACHE_GATEWAY_HANDLERS_REQUEST_OPTIONS_H_
#define KACHE_GATEWAY_HANDLERS_REQUEST_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/handlers/handler_config.h"
#include "gateway/handlers/problem.h"
#include "gateway/upstream/upstream.h"
#include "http/message.h"
#include "kache/v1/kache.pb.h"

namespace kache::gateway {

// Which query parameters a route knows; others are a problem. Combine with |.
enum QueryParameterSet : uint32_t {
  kNoParameters = 0,
  kConsistencyParameter = 1,
  kMinVersionParameter = 2,
  kTtlParameter = 4,
};

struct RequestOptions {
  v1::Consistency consistency = v1::CONSISTENCY_UNSPECIFIED;
  std::optional<v1::Version> min_version;
  std::optional<int64_t> ttl_ms;  // by `ttl` or `ttlMs`
  CallOptions call;
};

// Reads the query and `Kache-Timeout-Ms`.
MaybeProblem ReadRequestOptions(const HttpRequest& request, const HandlerConfig& config,
                                uint32_t known_parameters, RequestOptions* options);

// The key in the path, percent-decoded. BAD_KEY when it is empty, too long or badly encoded.
MaybeProblem ReadKey(const HttpRequest& request, const HandlerConfig& config, std::string* key);

// Conditions that a leaderless cache cannot keep: 501 instead of pretending.
MaybeProblem RefuseConditions(const HttpRequest& request, bool write);

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_REQUEST_OPTIONS_H_
