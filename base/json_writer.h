// Writes JSON into a string, without building a document first.
//
//   JsonWriter json;
//   json.BeginObject().Member("name", "cache-a").Member("share", 0.25).Key("keys").BeginArray();
//   for (const std::string& key : keys) json.Value(key);
//   json.EndArray().EndObject();
//   json.text()   // {"name":"cache-a","share":0.25,"keys":["a","b"]}
//
// Thread-compatible, no errors. Whether objects and arrays are closed, and members named, is the
// caller's business.
#ifndef KACHE_BASE_JSON_WRITER_H_
#define KACHE_BASE_JSON_WRITER_H_

#include <concepts>
#include <string>
#include <string_view>

namespace kache {

// Appends `text` quoted and escaped. Requires: `text` is UTF-8 (IsUtf8); it is copied unchecked.
void AppendJsonString(std::string_view text, std::string* json);

class JsonWriter {
 public:
  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }
  JsonWriter& Key(std::string_view name);

  // What is not UTF-8 in `text` becomes U+FFFD.
  JsonWriter& Value(std::string_view text);
  JsonWriter& Value(const char* text) { return Value(std::string_view(text)); }
  // Shortest form that keeps 6 digits; null where JSON has no number (infinity, not a number).
  JsonWriter& Value(double number);
  template <std::same_as<bool> Boolean>
  JsonWriter& Value(Boolean value) {
    return Raw(value ? "true" : "false");
  }
  template <std::integral Integer>
  requires(!std::same_as<Integer, bool>) JsonWriter& Value(Integer number) {
    return Raw(std::to_string(number));
  }

  template <class T>
  JsonWriter& Member(std::string_view name, const T& value) {
    return Key(name).Value(value);
  }

  const std::string& text() const { return text_; }

 private:
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);
  // Appends a whole value that is JSON already.
  JsonWriter& Raw(std::string_view json);

  std::string text_;
  bool comma_ = false;  // before the next value or name
};

}  // namespace kache

#endif  // KACHE_BASE_JSON_WRITER_H_
