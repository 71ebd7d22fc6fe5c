#include "gateway/handlers/stamp.h"

#include <string>
#include <utility>

#include "base/strings.h"
#include "client/version_text.h"
#include "gateway/handlers/whole_number.h"

namespace kache::gateway {
namespace {

constexpr int64_t kMaxUnixMs = (int64_t{1} << 48) - 1;  // the milliseconds that a version holds
constexpr std::string_view kMadeAt = "made-at=";
constexpr std::string_view kAbove = "above=";
constexpr std::string_view kLease = "lease";
constexpr size_t kHashDigits = 4;  // of a version's text

// The part of `text` before the first ';'. Takes it off, with the ';'; nothing is left after the
// last part.
std::string_view TakePart(std::optional<std::string_view>* text) {
  const size_t end = (*text)->find(';');
  const std::string_view part = Trimmed((*text)->substr(0, end));
  if (end == std::string_view::npos) {
    text->reset();
  } else {
    (*text)->remove_prefix(end + 1);
  }
  return part;
}

bool TakePrefix(std::string_view prefix, std::string_view* text) {
  if (text->substr(0, prefix.size()) != prefix) return false;
  text->remove_prefix(prefix.size());
  return true;
}

bool ParseVersionPart(std::string_view text, v1::Stamp* stamp) {
  v1::Version version;
  if (!ParseVersionText(Concat(text, "0000"), &version) || version.clock() == 0) return false;
  stamp->set_timestamp(version.timestamp());
  stamp->set_clock(version.clock());
  return true;
}

bool ParseParameter(std::string_view text, v1::Stamp* stamp) {
  if (TakePrefix(kMadeAt, &text)) {
    const std::optional<int64_t> ms = ParseWholeNumber(text, kMaxUnixMs);
    if (!ms || *ms == 0 || stamp->made_at_unix_ms() != 0) return false;
    stamp->set_made_at_unix_ms(*ms);
    return true;
  }
  if (text == kLease) {
    if (stamp->lease()) return false;
    stamp->set_lease(true);
    return true;
  }
  return TakePrefix(kAbove, &text) && !stamp->has_above() &&
         ParseVersionText(text, stamp->mutable_above());
}

}  // namespace

std::string LeaseText(const v1::Stamp& lease) {
  v1::Version version;
  version.set_timestamp(lease.timestamp());
  version.set_clock(lease.clock());
  const std::string text = VersionText(version);
  return Concat(text.substr(0, text.size() - kHashDigits), ";", kLease);
}

bool ParseStampText(std::string_view text, v1::Stamp* stamp) {
  v1::Stamp parsed;
  std::optional<std::string_view> rest = text;
  if (!ParseVersionPart(TakePart(&rest), &parsed)) return false;
  while (rest) {
    if (!ParseParameter(TakePart(&rest), &parsed)) return false;
  }
  *stamp = std::move(parsed);
  return true;
}

MaybeProblem ReadStamp(const HttpRequest& request, std::optional<v1::Stamp>* stamp) {
  stamp->reset();
  const std::optional<std::string_view> text = request.headers.Find(kStampHeader);
  if (!text) return std::nullopt;
  if (request.headers.Count(kStampHeader) > 1 || !ParseStampText(*text, &stamp->emplace())) {
    return Problem{400, kBadStamp, kBadStampMessage};
  }
  return std::nullopt;
}

void AddClusterTime(int64_t cluster_time_unix_ms, HttpResponse* response) {
  if (cluster_time_unix_ms == 0) return;
  response->AddHeader("Kache-Cluster-Time", Concat(cluster_time_unix_ms));
}

}  // namespace kache::gateway
