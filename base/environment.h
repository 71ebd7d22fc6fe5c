// Where settings come from: the process environment laid over dotenv files.
//
// Thread-compatible.
#ifndef KACHE_BASE_ENVIRONMENT_H_
#define KACHE_BASE_ENVIRONMENT_H_

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kache {

class Environment {
 public:
  Environment() = default;
  // The variables of this process.
  static Environment FromProcess();
  // For tests: exactly these, as if from the process.
  static Environment Of(const std::map<std::string, std::string>& variables);

  // Adds a dotenv file (base/dotenv.h), of at most 1 MiB. The process environment wins over files,
  // a later file over an earlier one, a later line over an earlier one. A file that can't be read,
  // or a line that can't be understood, becomes a mistake with its line number.
  void AddFile(const std::string& path);
  // The same from text; `origin` is its name in messages.
  void AddText(std::string_view text, std::string_view origin);

  struct Variable {
    std::string value;
    bool from_file = false;
    std::string origin;  // "environment", or the file's "path:line"
  };
  using Variables = std::map<std::string, Variable, std::less<>>;
  const Variables& variables() const { return variables_; }

  // Every name that stands in a file, also where the process environment has won.
  struct FileName {
    std::string name;
    std::string origin;
  };
  const std::vector<FileName>& file_names() const { return file_names_; }
  const std::vector<std::string>& mistakes() const { return mistakes_; }

 private:
  Variables variables_;
  std::vector<FileName> file_names_;
  std::vector<std::string> mistakes_;
};

}  // namespace kache

#endif  // KACHE_BASE_ENVIRONMENT_H_
