#include "base/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace kache {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::string Value(const Environment& environment, const std::string& name) {
  const auto found = environment.variables().find(name);
  return found == environment.variables().end() ? "absent" : found->second.value;
}

std::string FileWith(const std::string& name, const std::string& text) {
  std::string path = testing::TempDir() + name;
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

TEST(Environment, ReadsTheProcess) {
  ASSERT_EQ(setenv("KACHE_ENVIRONMENT_TEST", "a=b", 1), 0);
  const Environment environment = Environment::FromProcess();
  EXPECT_EQ(Value(environment, "KACHE_ENVIRONMENT_TEST"), "a=b");
  unsetenv("KACHE_ENVIRONMENT_TEST");
}

TEST(Environment, LetsTheProcessWinOverFilesAndLaterOverEarlier) {
  Environment environment = Environment::Of({{"A", "process"}});
  environment.AddText("A=first\nB=first\nC=first\nC=again\n", "first");
  environment.AddText("A=second\nB=second\n", "second");
  EXPECT_EQ(Value(environment, "A"), "process");
  EXPECT_EQ(Value(environment, "B"), "second");
  EXPECT_EQ(Value(environment, "C"), "again");
  EXPECT_EQ(environment.variables().find("B")->second.origin, "second:2");
  EXPECT_FALSE(environment.variables().find("A")->second.from_file);
  EXPECT_THAT(environment.file_names(), SizeIs(6));
}

TEST(Environment, LetsAnEmptyProcessVariableWin) {
  Environment environment = Environment::Of({{"A", ""}});
  environment.AddText("A=file\n", "file");
  EXPECT_EQ(Value(environment, "A"), "");
}

TEST(Environment, ReadsFiles) {
  const std::string path = FileWith("environment_test.env", "A=1\nbad\n");
  Environment environment;
  environment.AddFile(path);
  EXPECT_EQ(Value(environment, "A"), "1");
  EXPECT_THAT(environment.mistakes(), ElementsAre(path + ":2: must be NAME=value"));
}

TEST(Environment, RemembersFilesItCannotRead) {
  Environment environment;
  environment.AddFile("/nowhere/.env");
  environment.AddFile(testing::TempDir());
  EXPECT_THAT(environment.mistakes(),
              ElementsAre("cannot read /nowhere/.env: No such file or directory",
                          StartsWith("cannot read " + testing::TempDir())));
}

TEST(Environment, DoesNotWaitForAPipeThatNobodyWritesInto) {
  const std::string path = testing::TempDir() + "/environment_test.fifo";
  unlink(path.c_str());
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  Environment environment;
  environment.AddFile(path);
  EXPECT_THAT(environment.mistakes(), ElementsAre(HasSubstr("nothing has come through the pipe")));
}

TEST(Environment, RefusesHugeFiles) {
  Environment environment;
  environment.AddFile(FileWith("huge.env", std::string((1 << 20) + 1, '\n')));
  EXPECT_THAT(environment.mistakes(), ElementsAre(HasSubstr("is larger than 1 MiB")));
  Environment at_the_limit;
  at_the_limit.AddFile(FileWith("large.env", std::string(1 << 20, '\n')));
  EXPECT_THAT(at_the_limit.mistakes(), IsEmpty());
}

}  // namespace
}  // namespace kache
