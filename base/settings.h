// Typed settings from environment variables and dotenv files, read so that one message can list
// every mistake.
//
//   Environment environment = Environment::FromProcess();
//   environment.AddFile(".env.local");                       // mistakes are kept for Finish()
//   SettingsReader reader(environment);
//   int64_t port = reader.Integer("PORT", 80, {.min = 1, .max = 65535});
//   absl::Status mistakes = reader.Finish();                 // all of them, one a line
//
// Each read returns the default when the variable is absent *or wrong* (the mistake is remembered).
// An empty value is wrong. Blanks round a value don't count, but for String. Messages show the
// wrong value of a number, a choice or a listen address, never that of a String or a List, which
// may hold a password.
//
// Thread-compatible. The environment must outlive the reader.
#ifndef KACHE_BASE_SETTINGS_H_
#define KACHE_BASE_SETTINGS_H_

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/environment.h"
#include "base/host_port.h"

namespace kache {

class SettingsReader {
 public:
  explicit SettingsReader(const Environment& environment);

  struct Range {
    int64_t min = 0;
    int64_t max = std::numeric_limits<int64_t>::max();
  };
  std::string String(std::string_view name, std::string_view default_value);
  // The path of a file; empty when the variable is absent. The file itself is not looked at.
  std::string FilePath(std::string_view name);
  // Printable ASCII without blanks that no message shows; empty when the variable is absent.
  std::string Secret(std::string_view name);
  int64_t Integer(std::string_view name, int64_t default_value, Range range);
  bool Boolean(std::string_view name, bool default_value);  // true/false/1/0/yes/no/on/off
  // Whole numbers of the unit that the name ends in.
  absl::Duration Seconds(std::string_view name, absl::Duration default_value, Range range);
  absl::Duration Milliseconds(std::string_view name, absl::Duration default_value, Range range);
  // One of `choices`, which are in lower case; the variable may be written in any case.
  std::string Choice(std::string_view name, std::string_view default_value,
                     const std::vector<std::string>& choices);
  // Port 0 = any free one.
  HostPort ListenAddress(std::string_view name, std::string_view default_value);
  // Comma-separated; blanks round the items are trimmed. Empty items are mistakes; they
  // keep their (empty) place, so that the caller can check the others and number them.
  std::vector<std::string> List(std::string_view name, std::string_view default_value);

  // Whether the variable is there, right or wrong.
  bool IsSet(std::string_view name) const;

  // Adds a mistake that only the caller can see. `message` completes "NAME: ...".
  void AddMistake(std::string_view name, std::string_view message);
  // Declares a setting that another program of Kache reads, so that it counts as known.
  void AlsoKnown(std::string_view name);

  // All mistakes so far in one INVALID_ARGUMENT message, one a line; OK when there are none.
  // A variable that is nearly a known name (one typing slip away, or a known name in another case)
  // is a mistake when it stands in a file, and a warning when it stands in the process environment.
  // In a file, so is any name that is unknown altogether.
  absl::Status Finish();
  // Filled by Finish.
  const std::vector<std::string>& warnings() const { return warnings_; }

  // What has been read so far, with the defaults as a person would write them. For the test that
  // compares the documentation with the code.
  struct Read {
    std::string name;
    std::string default_value;
  };
  const std::vector<Read>& reads() const { return reads_; }

 private:
  struct Unit {
    std::string_view text;  // "" or " of seconds"
  };
  const Environment::Variable* Find(std::string_view name, std::string_view default_value);
  // Nonempty, and all of its characters as they should be; "" and a mistake where it is not.
  std::string Word(std::string_view name, bool (*is_good)(unsigned char),
                   std::string_view otherwise);
  int64_t Number(std::string_view name, int64_t default_value, Range range, Unit unit);
  void AddMistake(std::string_view name, const Environment::Variable& variable,
                  std::string_view message);
  bool IsKnown(std::string_view name) const;
  // The known name that `name` nearly is; empty when there is none.
  std::string_view NearestKnown(std::string_view name) const;

  const Environment& environment_;
  std::vector<Read> reads_;
  std::vector<std::string> known_;
  std::vector<std::string> mistakes_;
  std::vector<std::string> warnings_;
};

}  // namespace kache

#endif  // KACHE_BASE_SETTINGS_H_
