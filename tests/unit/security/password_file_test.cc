#include "security/password_file.h"

#include <gtest/gtest.h>

#include "tests/testing/eventually.h"
#include "tests/testing/temporary_file.h"

namespace kache {
namespace {

TEST(PasswordFile, HoldsThePasswordAlone) {
  const TemporaryFile file(" p@ss word \r\n");
  EXPECT_EQ(PasswordFile::Start(file.path()).value()->password(), " p@ss word ");
}

TEST(PasswordFile, IsWrongWhereThereIsNone) {
  const TemporaryFile file("\n");
  EXPECT_EQ(PasswordFile::Start(file.path()).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(PasswordFile::Start("/no/such/file").ok());
}

TEST(PasswordFile, IsReadAgain) {
  const TemporaryFile file("old");
  const auto password = PasswordFile::Start(file.path(), absl::Milliseconds(5)).value();
  file.Replace("\n");  // wrong: the one before stays
  file.Replace("new");
  EXPECT_TRUE(Eventually([&] { return password->password() == "new"; }));
}

}  // namespace
}  // namespace kache
