// A file tree that looks like /sys/fs/cgroup, for tests of what is read from it.
#ifndef KACHE_TESTS_TESTING_CGROUP_TEST_H_
#define KACHE_TESTS_TESTING_CGROUP_TEST_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace kache {

// Empty before each test, gone after it.
class CgroupTest : public testing::Test {
 protected:
  CgroupTest()
      : root_(testing::TempDir() + "cgroup_" +
              testing::UnitTest::GetInstance()->current_test_info()->test_suite_name() + "_" +
              testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(root_);
  }
  ~CgroupTest() override { std::filesystem::remove_all(root_); }

  const std::string& root() const { return root_; }

  void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = root_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }

 private:
  const std::string root_;
};

}  // namespace kache

#endif  // KACHE_TESTS_TESTING_CGROUP_TEST_H_
