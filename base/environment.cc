#include "base/environment.h"

#include <unistd.h>

#include <utility>

#include "absl/status/statusor.h"
#include "base/dotenv.h"
#include "base/small_file.h"
#include "base/strings.h"

namespace kache {
namespace {

constexpr char kProcessOrigin[] = "environment";

}  // namespace

Environment Environment::FromProcess() {
  Environment result;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    // Of a name that stands twice the first counts, as for getenv.
    result.variables_.try_emplace(
        std::string(text.substr(0, equals)),
        Variable{std::string(text.substr(equals + 1)), false, kProcessOrigin});
  }
  return result;
}

Environment Environment::Of(const std::map<std::string, std::string>& variables) {
  Environment result;
  for (const auto& [name, value] : variables) {
    result.variables_[name] = Variable{value, false, kProcessOrigin};
  }
  return result;
}

void Environment::AddFile(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadSmallFile(path);
  if (!text.ok()) {
    mistakes_.emplace_back(ToStd(text.status().message()));
    return;
  }
  AddText(*text, path);
}

void Environment::AddText(std::string_view text, std::string_view origin) {
  Dotenv dotenv = ParseDotenv(text);
  for (const Dotenv::Mistake& mistake : dotenv.mistakes) {
    mistakes_.push_back(Concat(origin, ":", mistake.line, ": ", mistake.message));
  }
  for (Dotenv::Entry& entry : dotenv.entries) {
    std::string place = Concat(origin, ":", entry.line);
    file_names_.push_back({entry.name, place});
    Variable& variable = variables_[entry.name];
    const bool is_new = variable.origin.empty();
    if (is_new || variable.from_file) {
      variable = Variable{std::move(entry.value), true, std::move(place)};
    }
  }
}

}  // namespace kache
