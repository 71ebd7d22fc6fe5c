#include "base/json_writer.h"

#include <array>
#include <cmath>
#include <cstddef>

#include "absl/strings/str_format.h"
#include "base/utf8.h"

namespace kache {
namespace {

// 0 for a byte that stands for itself, otherwise the letter after the backslash ('u' for \u00XX).
constexpr std::array<char, 256> MakeEscapes() {
  std::array<char, 256> escapes = {};
  for (size_t c = 0; c < 0x20; ++c) escapes[c] = 'u';
  escapes['\b'] = 'b';
  escapes['\f'] = 'f';
  escapes['\n'] = 'n';
  escapes['\r'] = 'r';
  escapes['\t'] = 't';
  escapes['"'] = '"';
  escapes['\\'] = '\\';
  return escapes;
}
constexpr std::array<char, 256> kEscapes = MakeEscapes();
constexpr std::string_view kHexDigits = "0123456789abcdef";

}  // namespace

void AppendJsonString(std::string_view text, std::string* json) {
  json->push_back('"');
  size_t copied = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const char escape = kEscapes[byte];
    if (escape == 0) continue;
    json->append(text.substr(copied, i - copied));
    copied = i + 1;
    json->push_back('\\');
    json->push_back(escape);
    if (escape == 'u') {
      json->append("00");
      json->push_back(kHexDigits[byte >> 4]);
      json->push_back(kHexDigits[byte & 15]);
    }
  }
  json->append(text.substr(copied));
  json->push_back('"');
}

JsonWriter& JsonWriter::Key(std::string_view name) {
  Value(name);
  text_.push_back(':');
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::Value(std::string_view text) {
  if (comma_) text_.push_back(',');
  comma_ = true;
  if (IsUtf8(text)) {
    AppendJsonString(text, &text_);
    return *this;
  }
  std::string valid;
  while (!text.empty()) {
    const Utf8Character next = NextUtf8(text);
    valid.append(next.valid ? text.substr(0, next.bytes) : "\xEF\xBF\xBD");
    text.remove_prefix(next.bytes);
  }
  AppendJsonString(valid, &text_);
  return *this;
}

JsonWriter& JsonWriter::Value(double number) {
  return Raw(std::isfinite(number) ? absl::StrFormat("%.6g", number) : "null");
}

JsonWriter& JsonWriter::Raw(std::string_view json) {
  if (comma_) text_.push_back(',');
  comma_ = true;
  text_.append(json);
  return *this;
}

JsonWriter& JsonWriter::Open(char bracket) {
  Raw({&bracket, 1});
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::Close(char bracket) {
  text_.push_back(bracket);
  comma_ = true;
  return *this;
}

}  // namespace kache
