#include "gateway/handlers/request_options.h"

#include <chrono>

#include "base/strings.h"
#include "client/version_text.h"
#include "gateway/handlers/ttl.h"
#include "gateway/handlers/whole_number.h"
#include "http/request_target.h"

namespace kache::gateway {
namespace {

constexpr int64_t kMaxTimeoutMs = 60'000;

Problem BadParameter(std::string message) { return {400, "BAD_PARAMETER", std::move(message)}; }

MaybeProblem ReadTtl(const QueryParameter& parameter, RequestOptions* options) {
  if (options->ttl_ms) return Problem{400, kBadTtl, kTwoTtlsMessage};
  if (parameter.name == "ttlMs") {
    options->ttl_ms = ParseWholeNumber(parameter.value, kMaxTtlMs);
    if (!options->ttl_ms) return Problem{400, kBadTtl, kBadTtlMsMessage};
    return std::nullopt;
  }
  const std::optional<int64_t> seconds = ParseWholeNumber(parameter.value, kMaxTtlSeconds);
  if (!seconds) return Problem{400, kBadTtl, kBadTtlMessage};
  options->ttl_ms = TtlSecondsToMs(*seconds);
  return std::nullopt;
}

MaybeProblem ReadParameter(const QueryParameter& parameter, uint32_t known,
                           RequestOptions* options) {
  if (parameter.name == "consistency" && (known & kConsistencyParameter) != 0) {
    if (parameter.value == "one") {
      options->consistency = v1::CONSISTENCY_ONE;
    } else if (parameter.value == "quorum") {
      options->consistency = v1::CONSISTENCY_QUORUM;
    } else if (parameter.value == "all") {
      options->consistency = v1::CONSISTENCY_ALL;
    } else {
      return BadParameter("consistency is one, quorum or all");
    }
    return std::nullopt;
  }
  if (parameter.name == "min_version" && (known & kMinVersionParameter) != 0) {
    if (!ParseVersionText(parameter.value, &options->min_version.emplace())) {
      return BadParameter(
          "min_version is a version as an answer showed it: 16 hexadecimal "
          "digits, '-', and 16 more");
    }
    return std::nullopt;
  }
  if ((parameter.name == "ttl" || parameter.name == "ttlMs") && (known & kTtlParameter) != 0) {
    return ReadTtl(parameter, options);
  }
  return BadParameter("an unknown query parameter");
}

}  // namespace

MaybeProblem ReadRequestOptions(const HttpRequest& request, const HandlerConfig& config,
                                uint32_t known_parameters, RequestOptions* options) {
  absl::Duration timeout = config.request_timeout;
  if (const auto header = request.headers.Find("Kache-Timeout-Ms"); header) {
    const std::optional<int64_t> ms = ParseWholeNumber(*header, kMaxTimeoutMs);
    if (!ms || *ms == 0 || request.headers.Count("Kache-Timeout-Ms") > 1) {
      return Problem{400, "BAD_TIMEOUT",
                     Concat("Kache-Timeout-Ms is a whole number from 1 to ", kMaxTimeoutMs)};
    }
    timeout = absl::Milliseconds(*ms);
  }
  options->call.lane = request.worker;
  options->call.name = request.name;
  options->call.requester = request.requester;
  options->call.deadline = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(timeout);

  if (request.query.empty()) return std::nullopt;
  QueryParameters parameters;
  if (const absl::Status status = ParseQuery(request.query, &parameters); !status.ok()) {
    return BadParameter(std::string(status.message()));
  }
  for (const QueryParameter& parameter : parameters) {
    if (MaybeProblem problem = ReadParameter(parameter, known_parameters, options)) {
      return problem;
    }
  }
  return std::nullopt;
}

MaybeProblem ReadKey(const HttpRequest& request, const HandlerConfig& config, std::string* key) {
  if (!PercentDecode(request.parameter, key)) {
    return Problem{400, "BAD_KEY", "a '%' in the key is not followed by two hexadecimal digits"};
  }
  if (key->empty()) return Problem{400, "BAD_KEY", "the key is empty"};
  if (key->size() > config.max_key_bytes) {
    return Problem{400, "BAD_KEY",
                   Concat("the key is longer than ", config.max_key_bytes, " bytes")};
  }
  return std::nullopt;
}

MaybeProblem RefuseConditions(const HttpRequest& request, bool write) {
  if (request.headers.Find("If-Match")) {
    return Problem{501, "UNIMPLEMENTED",
                   "If-Match is not offered: a newer write always wins, so it could not be kept"};
  }
  if (write && request.headers.Find("If-None-Match")) {
    return Problem{501, "UNIMPLEMENTED",
                   "If-None-Match on a write is not offered: a newer write always wins, so it "
                   "could not be kept"};
  }
  return std::nullopt;
}

}  // namespace kache::gateway
