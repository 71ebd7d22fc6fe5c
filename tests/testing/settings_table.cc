#include "tests/testing/settings_table.h"

#include <fstream>
#include <vector>

#include "absl/strings/str_split.h"
#include "base/strings.h"

namespace kache {
namespace {

std::string WithoutBackquotes(std::string_view cell) {
  cell = Trimmed(cell);
  if (cell.size() >= 2 && cell.front() == '`' && cell.back() == '`') {
    cell = cell.substr(1, cell.size() - 2);
  }
  return std::string(cell);
}

// A column of the table below `## program`, by the setting's name. 1 = the first column.
std::map<std::string, std::string> Column(std::string_view program, size_t column) {
  std::map<std::string, std::string> settings;
  std::ifstream file(KACHE_SOURCE_DIR "/docs/configuration.md");
  const std::string heading = Concat("## ", program);
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("## ")) inside = Trimmed(line) == heading;
    if (!inside || !line.starts_with("| `")) continue;
    const std::vector<std::string> cells = absl::StrSplit(line, '|');
    if (cells.size() > column) {
      settings[WithoutBackquotes(cells[1])] = WithoutBackquotes(cells[column]);
    }
  }
  return settings;
}

}  // namespace

std::map<std::string, std::string> DocumentedSettings(std::string_view program) {
  return Column(program, 2);
}

std::string DocumentedRange(std::string_view program, const std::string& setting) {
  return Column(program, 3)[setting];
}

std::map<std::string, std::string> ReadSettings(const SettingsReader& reader) {
  std::map<std::string, std::string> settings;
  for (const SettingsReader::Read& read : reader.reads()) {
    settings[read.name] = read.default_value;
  }
  return settings;
}

}  // namespace kache
