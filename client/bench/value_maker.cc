#include "client/bench/value_maker.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/strings.h"
#include "client/bench/key_chooser.h"

namespace kache::bench {
namespace {

constexpr uint64_t kMaxBytes = 64 * 1024 * 1024;
// Key and write number stand in front of the pattern, where there is room for them.
constexpr size_t kHeaderBytes = 16;

struct Suffix {
  std::string_view text;
  uint64_t factor;
};
constexpr Suffix kSuffixes[] = {{"KiB", 1024}, {"MiB", 1024 * 1024}, {"K", 1024}, {"M", 1 << 20}};

bool ParseBytes(std::string_view text, size_t* bytes) {
  uint64_t factor = 1;
  for (const Suffix& suffix : kSuffixes) {
    if (text.size() <= suffix.text.size() || !text.ends_with(suffix.text)) continue;
    text.remove_suffix(suffix.text.size());
    factor = suffix.factor;
    break;
  }
  uint64_t number = 0;
  if (!absl::SimpleAtoi(ToAbsl(text), &number) || number > kMaxBytes / factor) return false;
  *bytes = number * factor;
  return true;
}

uint64_t PatternSeed(uint64_t key, uint64_t write) { return Mix(Mix(key) ^ write); }

void AppendPattern(uint64_t seed, size_t bytes, std::string* value) {
  for (size_t i = 0; i < bytes; i += sizeof(uint64_t)) {
    const uint64_t word = Mix(seed + i);
    value->append(reinterpret_cast<const char*>(&word), std::min(sizeof(word), bytes - i));
  }
}

}  // namespace

absl::StatusOr<ValueSizes> ValueSizes::Parse(std::string_view text) {
  ValueSizes sizes;
  for (const auto part : absl::StrSplit(ToAbsl(text), ',')) {
    std::string_view range_text = ToStd(part);
    Range range;
    const size_t colon = range_text.find(':');
    bool valid = colon == std::string_view::npos ||
                 absl::SimpleAtoi(ToAbsl(range_text.substr(colon + 1)), &range.weight);
    range_text = range_text.substr(0, colon);
    const size_t dash = range_text.find('-');
    valid = valid && ParseBytes(range_text.substr(0, dash), &range.min);
    range.max = range.min;
    if (dash != std::string_view::npos) {
      valid = valid && ParseBytes(range_text.substr(dash + 1), &range.max);
    }
    if (!valid || range.max < range.min || range.weight == 0 || range.weight > 1'000'000) {
      return absl::InvalidArgumentError(
          Concat("\"", text, "\" are no sizes: write 100, 10-1000, 4KiB or 100:99,1MiB:1"));
    }
    sizes.weights_ += range.weight;
    sizes.ranges_.push_back(range);
  }
  return sizes;
}

size_t ValueSizes::Pick(uint64_t random) const {
  uint64_t weight = random % weights_;
  size_t i = 0;
  for (; weight >= ranges_[i].weight; ++i) weight -= ranges_[i].weight;
  return ranges_[i].min + Mix(random) % (ranges_[i].max - ranges_[i].min + 1);
}

void ValueMaker::Make(uint64_t key, uint64_t write, std::string* value) const {
  size_t bytes = sizes_.Pick(PatternSeed(key, write));
  value->clear();
  if (bytes < kHeaderBytes) {
    // No room to say which write it was: all writes of the key look alike.
    bytes = std::min(bytes, kHeaderBytes);
    AppendPattern(PatternSeed(key, 0), bytes, value);
    return;
  }
  value->reserve(bytes);
  value->append(reinterpret_cast<const char*>(&key), sizeof(key));
  value->append(reinterpret_cast<const char*>(&write), sizeof(write));
  AppendPattern(PatternSeed(key, write), bytes - kHeaderBytes, value);
}

absl::Status ValueMaker::Verify(uint64_t key, std::string_view value) const {
  uint64_t write = 0;
  std::string wanted;
  if (value.size() < kHeaderBytes) {
    AppendPattern(PatternSeed(key, 0), value.size(), &wanted);
    if (value == wanted) return absl::OkStatus();
    return absl::DataLossError(Concat("a short value of key ", key, " holds other bytes"));
  }
  uint64_t holds = 0;
  std::memcpy(&holds, value.data(), sizeof(holds));
  std::memcpy(&write, value.data() + sizeof(holds), sizeof(write));
  if (holds != key) return absl::DataLossError(Concat("key ", key, " holds another key's value"));
  Make(key, write, &wanted);
  if (value.size() != wanted.size()) {
    return absl::DataLossError(Concat("the value of key ", key, " has ", value.size(),
                                      " bytes in the place of ", wanted.size()));
  }
  if (value == wanted) return absl::OkStatus();
  return absl::DataLossError(Concat("the value of key ", key, " is damaged"));
}

}  // namespace kache::bench
