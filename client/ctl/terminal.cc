#include "client/ctl/terminal.h"

#include <unistd.h>

#include <cstdlib>

#include "absl/strings/str_format.h"
#include "base/strings.h"
#include "base/utf8.h"

namespace kache::ctl {
namespace {

std::string_view Code(Tone tone) {
  switch (tone) {
    case Tone::kGood:
      return "32";
    case Tone::kWarning:
      return "33";
    case Tone::kBad:
      return "31";
    case Tone::kFaint:
      return "2";
    case Tone::kBold:
      return "1";
    case Tone::kPlain:
      break;
  }
  return "";
}

bool IsControl(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

}  // namespace

std::string Paint(std::string_view text, Tone tone, bool colour) {
  if (!colour || tone == Tone::kPlain || text.empty()) return std::string(text);
  return Concat("\x1b[", Code(tone), "m", text, "\x1b[0m");
}

std::string Printable(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const Utf8Character next = NextUtf8(text);
    if (next.valid && !IsControl(next.code_point)) {
      shown.append(text.substr(0, next.bytes));
    } else {
      for (const char byte : text.substr(0, next.bytes)) {
        shown += absl::StrFormat("\\x%02x", static_cast<unsigned char>(byte));
      }
    }
    text.remove_prefix(next.bytes);
  }
  return shown;
}

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  for (const char byte : text) width += (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
  return width;
}

bool WantsColour(int fd) {
  const char* const no_color = std::getenv("NO_COLOR");
  const char* const term = std::getenv("TERM");
  if (no_color != nullptr && *no_color != '\0') return false;
  return term != nullptr && std::string_view(term) != "dumb" && isatty(fd) == 1;
}

}  // namespace kache::ctl
