// Settings from environment variables and dotenv files, read so that one message can list every
// mistake. Values in the process environment win over those of a file.
//
//   Environment environment = Environment::FromProcess();
//   environment.AddFile(".env.local");                       // mistakes are kept for Finish()
//   SettingsReader reader(environment);
//   int port = reader.Integer("PORT", 80, {.min = 1, .max = 65535});
//   absl::Status mistakes = reader.Finish();                 // all of them, one a line
//
// Thread-compatible. Messages name settings, never the values of those marked secret.
#ifndef KACHE_BASE_SETTINGS_H_
#define KACHE_BASE_SETTINGS_H_

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace kache {

// One source of settings laid over another.
class Environment {
 public:
  Environment() = default;
  // The variables of this process.
  static Environment FromProcess();
  // For tests: exactly these, as if from the process.
  static Environment Of(std::map<std::string, std::string> variables);

  // Adds a dotenv file: NAME=value lines, `export ` allowed, # comments, single or double quotes
  // (double ones know \n \t \" \\ \$), blanks round the value are trimmed. A file that can't be
  // read, or a line that can't be understood, becomes a mistake with its line number.
  void AddFile(const std::string& path);
  // The same from text; `origin` is its name in messages.
  void AddText(std::string_view text, std::string_view origin);

  struct Variable {
    std::string value;
    bool from_file = false;
    std::string origin;  // "environment", or the file's "path:line"
  };
  const std::map<std::string, Variable>& variables() const { return variables_; }
  const std::vector<std::string>& mistakes() const { return mistakes_; }

 private:
  std::map<std::string, Variable> variables_;
  std::vector<std::string> mistakes_;
};

struct HostPort {
  std::string host;  // IPv6 without brackets
  uint16_t port = 0;
  // host:port, with brackets round an IPv6 address.
  std::string ToString() const;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

// Parses `host:port` or `[ipv6]:port`. `allow_port_zero` is for listen addresses (0 = any free).
// INVALID_ARGUMENT with what is wrong.
absl::Status ParseHostPort(std::string_view text, bool allow_port_zero, HostPort* result);

// Reads typed settings; each read returns the default when the variable is absent *or wrong* (the
// mistake is remembered). An empty value counts as wrong unless the setting allows it.
class SettingsReader {
 public:
  explicit SettingsReader(const Environment& environment);

  struct Range {
    int64_t min = 0;
    int64_t max = std::numeric_limits<int64_t>::max();
  };
  std::string String(std::string_view name, std::string_view default_value);
  int64_t Integer(std::string_view name, int64_t default_value, Range range);
  bool Boolean(std::string_view name, bool default_value);  // true/false/1/0/yes/no/on/off
  // Whole numbers of the unit that the name ends in.
  absl::Duration Seconds(std::string_view name, absl::Duration default_value, Range range);
  absl::Duration Milliseconds(std::string_view name, absl::Duration default_value, Range range);
  // One of `choices`, in lower case.
  std::string Choice(std::string_view name, std::string_view default_value,
                     const std::vector<std::string>& choices);
  HostPort ListenAddress(std::string_view name, std::string_view default_value);
  // Comma-separated; blanks round the items are trimmed; empty items are mistakes.
  std::vector<std::string> List(std::string_view name, std::string_view default_value);

  // Adds a mistake that only the caller can see. `message` completes "NAME: ...".
  void AddMistake(std::string_view name, std::string_view message);
  // Declares a setting that another program of Kache reads, so that it counts as known.
  void AlsoKnown(std::string_view name);

  // All mistakes so far in one INVALID_ARGUMENT message, one a line; OK when there are none.
  // A variable that is nearly a known name (one typing slip away, or a known name in another case)
  // is a mistake when it stands in a file, and a warning when it stands in the process environment.
  // In a file, so is any name that is unknown altogether.
  absl::Status Finish();
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  const Environment::Variable* Find(std::string_view name);

  const Environment& environment_;
  std::vector<std::string> known_;
  std::vector<std::string> mistakes_;
  std::vector<std::string> warnings_;
};

}  // namespace kache

#endif  // KACHE_BASE_SETTINGS_H_
