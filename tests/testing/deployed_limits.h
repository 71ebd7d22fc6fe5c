// The limits of the containers that deploy/ starts a program in, for tests that compare them with
// what the program bounds by itself.
#ifndef KACHE_TESTS_TESTING_DEPLOYED_LIMITS_H_
#define KACHE_TESTS_TESTING_DEPLOYED_LIMITS_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace kache {

struct DeployedLimits {
  std::string file;  // below deploy/
  uint64_t memory_bytes = 0;
  uint64_t cpus = 0;
};

inline std::string ReadSourceFile(const std::string& path) {
  std::ifstream stream(KACHE_SOURCE_DIR "/" + path);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

// `pattern` has two groups: one is the number of CPUs, the other the memory as `unit` bytes each.
inline DeployedLimits ReadDeployedLimits(const std::string& file, const std::string& pattern,
                                         size_t cpus, size_t memory, uint64_t unit) {
  const std::string read = ReadSourceFile("deploy/" + file);
  std::smatch found;
  if (!std::regex_search(read, found, std::regex(pattern))) {
    ADD_FAILURE() << file << " has no limits like " << pattern;
    return {file};
  }
  return {file, std::stoull(found[static_cast<int>(memory)]) * unit,
          std::stoull(found[static_cast<int>(cpus)])};
}

// Of the containers of `program`: "server" or "gateway".
inline std::vector<DeployedLimits> AllDeployedLimits(const std::string& program) {
  return {
      ReadDeployedLimits("kubernetes/" + program + ".yaml",
                         "limits:\\s+cpu: \"(\\d+)\"\\s+memory: (\\d+)Mi", 1, 2, uint64_t{1} << 20),
      // One for both programs.
      ReadDeployedLimits("compose.yaml",
                         "x-program: &program[^]*?mem_limit: (\\d+)m\\s+cpus: (\\d+)", 2, 1,
                         uint64_t{1} << 20),
      ReadDeployedLimits(
          "helm/kache/values.yaml",
          "\\n" + program + ":\\n[^]*?limits: \\{cpu: \"(\\d+)\", memory: (\\d+)Mi\\}", 1, 2,
          uint64_t{1} << 20)};
}

}  // namespace kache

#endif  // KACHE_TESTS_TESTING_DEPLOYED_LIMITS_H_
