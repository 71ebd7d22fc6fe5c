#include "gateway/handlers/json_body_reader.h"

#include <limits>
#include <utility>

#include "base/strings.h"
#include "gateway/handlers/stamp.h"
#include "gateway/handlers/ttl.h"

namespace kache::gateway {

JsonBodyReader::Field JsonBodyReader::FieldNamed(std::string_view name) {
  if (name == "key") return Field::kKey;
  if (name == "value") return Field::kValue;
  if (name == "ttl") return Field::kTtl;
  if (name == "ttlMs") return Field::kTtlMs;
  if (name == "encoding") return Field::kEncoding;
  if (name == "keyEncoding") return Field::kKeyEncoding;
  if (name == "keys") return Field::kKeys;
  if (name == "entries") return Field::kEntries;
  if (name == "stamp") return Field::kStamp;
  if (name == "stamps") return Field::kStamps;
  if (name == "leaseMs") return Field::kLeaseMs;
  if (name == "waitMs") return Field::kWaitMs;
  return Field::kNone;
}

// How a person would say what the field takes.
std::string_view JsonBodyReader::Type(Field field) {
  switch (field) {
    case Field::kKeys:
      return "\"keys\" is an array of strings";
    case Field::kEntries:
      return "\"entries\" is an array of objects";
    case Field::kKey:
      return "\"key\" is a string";
    case Field::kValue:
      return "\"value\" is a string";
    case Field::kEncoding:
      return "\"encoding\" is a string";
    case Field::kKeyEncoding:
      return "\"keyEncoding\" is a string";
    case Field::kTtl:
    case Field::kTtlMs:
    case Field::kStamp:
    case Field::kStamps:
    case Field::kLeaseMs:
    case Field::kWaitMs:
    case Field::kNone:
      break;
  }
  return "the body is a JSON object";
}

bool JsonBodyReader::Allowed(Field field) const {
  uint32_t allowed = 0;
  if (place_ == Place::kEntry) {
    allowed = Bit(Field::kKey) | Bit(Field::kKeyEncoding) | Bit(Field::kValue) | Bit(Field::kTtl) |
              Bit(Field::kTtlMs) | Bit(Field::kEncoding) | Bit(Field::kStamp);
  } else if (schema_ == JsonSchema::kPut) {
    allowed = Bit(Field::kValue) | Bit(Field::kTtl) | Bit(Field::kTtlMs) | Bit(Field::kEncoding);
  } else if (schema_ == JsonSchema::kTouch) {
    allowed = Bit(Field::kTtl) | Bit(Field::kTtlMs);
  } else if (schema_ == JsonSchema::kLease) {
    allowed = Bit(Field::kLeaseMs) | Bit(Field::kWaitMs);
  } else if (schema_ == JsonSchema::kBatchGet) {
    allowed = Bit(Field::kKeys) | Bit(Field::kKeyEncoding) | Bit(Field::kEncoding);
  } else if (schema_ == JsonSchema::kBatchDelete) {
    allowed = Bit(Field::kKeys) | Bit(Field::kKeyEncoding) | Bit(Field::kStamps);
  } else {
    allowed = Bit(Field::kEntries);
  }
  return field != Field::kNone && (allowed & Bit(field)) != 0;
}

bool JsonBodyReader::Refuse(std::string message, Error& error, std::string_view code) {
  problem_ = Problem{400, code, std::move(message)};
  error = make_error_code(boost::system::errc::invalid_argument);
  return false;
}

bool JsonBodyReader::RefuseType(Error& error) {
  if (field_ == Field::kTtl) return Refuse(kBadTtlMessage, error, kBadTtl);
  if (field_ == Field::kTtlMs) return Refuse(kBadTtlMsMessage, error, kBadTtl);
  if (field_ == Field::kLeaseMs || field_ == Field::kWaitMs) {
    return Refuse(kBadLeaseMessage, error, kBadLease);
  }
  if (field_ == Field::kStamp) return Refuse(kBadStampMessage, error, kBadStamp);
  if (field_ == Field::kStamps) {
    return Refuse(Concat("\"stamps\" is an array of strings; ", kBadStampMessage), error,
                  kBadStamp);
  }
  return Refuse(std::string(Type(field_)), error);
}

bool JsonBodyReader::on_object_begin(Error& error) {
  if (place_ == Place::kBefore) {
    place_ = Place::kTop;
    entry_ = &body_->top;
    return true;
  }
  if (place_ != Place::kEntries) return RefuseType(error);
  if (body_->entries.size() == max_keys_) return RefuseTooMany(error);
  place_ = Place::kEntry;
  entry_ = &body_->entries.emplace_back();
  seen_at_top_ = std::exchange(seen_, 0);
  return true;
}

bool JsonBodyReader::on_object_end(size_t /*n*/, Error& error) {
  if (place_ == Place::kEntry) {
    if (!CheckFields(Bit(Field::kKey) | Bit(Field::kValue), error)) return false;
    place_ = Place::kEntries;
    field_ = Field::kEntries;
    entry_ = &body_->top;
    seen_ = seen_at_top_;
    return true;
  }
  if (schema_ == JsonSchema::kPut) return CheckFields(Bit(Field::kValue), error);
  if (schema_ == JsonSchema::kLease) return true;
  if (schema_ == JsonSchema::kTouch) {
    const bool has_life = (seen_ & (Bit(Field::kTtl) | Bit(Field::kTtlMs))) != 0;
    return has_life || Refuse(kNoTtlMessage, error, kBadTtl);
  }
  return CheckFields(schema_ == JsonSchema::kBatchPut ? Bit(Field::kEntries) : Bit(Field::kKeys),
                     error);
}

bool JsonBodyReader::CheckFields(uint32_t required, Error& error) {
  const uint32_t missing = required & ~seen_;
  if (missing == 0) return true;
  for (const std::string_view name : {"key", "value", "keys", "entries"}) {
    if ((missing & Bit(FieldNamed(name))) == 0) continue;
    return Refuse(Concat("the field \"", name, "\" is missing"), error);
  }
  return true;
}

bool JsonBodyReader::on_array_begin(Error& error) {
  if (place_ == Place::kTop && field_ == Field::kKeys) {
    place_ = Place::kKeys;
  } else if (place_ == Place::kTop && field_ == Field::kEntries) {
    place_ = Place::kEntries;
  } else if (place_ == Place::kTop && field_ == Field::kStamps) {
    place_ = Place::kStamps;
  } else {
    return RefuseType(error);
  }
  return true;
}

bool JsonBodyReader::on_array_end(size_t /*n*/, Error& /*error*/) {
  place_ = Place::kTop;
  return true;
}

bool JsonBodyReader::on_key_part(Text part, size_t n, Error& error) {
  if (n > kMaxNameBytes) return Refuse("an unknown field", error);
  name_.append(part.data(), part.size());
  return true;
}

bool JsonBodyReader::on_key(Text part, size_t n, Error& error) {
  if (!on_key_part(part, n, error)) return false;
  field_ = FieldNamed(name_);
  if (!Allowed(field_)) return Refuse(Concat("unknown field \"", name_, "\""), error);
  if ((seen_ & Bit(field_)) != 0) {
    return Refuse(Concat("the field \"", name_, "\" is given twice"), error);
  }
  seen_ |= Bit(field_);
  constexpr auto kLives = Bit(Field::kTtl) | Bit(Field::kTtlMs);
  if ((seen_ & kLives) == kLives) return Refuse(kTwoTtlsMessage, error, kBadTtl);
  name_.clear();
  return true;
}

std::string* JsonBodyReader::StringTarget() {
  if (place_ == Place::kKeys) {
    if (!in_string_) body_->keys.emplace_back();
    return &body_->keys.back();
  }
  if (InStamp() || InEncoding()) {
    if (!in_string_) short_text_.clear();
    return &short_text_;
  }
  if (place_ != Place::kTop && place_ != Place::kEntry) return nullptr;
  switch (field_) {
    case Field::kKey:
      return &entry_->key;
    case Field::kValue:
      return &entry_->value;
    default:
      return nullptr;
  }
}

bool JsonBodyReader::on_string_part(Text part, size_t n, Error& error) {
  if (!in_string_) {
    if (place_ == Place::kKeys && body_->keys.size() == max_keys_) return RefuseTooMany(error);
    if (place_ == Place::kStamps && body_->stamps.size() == max_keys_) return RefuseTooMany(error);
  }
  std::string* const target = StringTarget();
  if (target == nullptr) return RefuseType(error);
  if (InStamp() && n > kMaxStampBytes) return Refuse(kBadStampMessage, error, kBadStamp);
  if (InEncoding() && n > kMaxNameBytes) {
    return Refuse("an encoding is \"utf8\" or \"base64\"", error);
  }
  target->append(part.data(), part.size());
  in_string_ = true;
  return true;
}

bool JsonBodyReader::on_string(Text part, size_t n, Error& error) {
  if (!on_string_part(part, n, error)) return false;
  in_string_ = false;
  if (place_ == Place::kKeys) return true;
  if (place_ == Place::kStamps) return ReadStamp(&body_->stamps.emplace_back(), error);
  if (field_ == Field::kStamp) return ReadStamp(&entry_->stamp.emplace(), error);
  if (field_ == Field::kEncoding) return ReadEncoding(&entry_->encoding, error);
  if (field_ == Field::kKeyEncoding) return ReadEncoding(&entry_->key_encoding, error);
  return true;
}

bool JsonBodyReader::ReadEncoding(TextEncoding* encoding, Error& error) {
  if (short_text_ != "utf8" && short_text_ != "base64") {
    return Refuse("an encoding is \"utf8\" or \"base64\"", error);
  }
  *encoding = short_text_ == "base64" ? TextEncoding::kBase64 : TextEncoding::kUtf8;
  return true;
}

bool JsonBodyReader::ReadStamp(v1::Stamp* stamp, Error& error) {
  return ParseStampText(short_text_, stamp) || Refuse(kBadStampMessage, error, kBadStamp);
}

bool JsonBodyReader::InStamp() const {
  return place_ == Place::kStamps || (place_ == Place::kEntry && field_ == Field::kStamp);
}

bool JsonBodyReader::InEncoding() const {
  return (place_ == Place::kTop || place_ == Place::kEntry) &&
         (field_ == Field::kEncoding || field_ == Field::kKeyEncoding);
}

bool JsonBodyReader::RefuseTooMany(Error& error) {
  return Refuse(Concat("a batch has at most ", max_keys_, " keys"), error);
}

bool JsonBodyReader::ReadDuration(int64_t value, Error& error) {
  const bool is_lease = field_ == Field::kLeaseMs;
  if (value < (is_lease ? 1 : 0) || value > kMaxLeaseMs) return RefuseType(error);
  (is_lease ? body_->lease_ms : body_->wait_ms) = value;
  return true;
}

bool JsonBodyReader::on_int64(int64_t value, Text /*text*/, Error& error) {
  if (field_ == Field::kLeaseMs || field_ == Field::kWaitMs) return ReadDuration(value, error);
  const bool is_life = field_ == Field::kTtl || field_ == Field::kTtlMs;
  if (!is_life || (place_ != Place::kTop && place_ != Place::kEntry)) return RefuseType(error);
  const bool in_seconds = field_ == Field::kTtl;
  if (value < 0 || value > (in_seconds ? kMaxTtlSeconds : kMaxTtlMs)) return RefuseType(error);
  entry_->ttl_ms = in_seconds ? TtlSecondsToMs(value) : value;
  return true;
}

bool JsonBodyReader::on_uint64(uint64_t /*value*/, Text text, Error& error) {
  return on_int64(std::numeric_limits<int64_t>::max(), text, error);
}

bool JsonBodyReader::on_double(double /*value*/, Text /*text*/, Error& error) {
  return RefuseType(error);
}

bool JsonBodyReader::on_bool(bool /*value*/, Error& error) { return RefuseType(error); }

bool JsonBodyReader::on_null(Error& error) { return RefuseType(error); }

}  // namespace kache::gateway
