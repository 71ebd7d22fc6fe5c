#include "client/version_text.h"

#include <cstddef>
#include <cstdint>
#include <tuple>

#include "base/strings.h"

namespace kache {
namespace {

constexpr size_t kHalfDigits = 16;

bool ParseHex(std::string_view digits, uint64_t* value) {
  *value = 0;
  for (const char c : digits) {
    int digit = -1;
    if (c >= '0' && c <= '9') digit = c - '0';
    if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
    if (digit < 0) return false;
    *value = *value << 4 | static_cast<uint64_t>(digit);
  }
  return true;
}

}  // namespace

void AppendVersionText(const v1::Version& version, std::string* text) {
  Append(text, absl::Hex(version.timestamp(), absl::kZeroPad16), "-",
         absl::Hex(version.clock(), absl::kZeroPad16));
}

std::string VersionText(const v1::Version& version) {
  std::string text;
  AppendVersionText(version, &text);
  return text;
}

bool ParseVersionText(std::string_view text, v1::Version* version) {
  if (text.size() != 2 * kHalfDigits + 1 || text[kHalfDigits] != '-') return false;
  uint64_t timestamp = 0;
  uint64_t clock = 0;
  if (!ParseHex(text.substr(0, kHalfDigits), &timestamp) ||
      !ParseHex(text.substr(kHalfDigits + 1), &clock)) {
    return false;
  }
  version->set_timestamp(timestamp);
  version->set_clock(clock);
  return true;
}

bool IsNewer(const v1::Version& version, const v1::Version& than) {
  return std::make_tuple(version.timestamp(), version.clock()) >
         std::make_tuple(than.timestamp(), than.clock());
}

}  // namespace kache
