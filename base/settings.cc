#include "base/settings.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/near_name.h"
#include "base/strings.h"

namespace kache {
namespace {

constexpr size_t kMaxShownBytes = 40;

// A value as messages show it: short, and without control characters.
std::string Shown(std::string_view value) {
  const bool cut = value.size() > kMaxShownBytes;
  return Concat("\"", absl::Utf8SafeCEscape(ToAbsl(value.substr(0, kMaxShownBytes))),
                cut ? "...\"" : "\"");
}

std::string Describe(SettingsReader::Range range) {
  if (range.max == std::numeric_limits<int64_t>::max()) {
    return Concat(" of at least ", range.min);
  }
  return Concat(" from ", range.min, " to ", range.max);
}

bool IsQuoted(std::string_view value) {
  return value.size() >= 2 && value.front() == value.back() &&
         (value.front() == '"' || value.front() == '\'');
}

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> items;
  if (text.empty()) return items;  // a default of nothing
  for (const absl::string_view item : absl::StrSplit(ToAbsl(text), ',')) {
    items.emplace_back(Trimmed(ToStd(item)));
  }
  return items;
}

}  // namespace

SettingsReader::SettingsReader(const Environment& environment) : environment_(environment) {}

std::string SettingsReader::String(std::string_view name, std::string_view default_value) {
  const Environment::Variable* variable = Find(name, default_value);
  if (variable == nullptr) return std::string(default_value);
  if (!variable->value.empty()) return variable->value;
  AddMistake(name, *variable, "must not be empty");
  return std::string(default_value);
}

std::string SettingsReader::FilePath(std::string_view name) {
  return Word(
      name, [](unsigned char c) { return !absl::ascii_iscntrl(c); }, "must be the path of a file");
}

std::string SettingsReader::Secret(std::string_view name) {
  return Word(name, absl::ascii_isgraph, "must be printable ASCII without blanks");
}

std::string SettingsReader::Word(std::string_view name, bool (*is_good)(unsigned char),
                                 std::string_view otherwise) {
  const Environment::Variable* variable = Find(name, "");
  if (variable == nullptr) return "";
  const std::string_view word = Trimmed(variable->value);
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_good)) return std::string(word);
  AddMistake(name, *variable, otherwise);
  return "";
}

int64_t SettingsReader::Integer(std::string_view name, int64_t default_value, Range range) {
  return Number(name, default_value, range, {""});
}

bool SettingsReader::Boolean(std::string_view name, bool default_value) {
  const Environment::Variable* variable = Find(name, default_value ? "true" : "false");
  if (variable == nullptr) return default_value;
  const std::string value = absl::AsciiStrToLower(ToAbsl(Trimmed(variable->value)));
  if (value == "true" || value == "1" || value == "yes" || value == "on") return true;
  if (value == "false" || value == "0" || value == "no" || value == "off") return false;
  AddMistake(name, *variable, Concat("must be true or false, not ", Shown(value)));
  return default_value;
}

absl::Duration SettingsReader::Seconds(std::string_view name, absl::Duration default_value,
                                       Range range) {
  return absl::Seconds(Number(name, absl::ToInt64Seconds(default_value), range, {" of seconds"}));
}

absl::Duration SettingsReader::Milliseconds(std::string_view name, absl::Duration default_value,
                                            Range range) {
  return absl::Milliseconds(
      Number(name, absl::ToInt64Milliseconds(default_value), range, {" of milliseconds"}));
}

std::string SettingsReader::Choice(std::string_view name, std::string_view default_value,
                                   const std::vector<std::string>& choices) {
  const Environment::Variable* variable = Find(name, default_value);
  if (variable == nullptr) return std::string(default_value);
  std::string value = absl::AsciiStrToLower(ToAbsl(Trimmed(variable->value)));
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return value;
  AddMistake(
      name, *variable,
      Concat("must be one of ", absl::StrJoin(choices, ", "), ", not ", Shown(variable->value)));
  return std::string(default_value);
}

HostPort SettingsReader::ListenAddress(std::string_view name, std::string_view default_value) {
  HostPort result;
  if (const Environment::Variable* variable = Find(name, default_value)) {
    const std::string_view value = Trimmed(variable->value);
    const absl::Status status = ParseHostPort(value, true, &result);
    if (status.ok()) return result;
    AddMistake(name, *variable, Concat(status.message(), ", in ", Shown(value)));
  }
  const absl::Status status = ParseHostPort(default_value, true, &result);
  if (!status.ok()) AddMistake(name, Concat("the default is wrong: ", status.message()));
  return result;
}

std::vector<std::string> SettingsReader::List(std::string_view name,
                                              std::string_view default_value) {
  const Environment::Variable* variable = Find(name, default_value);
  if (variable == nullptr) return SplitList(default_value);
  if (Trimmed(variable->value).empty()) {
    AddMistake(name, *variable, "must not be empty");
    return SplitList(default_value);
  }
  std::vector<std::string> items = SplitList(variable->value);
  for (size_t i = 0; i < items.size(); ++i) {
    if (items[i].empty()) AddMistake(name, *variable, Concat("entry ", i + 1, " is empty"));
  }
  return items;
}

void SettingsReader::AddMistake(std::string_view name, std::string_view message) {
  const auto found = environment_.variables().find(name);
  if (found != environment_.variables().end()) return AddMistake(name, found->second, message);
  mistakes_.push_back(Concat(name, ": ", message));
}

void SettingsReader::AddMistake(std::string_view name, const Environment::Variable& variable,
                                std::string_view message) {
  const std::string place = variable.from_file ? Concat(" (", variable.origin, ")") : "";
  mistakes_.push_back(Concat(name, place, ": ", message));
}

void SettingsReader::AlsoKnown(std::string_view name) {
  if (!IsKnown(name)) known_.emplace_back(name);
}

absl::Status SettingsReader::Finish() {
  std::vector<std::string> all = environment_.mistakes();
  all.insert(all.end(), mistakes_.begin(), mistakes_.end());
  for (const Environment::FileName& file : environment_.file_names()) {
    if (IsKnown(file.name)) continue;
    const std::string_view nearest = NearestKnown(file.name);
    all.push_back(Concat(file.origin, ": ", file.name, " is not a setting",
                         nearest.empty() ? "" : Concat("; is it ", nearest, "?")));
  }
  warnings_.clear();
  for (const auto& [name, variable] : environment_.variables()) {
    if (variable.from_file || IsKnown(name)) continue;
    const std::string_view nearest = NearestKnown(name);
    if (nearest.empty()) continue;
    warnings_.push_back(Concat("the environment variable ", absl::Utf8SafeCEscape(name),
                               " is not a setting and is ignored; is it ", nearest, "?"));
  }
  if (all.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(all, "\n"));
}

bool SettingsReader::IsSet(std::string_view name) const {
  return environment_.variables().find(name) != environment_.variables().end();
}

const Environment::Variable* SettingsReader::Find(std::string_view name,
                                                  std::string_view default_value) {
  AlsoKnown(name);
  reads_.push_back({std::string(name), std::string(default_value)});
  const auto found = environment_.variables().find(name);
  if (found == environment_.variables().end()) return nullptr;
  // `docker run --env-file` hands quotes on as a part of the value.
  if (!found->second.from_file && IsQuoted(found->second.value)) {
    AddMistake(name, found->second, "the quotes are part of the value; leave them out");
    return nullptr;
  }
  return &found->second;
}

int64_t SettingsReader::Number(std::string_view name, int64_t default_value, Range range,
                               Unit unit) {
  const Environment::Variable* variable = Find(name, Concat(default_value));
  if (variable == nullptr) return default_value;
  const std::string_view text = Trimmed(variable->value);
  const char* end = text.data() + text.size();
  int64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && stop == end && value >= range.min && value <= range.max) {
    return value;
  }
  AddMistake(name, *variable,
             Concat("must be a whole number", unit.text, Describe(range), ", not ", Shown(text)));
  return default_value;
}

bool SettingsReader::IsKnown(std::string_view name) const {
  return std::find(known_.begin(), known_.end(), name) != known_.end();
}

std::string_view SettingsReader::NearestKnown(std::string_view name) const {
  const auto near = std::find_if(known_.begin(), known_.end(), [name](const std::string& known) {
    return IsNearName(name, known);
  });
  return near == known_.end() ? std::string_view() : std::string_view(*near);
}

}  // namespace kache
