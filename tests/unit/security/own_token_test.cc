#include "security/channel/own_token.h"

#include <gtest/gtest.h>

#include "security/channel/channel_security.h"
#include "tests/testing/temporary_file.h"

namespace kache {
namespace {

constexpr char kToken[] = "0123456789abcdef";

TEST(OwnToken, IsGivenOrReadFromAFile) {
  EXPECT_EQ((*OwnToken::FromText(kToken))->authorization(), "Bearer 0123456789abcdef");
  const TemporaryFile file(" 0123456789abcdef\n");
  EXPECT_EQ((*OwnToken::FromFile(file.path()))->authorization(), "Bearer 0123456789abcdef");
}

TEST(OwnToken, RefusesWhatIsNone) {
  EXPECT_FALSE(OwnToken::FromText("short").ok());
  EXPECT_FALSE(OwnToken::FromFile("/no/such/file").ok());
  const TemporaryFile file("two words are none");
  const absl::Status status = OwnToken::FromFile(file.path()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message().find("words"), absl::string_view::npos);
}

TEST(ChannelSecurity, ReadsItsSettings) {
  const auto mistakes = [](std::map<std::string, std::string> variables) {
    const Environment environment = Environment::Of(variables);
    SettingsReader reader(environment);
    ReadChannelSecurity(reader);
    return std::string(reader.Finish().message());
  };
  EXPECT_EQ(mistakes({}), "");
  EXPECT_EQ(mistakes({{"KACHE_TOKEN", kToken}, {"KACHE_TOKEN_FILE", "f"}}),
            "KACHE_TOKEN: must not be set together with KACHE_TOKEN_FILE");
  EXPECT_EQ(mistakes({{"KACHE_TLS_CA_FILE", "a"}, {"KACHE_TLS_KEY_FILE", "k"}}),
            "KACHE_TLS_CERT_FILE: must be set together with KACHE_TLS_KEY_FILE");
  EXPECT_EQ(mistakes({{"KACHE_TLS_CERT_FILE", "c"}, {"KACHE_TLS_KEY_FILE", "k"}}),
            "KACHE_TLS_CERT_FILE: needs KACHE_TLS_CA_FILE, which turns TLS on");
  EXPECT_EQ(mistakes({{"KACHE_TOKEN", "with blank"}}),
            "KACHE_TOKEN: must be printable ASCII without blanks");
}

TEST(ChannelSecurity, NamesTheFileThatIsWrong) {
  const TemporaryFile file("nonsense");
  ChannelSecurityOptions options;
  options.tls_ca_file = file.path();
  const absl::Status status = ChannelSecurity::Make(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find(file.path()), absl::string_view::npos);
}

}  // namespace
}  // namespace kache
