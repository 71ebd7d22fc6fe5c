// Any bytes as a request target: nothing crashes, what is decoded stays within what was sent, a key
// that is encoded comes back as it was, and a path is the same path in every spelling.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/request_target.h"
#include "http/router.h"

namespace kache {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

// True when `part` lies inside `whole`.
bool IsInside(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void CheckParts(std::string_view text) {
  RequestTarget target;
  if (SplitTarget(text, &target).ok()) {
    Require(!target.path.empty() && target.path.front() == '/');
    Require(IsInside(target.query, text));
    QueryParameters parameters;
    if (ParseQuery(target.query, &parameters).ok()) {
      for (const QueryParameter& parameter : parameters) Require(!parameter.name.empty());
    }
  }
  std::string decoded;
  if (PercentDecode(text, &decoded)) Require(decoded.size() <= text.size());
}

void CheckRoute(std::string_view text) {
  static Router& router = *new Router({
      {HttpMethod::kGet, "/api/v1/keys/{key}", nullptr, nullptr},
      {HttpMethod::kPost, "/api/v1/keys:batchGet", nullptr, nullptr},
  });
  HttpRequest request;
  request.method = HttpMethod::kGet;
  request.target = std::string(text);
  const Admission admission = router.Admit(request);
  Require(admission.refusal.has_value() == (request.route == HttpRequest::kNoRoute));
  Require(IsInside(request.parameter, request.target));
  Require(request.parameter.find('/') == std::string_view::npos);
}

void CheckRoundTrip(std::string_view key) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string encoded;
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kDigits[byte >> 4];
    encoded += kDigits[byte & 15];
  }
  std::string decoded;
  Require(PercentDecode(encoded, &decoded) && decoded == key);
  // As the fixed part of a path both are the same, but for an encoded slash.
  std::string_view rest = encoded;
  Require(SkipLiteral(key, &rest) == (key.find('/') == std::string_view::npos));
  rest = key;
  const bool plain = key.find('%') == std::string_view::npos;
  Require(!plain || (SkipLiteral(key, &rest) && rest.empty()));
}

// What is taken for a literal stands for it, and nothing else does.
void CheckLiteral(std::string_view path) {
  constexpr std::string_view kLiteral = "/api/v1/keys:batchGet";
  std::string_view rest = path;
  if (!SkipLiteral(kLiteral, &rest)) {
    Require(rest == path);
    return;
  }
  Require(IsInside(rest, path));
  std::string decoded;
  Require(PercentDecode(path.substr(0, path.size() - rest.size()), &decoded) &&
          decoded == kLiteral);
}

}  // namespace
}  // namespace kache

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  kache::CheckParts(text);
  kache::CheckRoute(text);
  kache::CheckRoundTrip(text);
  kache::CheckLiteral(text);
  return 0;
}
