#include "security/access_control.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "base/error_details.h"
#include "base/strings.h"
#include "tests/testing/temporary_file.h"
#include "tests/testing/token_line.h"

namespace kache {
namespace {

constexpr MonotonicTime kNow = MonotonicTime(std::chrono::hours(1));

class AccessControlTest : public testing::Test {
 protected:
  void Start(std::string_view text, int64_t limit = 0) {
    file_.Write(text);
    auto started = AccessControl::Start({.tokens_file = file_.path(),
                                         .operations_per_second = limit,
                                         .watch_interval = absl::Milliseconds(5)},
                                        registry_);
    ASSERT_TRUE(started.ok()) << started.status();
    access_ = *std::move(started);
  }
  Caller CallerWith(std::string_view token) {
    return access_->Identify(Concat("Bearer ", token), Schemes::kBearer);
  }
  absl::StatusCode Code(std::string_view token, Role role) {
    return access_->Admit(CallerWith(token), role, 1, kNow).code();
  }
  // Until `done`, for half a minute at most.
  template <class Condition>
  void Await(Condition done) {
    const absl::Time end = absl::Now() + absl::Seconds(30);
    while (!done()) {
      ASSERT_LT(absl::Now(), end);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  prometheus::Registry registry_;
  const TemporaryFile file_{""};
  std::unique_ptr<AccessControl> access_;
};

using enum absl::StatusCode;

TEST_F(AccessControlTest, EachRoleIncludesThoseBelow) {
  Start(TokenLine("r", "read", "R") + TokenLine("w", "write", "W") + TokenLine("a", "admin", "A"));
  EXPECT_EQ(Code("R", Role::kRead), kOk);
  EXPECT_EQ(Code("R", Role::kWrite), kPermissionDenied);
  EXPECT_EQ(Code("W", Role::kRead), kOk);
  EXPECT_EQ(Code("W", Role::kWrite), kOk);
  EXPECT_EQ(Code("W", Role::kAdmin), kPermissionDenied);
  EXPECT_EQ(Code("A", Role::kAdmin), kOk);
  EXPECT_EQ(Code("X", Role::kRead), kUnauthenticated);
  EXPECT_EQ(Code("", Role::kRead), kUnauthenticated);
  EXPECT_EQ(Code("", Role::kNone), kOk);
  EXPECT_EQ(CallerWith("W").name(), "w");
}

TEST_F(AccessControlTest, ACallerThatNobodyIdentifiedIsNobody) {
  Start(TokenLine("r", "read", "R"));
  EXPECT_EQ(access_->Admit(Caller(), Role::kRead, 1, kNow).code(), kUnauthenticated);
}

TEST_F(AccessControlTest, AHashIsNoToken) {
  Start(TokenLine("r", "read", "R"));
  EXPECT_EQ(Code(TokenLine("r", "read", "R").substr(7, 64), Role::kRead), kUnauthenticated);
}

TEST(AccessControl, WithoutAFileEverybodyMayDoEverythingWithinTheLimit) {
  prometheus::Registry registry;
  const auto access =
      AccessControl::Start({.tokens_file = "", .operations_per_second = 2}, registry).value();
  const Caller caller = access->Identify("", Schemes::kBearer);
  EXPECT_FALSE(access->asks_for_tokens());
  EXPECT_TRUE(access->Admit(caller, Role::kAdmin, 2, kNow).ok());
  const absl::Status refused = access->Admit(caller, Role::kAdmin, 1, kNow);
  EXPECT_EQ(refused.code(), kResourceExhausted);
  EXPECT_EQ(RetryAfterOf(refused), absl::Milliseconds(500));
  EXPECT_TRUE(access->Admit(caller, Role::kRead, 0, kNow).ok());
}

TEST_F(AccessControlTest, ATokenOverItsLimitTakesNothingFromOthers) {
  Start(TokenLine("s", "read", "S", " operations_per_second=1") + TokenLine("r", "read", "R"), 10);
  EXPECT_EQ(Code("S", Role::kRead), kOk);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Code("S", Role::kRead), kResourceExhausted);
  for (int i = 0; i < 9; ++i) EXPECT_EQ(Code("R", Role::kRead), kOk) << i;
  EXPECT_EQ(Code("R", Role::kRead), kResourceExhausted);
}

TEST_F(AccessControlTest, FollowsTheFile) {
  Start(TokenLine("r", "read", "R"));
  Caller caller = CallerWith("R");
  EXPECT_TRUE(access_->IsKnown(caller));
  file_.Write(TokenLine("r", "write", "R"));
  Await([&] { return Code("R", Role::kWrite) == kOk; });
  EXPECT_EQ(access_->Admit(caller, Role::kWrite, 1, kNow).code(), kPermissionDenied);
  EXPECT_TRUE(access_->IsKnown(caller));
  EXPECT_TRUE(access_->Admit(caller, Role::kWrite, 1, kNow).ok());
  file_.Write(TokenLine("n", "read", "N"));
  Await([&] { return Code("N", Role::kRead) == kOk; });
  EXPECT_FALSE(access_->IsKnown(caller));
  EXPECT_EQ(access_->Admit(caller, Role::kRead, 1, kNow).code(), kUnauthenticated);
}

TEST_F(AccessControlTest, AChangeOfTheFileDoesNotFillALimitUpAgain) {
  const std::string slow = TokenLine("s", "read", "S", " operations_per_second=1");
  Start(slow);
  EXPECT_EQ(Code("S", Role::kRead), kOk);
  file_.Write(slow + TokenLine("n", "read", "N"));
  Await([&] { return Code("N", Role::kRead) == kOk; });
  EXPECT_EQ(Code("S", Role::kRead), kResourceExhausted);
}

TEST_F(AccessControlTest, AWrongFileChangesNothing) {
  Start(TokenLine("r", "read", "R"));
  file_.Write("nonsense");
  Await([&] {
    for (const auto& family : registry_.Collect()) {
      if (family.name == "kache_access_file_wrong") return family.metric[0].gauge.value == 1;
    }
    return false;
  });
  EXPECT_EQ(Code("R", Role::kRead), kOk);
}

TEST(AccessControl, DoesNotStartWithAWrongFile) {
  prometheus::Registry registry;
  const TemporaryFile file("a read secret");
  const absl::Status status = AccessControl::Start({.tokens_file = file.path()}, registry).status();
  EXPECT_EQ(status.code(), kInvalidArgument);
  EXPECT_NE(status.message().find(file.path()), absl::string_view::npos);
  EXPECT_EQ(status.message().find("secret"), absl::string_view::npos);
}

}  // namespace
}  // namespace kache
