#include "base/dotenv.h"

#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"

namespace kache {
namespace {

constexpr size_t kMaxMistakes = 100;
constexpr std::string_view kExport = "export";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
}

std::string_view TrimLeft(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  return text;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return TrimLeft(text);
}

std::optional<char> Unescape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case '"':
    case '\\':
    case '$':
      return c;
    default:
      return std::nullopt;
  }
}

// `text` starts with the opening quote.
absl::StatusOr<std::string> ParseQuoted(std::string_view text) {
  const char quote = text.front();
  std::string value;
  size_t i = 1;
  for (; i < text.size() && text[i] != quote; ++i) {
    if (quote == '\'' || text[i] != '\\') {
      value += text[i];
      continue;
    }
    const std::optional<char> c = i + 1 < text.size() ? Unescape(text[++i]) : std::optional<char>();
    if (!c) return absl::InvalidArgumentError("a backslash that begins no known escape");
    value += *c;
  }
  if (i >= text.size()) return absl::InvalidArgumentError("the closing quote is missing");
  const std::string_view rest = TrimLeft(text.substr(i + 1));
  if (!rest.empty() && rest.front() != '#') {
    return absl::InvalidArgumentError("text after the closing quote");
  }
  return value;
}

// `text` is what follows the '='.
absl::StatusOr<std::string> ParseValue(std::string_view text) {
  const std::string_view trimmed = TrimLeft(text);
  if (!trimmed.empty() && (trimmed.front() == '"' || trimmed.front() == '\'')) {
    return ParseQuoted(trimmed);
  }
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '#' && IsBlank(text[i - 1])) {
      text = text.substr(0, i);
      break;
    }
  }
  return std::string(Trim(text));
}

// A line that is neither blank nor a comment.
absl::StatusOr<Dotenv::Entry> ParseLine(std::string_view line) {
  if (std::any_of(line.begin(), line.end(), [](char c) {
        return c != '\t' && absl::ascii_iscntrl(static_cast<unsigned char>(c));
      })) {
    return absl::InvalidArgumentError("a control character");
  }
  if (line.starts_with(kExport) && line.size() > kExport.size() && IsBlank(line[kExport.size()])) {
    line = TrimLeft(line.substr(kExport.size()));
  }
  const size_t equals = line.find('=');
  if (equals == std::string_view::npos) return absl::InvalidArgumentError("must be NAME=value");
  const std::string_view name = Trim(line.substr(0, equals));
  if (name.empty() || absl::ascii_isdigit(static_cast<unsigned char>(name.front())) ||
      !std::all_of(name.begin(), name.end(), IsNameCharacter)) {
    return absl::InvalidArgumentError(
        "before the '=' must stand a name of letters, digits and '_'");
  }
  absl::StatusOr<std::string> value = ParseValue(line.substr(equals + 1));
  if (!value.ok()) return value.status();
  return Dotenv::Entry{.name = std::string(name), .value = *std::move(value)};
}

}  // namespace

Dotenv ParseDotenv(std::string_view text) {
  Dotenv result;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  for (int number = 1; !text.empty() && result.mistakes.size() < kMaxMistakes; ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = Trim(line);
    if (line.empty() || line.front() == '#') continue;
    absl::StatusOr<Dotenv::Entry> entry = ParseLine(line);
    if (entry.ok()) {
      entry->line = number;
      result.entries.push_back(*std::move(entry));
    } else {
      result.mistakes.push_back({number, std::string(entry.status().message())});
    }
  }
  return result;
}

}  // namespace kache
