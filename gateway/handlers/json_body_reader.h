// Takes the events of Boost.JSON's parser and fills a JsonBody, refusing what does not belong
// there as soon as it is seen.
#ifndef KACHE_GATEWAY_HANDLERS_JSON_BODY_READER_H_
#define KACHE_GATEWAY_HANDLERS_JSON_BODY_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "boost/json/error.hpp"
#include "boost/json/string_view.hpp"
#include "gateway/handlers/json_body.h"

namespace kache::gateway {

class JsonBodyReader {
 public:
  JsonBodyReader(JsonSchema schema, size_t max_keys, JsonBody* body)
      : schema_(schema), max_keys_(max_keys), body_(body) {}

  // Set when an event was refused.
  const MaybeProblem& problem() const { return problem_; }

  // What boost::json::basic_parser asks of its handler. Strings and names come in parts; `n` is
  // their size so far. False (with `error` set) stops the parser.
  using Error = boost::system::error_code;
  using Text = boost::json::string_view;
  static constexpr size_t max_object_size = static_cast<size_t>(-1);
  static constexpr size_t max_array_size = static_cast<size_t>(-1);
  static constexpr size_t max_key_size = static_cast<size_t>(-1);
  static constexpr size_t max_string_size = static_cast<size_t>(-1);
  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error& error);
  bool on_object_end(size_t n, Error& error);
  bool on_array_begin(Error& error);
  bool on_array_end(size_t n, Error& error);
  bool on_key_part(Text part, size_t n, Error& error);
  bool on_key(Text part, size_t n, Error& error);
  bool on_string_part(Text part, size_t n, Error& error);
  bool on_string(Text part, size_t n, Error& error);
  bool on_number_part(Text, Error&) { return true; }
  bool on_int64(int64_t value, Text, Error& error);
  bool on_uint64(uint64_t value, Text, Error& error);
  bool on_double(double value, Text, Error& error);
  bool on_bool(bool value, Error& error);
  bool on_null(Error& error);
  bool on_comment_part(Text, Error&) { return true; }
  bool on_comment(Text, Error&) { return true; }

 private:
  enum class Place : uint8_t { kBefore, kTop, kKeys, kEntries, kEntry, kStamps };
  enum class Field : uint8_t {
    kKey,
    kValue,
    kTtl,
    kTtlMs,
    kEncoding,
    kKeyEncoding,
    kKeys,
    kEntries,
    kStamp,
    kStamps,
    kLeaseMs,
    kWaitMs,
    kNone
  };
  static constexpr size_t kMaxNameBytes = 64;

  static Field FieldNamed(std::string_view name);
  static std::string_view Type(Field field);
  bool Allowed(Field field) const;
  static constexpr uint32_t Bit(Field field) { return 1u << static_cast<uint32_t>(field); }

  bool Refuse(std::string message, Error& error, std::string_view code = "BAD_JSON");
  bool RefuseType(Error& error);
  // Where the string that is being read goes; null when no string belongs here.
  std::string* StringTarget();
  bool ReadEncoding(TextEncoding* encoding, Error& error);
  bool ReadStamp(v1::Stamp* stamp, Error& error);
  // The string being read is a stamp, an encoding.
  bool InStamp() const;
  bool InEncoding() const;
  bool RefuseTooMany(Error& error);
  bool ReadDuration(int64_t value, Error& error);
  bool CheckFields(uint32_t required, Error& error);

  const JsonSchema schema_;
  const size_t max_keys_;
  JsonBody* const body_;
  MaybeProblem problem_;

  Place place_ = Place::kBefore;
  Field field_ = Field::kNone;
  JsonEntry* entry_ = nullptr;  // whose fields are being read
  uint32_t seen_ = 0;           // fields of the object being read
  uint32_t seen_at_top_ = 0;
  std::string name_;
  std::string short_text_;  // an encoding or a stamp, until it is whole
  bool in_string_ = false;
};

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_JSON_BODY_READER_H_
