#include "base/base64.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace kache {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kNotInAlphabet = 0xFF;

constexpr std::array<uint8_t, 256> MakeValues() {
  std::array<uint8_t, 256> values = {};
  for (uint8_t& value : values) value = kNotInAlphabet;
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<uint8_t>(i);
  }
  return values;
}
constexpr std::array<uint8_t, 256> kValues = MakeValues();

uint32_t ByteAt(std::string_view bytes, size_t i) {
  return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0;
}

}  // namespace

void AppendBase64(std::string_view bytes, std::string* text) {
  text->reserve(text->size() + (bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const uint32_t group =
        ByteAt(bytes, i) << 16 | ByteAt(bytes, i + 1) << 8 | ByteAt(bytes, i + 2);
    const size_t left = bytes.size() - i;
    text->push_back(kAlphabet[group >> 18]);
    text->push_back(kAlphabet[group >> 12 & 63]);
    text->push_back(left > 1 ? kAlphabet[group >> 6 & 63] : '=');
    text->push_back(left > 2 ? kAlphabet[group & 63] : '=');
  }
}

bool DecodeBase64(std::string_view text, std::string* bytes) {
  bytes->clear();
  if (text.size() % 4 != 0) return false;
  if (text.empty()) return true;
  size_t padding = 0;
  if (text.back() == '=') padding = text[text.size() - 2] == '=' ? 2 : 1;
  bytes->reserve(text.size() / 4 * 3);
  uint32_t group = 0;
  for (size_t i = 0; i < text.size() - padding; ++i) {
    const uint8_t value = kValues[static_cast<unsigned char>(text[i])];
    if (value == kNotInAlphabet) return false;
    group = group << 6 | value;
    if (i % 4 != 3) continue;
    bytes->push_back(static_cast<char>(group >> 16));
    bytes->push_back(static_cast<char>(group >> 8));
    bytes->push_back(static_cast<char>(group));
    group = 0;
  }
  if (padding == 2) {
    if ((group & 0xF) != 0) return false;
    bytes->push_back(static_cast<char>(group >> 4));
  } else if (padding == 1) {
    if ((group & 0x3) != 0) return false;
    bytes->push_back(static_cast<char>(group >> 10));
    bytes->push_back(static_cast<char>(group >> 2));
  }
  return true;
}

}  // namespace kache
