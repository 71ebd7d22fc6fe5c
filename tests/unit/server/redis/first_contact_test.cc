#include "server/redis/first_contact.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace kache::redis {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kAddress[] = "cache-a:6379";

TEST(FirstContact, AClosedConnectionHintsAtTheOtherWayToSpeak) {
  const DownReason plain = ClosedUnanswered(kAddress, TlsStage::kNone);
  EXPECT_EQ(plain.code, "closed_unanswered");
  EXPECT_THAT(plain.message, HasSubstr("cache-a:6379 ended"));
  EXPECT_THAT(plain.message, HasSubstr("rediss://"));
  const DownReason shaking = ClosedUnanswered(kAddress, TlsStage::kShaking);
  EXPECT_EQ(shaking.code, "tls_failed");
  EXPECT_THAT(shaking.message, HasSubstr("redis://"));
  EXPECT_THAT(shaking.message, HasSubstr("maxclients"));
  const DownReason agreed = ClosedUnanswered(kAddress, TlsStage::kAgreed);
  EXPECT_EQ(agreed.code, "closed_unanswered");
  EXPECT_THAT(agreed.message, HasSubstr("REDIS_TLS_CERT_FILE"));
}

TEST(FirstContact, SilenceIsNoMistakeInTlsWhereTheServerSpokeIt) {
  EXPECT_EQ(SilentFromTheStart(kAddress, TlsStage::kShaking).code, "tls_failed");
  EXPECT_EQ(SilentFromTheStart(kAddress, TlsStage::kShaking, /*spoke_tls=*/true).code,
            "unresponsive");
  EXPECT_EQ(SilentFromTheStart(kAddress, TlsStage::kAgreed).code, "unresponsive");
  EXPECT_EQ(SilentFromTheStart(kAddress, TlsStage::kNone).code, "unresponsive");
}

TEST(FirstContact, QuotesTheFirstLineOfAnotherProgram) {
  const auto message = [](std::string_view bytes) {
    return AnswersNoRedis(kAddress, bytes, "a fault").message;
  };
  EXPECT_EQ(AnswersNoRedis(kAddress, "SSH-2.0", "").code, "not_redis");
  EXPECT_THAT(message("SSH-2.0-OpenSSH_9.6\r\nsecret"), HasSubstr("'SSH-2.0-OpenSSH_9.6'"));
  EXPECT_THAT(message("*3\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n"), Not(HasSubstr("secret")));
  EXPECT_THAT(message(std::string("J\0\"\xff\n", 5)), HasSubstr("'J...'"));
  EXPECT_LT(message(std::string(100'000, 'x')).size(), 300u);
  EXPECT_THAT(message(""), HasSubstr("''"));
}

TEST(FirstContact, KnowsTls) {
  const std::string alert("\x15\x03\x03\0\x02", 5);
  EXPECT_EQ(AnswersNoRedis(kAddress, alert, "").message,
            "cache-a:6379 speaks TLS (write rediss:// in REDIS_URLS)");
  EXPECT_EQ(HintOfTlsBytes(alert), "");
  EXPECT_THAT(HintOfTlsBytes("-ERR unknown command"), HasSubstr("redis://"));
  EXPECT_THAT(HintOfTlsBytes(""), HasSubstr("does not speak TLS"));
}

}  // namespace
}  // namespace kache::redis
