#include "base/memory_sum.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "base/strings.h"

namespace kache {
namespace {

std::string MebibytesText(uint64_t bytes) {
  return absl::StrFormat("%.1f MiB", static_cast<double>(bytes) / (1 << 20));
}

}  // namespace

void MemorySum::Add(std::string what, uint64_t bytes) {
  parts_.push_back({std::move(what), bytes});
  bytes_ += bytes;
}

std::string MemorySum::Text() const {
  std::string text;
  for (const Part& part : parts_) {
    Append(&text, text.empty() ? "" : " + ", part.what, " ", MebibytesText(part.bytes));
  }
  Append(&text, " = ", MebibytesText(bytes_));
  return text;
}

std::string DoesNotFitText(const MemorySum& sum, uint64_t limit) {
  return Concat("the settings allow more than the memory limit of ", MebibytesText(limit),
                " (cgroup): ", sum.Text(), "; lower a setting or raise the limit");
}

}  // namespace kache
