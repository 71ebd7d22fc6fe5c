#include "base/log_line.h"

#include <array>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "base/strings.h"
#include "base/utf8.h"

namespace kache {
namespace {

// Escapes JSON and text share the names of.
std::string_view ShortEscape(char32_t c) {
  switch (c) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return {};
  }
}

// C0, DEL, C1 and the two Unicode line separators, which some viewers break lines at.
bool IsControl(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029;
}

void AppendEscaped(LogFormat format, std::string_view text, std::string* line) {
  const bool json = format == LogFormat::kJson;
  while (!text.empty()) {
    const Utf8Character c = NextUtf8(text);
    const std::string_view bytes = text.substr(0, c.bytes);
    text.remove_prefix(c.bytes);
    if (!c.valid) {
      if (json) {
        Append(line, "\\ufffd");
      } else {
        absl::StrAppendFormat(line, "\\x%02x", static_cast<unsigned char>(bytes.front()));
      }
    } else if (IsControl(c.code_point)) {
      const std::string_view escape = ShortEscape(c.code_point);
      Append(line, escape);
      if (escape.empty()) absl::StrAppendFormat(line, "\\u%04x", uint32_t{c.code_point});
    } else {
      if (json && (c.code_point == '"' || c.code_point == '\\')) line->push_back('\\');
      Append(line, bytes);
    }
  }
}

std::string_view LevelName(spdlog::level::level_enum level) {
  static constexpr std::array<std::string_view, 7> kNames = {"trace", "debug",    "info", "warn",
                                                             "error", "critical", "off"};
  const auto index = static_cast<size_t>(level);
  return index < kNames.size() ? kNames[index] : "unknown";
}

class LineFormatter final : public spdlog::formatter {
 public:
  LineFormatter(LogFormat format, std::string program)
      : format_(format), program_(std::move(program)) {}

  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& dest) override {
    const std::string time =
        absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::FromChrono(msg.time), absl::UTCTimeZone());
    const std::string_view text(msg.payload.data(), msg.payload.size());
    std::string line;
    line.reserve(text.size() + 128);
    if (format_ == LogFormat::kJson) {
      Append(&line, R"({"ts":")", time, R"(","level":")", LevelName(msg.level), R"(","program":")");
      AppendEscaped(format_, program_, &line);
      Append(&line, R"(","msg":")");
      AppendEscaped(format_, text, &line);
      Append(&line, "\"}\n");
    } else {
      Append(&line, time, " ", LevelName(msg.level), " ");
      AppendEscaped(format_, program_, &line);
      line.push_back(' ');
      AppendEscaped(format_, text, &line);
      line.push_back('\n');
    }
    dest.append(line.data(), line.data() + line.size());
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<LineFormatter>(format_, program_);
  }

 private:
  const LogFormat format_;
  const std::string program_;
};

}  // namespace

std::unique_ptr<spdlog::formatter> NewLogFormatter(LogFormat format, std::string program) {
  return std::make_unique<LineFormatter>(format, std::move(program));
}

}  // namespace kache
