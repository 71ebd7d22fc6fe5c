// A file of a test, removed with it.
#ifndef KACHE_TESTS_TESTING_TEMPORARY_FILE_H_
#define KACHE_TESTS_TESTING_TEMPORARY_FILE_H_

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

namespace kache {

class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view text) {
    char name[] = "/tmp/kache-test.XXXXXX";
    close(mkstemp(name));
    path_ = name;
    Write(text);
  }
  ~TemporaryFile() { std::remove(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void Write(std::string_view text) const { std::ofstream(path_) << text; }
  // At once: no reader sees a part of it.
  void Replace(std::string_view text) const {
    const std::string next = path_ + ".next";
    std::ofstream(next) << text;
    std::rename(next.c_str(), path_.c_str());
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace kache

#endif  // KACHE_TESTS_TESTING_TEMPORARY_FILE_H_
