#include "base/request_name.h"

#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"
#include "base/strings.h"

namespace kache {
namespace {

constexpr size_t kTraceparentBytes = 55;
constexpr size_t kTraceIdBegin = 3;
constexpr size_t kTraceIdBytes = 32;
constexpr size_t kParentIdBegin = 36;
constexpr size_t kParentIdBytes = 16;

bool IsLowerHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(std::string_view digits) {
  return digits.find_first_not_of('0') == std::string_view::npos;
}

uint64_t RandomSeed() {
  std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

}  // namespace

bool IsRequestId(std::string_view text) {
  return !text.empty() && text.size() <= kMaxRequestIdBytes &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) ||
                  std::string_view("._-~:/+=@").find(static_cast<char>(c)) !=
                      std::string_view::npos;
         });
}

bool IsTraceparent(std::string_view text) {
  if (text.size() < kTraceparentBytes) return false;
  const std::string_view version = text.substr(0, 2);
  if (!IsLowerHex(version) || version == "ff") return false;
  const bool longer = text.size() > kTraceparentBytes;
  if (longer &&
      (version == "00" || text[kTraceparentBytes] != '-' || text.size() > kMaxRequestIdBytes)) {
    return false;
  }
  const std::string_view trace_id = text.substr(kTraceIdBegin, kTraceIdBytes);
  const std::string_view parent_id = text.substr(kParentIdBegin, kParentIdBytes);
  return text[2] == '-' && text[35] == '-' && text[52] == '-' && IsLowerHex(trace_id) &&
         !IsZero(trace_id) && IsLowerHex(parent_id) && !IsZero(parent_id) &&
         IsLowerHex(text.substr(53, 2)) &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return absl::ascii_isgraph(c); });
}

// SplitMix64: each thread has a sequence of its own, from a random place.
uint64_t NewRequestNumber() {
  thread_local uint64_t state = RandomSeed();
  uint64_t mixed = (state += 0x9E3779B97F4A7C15);
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
  mixed ^= mixed >> 31;
  return mixed == 0 ? 1 : mixed;
}

std::string RequestName::IdText() const {
  if (!id.empty() || number == 0) return id;
  return absl::StrCat(absl::Hex(number, absl::kZeroPad16));
}

std::string RequestName::LogText() const {
  std::string text;
  if (!id.empty() || number != 0) Append(&text, " request_id=", IdText());
  if (!traceparent.empty()) {
    Append(&text, " trace_id=", std::string_view(traceparent).substr(kTraceIdBegin, kTraceIdBytes));
  }
  return text;
}

}  // namespace kache
