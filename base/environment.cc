#include "base/environment.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "base/dotenv.h"
#include "base/strings.h"

namespace kache {
namespace {

constexpr size_t kMaxFileBytes = 1 << 20;
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
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxFileBytes + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) {
    const int error = errno;
    mistakes_.push_back(
        Concat(path, ": can't be read", error == 0 ? "" : Concat(": ", std::strerror(error))));
    return;
  }
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kMaxFileBytes) {
    mistakes_.push_back(Concat(path, ": is larger than ", kMaxFileBytes, " bytes"));
    return;
  }
  AddText(text, path);
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
