#include "base/near_name.h"

#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "base/strings.h"

namespace kache {

bool IsNearName(std::string_view a, std::string_view b) {
  std::string shorter = absl::AsciiStrToUpper(ToAbsl(a));
  std::string longer = absl::AsciiStrToUpper(ToAbsl(b));
  if (shorter.size() > longer.size()) std::swap(shorter, longer);
  if (longer.size() - shorter.size() > 1) return false;

  size_t at = 0;  // the first difference
  while (at < shorter.size() && shorter[at] == longer[at]) ++at;
  if (shorter.size() < longer.size()) return shorter.substr(at) == longer.substr(at + 1);
  if (at == shorter.size()) return true;
  if (shorter.substr(at + 1) == longer.substr(at + 1)) return true;
  return at + 1 < shorter.size() && shorter[at] == longer[at + 1] &&
         shorter[at + 1] == longer[at] && shorter.substr(at + 2) == longer.substr(at + 2);
}

}  // namespace kache
