#include "server/redis/held_commands.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/testing/seed.h"

namespace kache::redis {
namespace {

using std::chrono::milliseconds;
using Names = std::vector<std::string>;

const MonotonicTime kStart{std::chrono::hours(1)};

Command Mget(size_t keys, const std::string& first) {
  std::vector<std::string> words = {"MGET", first};
  words.resize(1 + keys, "k");
  const std::vector<std::string_view> arguments(words.begin(), words.end());
  return Command::Of(arguments);
}

// Commands that are known by the name of the first key.
class HeldCommandsTest : public ::testing::Test {
 protected:
  uint64_t Hold(CallerId caller, const std::string& name, int deadline_ms = 1000) {
    return Hold(Command::Of({"GET", name}).For(caller), name, deadline_ms);
  }
  uint64_t Hold(Command wire, const std::string& name, int deadline_ms = 1000) {
    HeldCommand command;
    command.wire = std::move(wire);
    command.pending.done = [this, name](const absl::StatusOr<Reply>&) { called_.push_back(name); };
    command.pending.deadline = kStart + milliseconds(deadline_ms);
    command.pending.bytes = 10;
    return held_.Push(std::move(command));
  }
  std::string Take() {
    if (held_.Next() == nullptr) return "nothing";
    called_.clear();
    held_.TakeNext().pending.done(Reply::Nil());
    return called_.front();
  }
  Names Take(size_t count) {
    Names names;
    for (size_t i = 0; i < count; ++i) names.push_back(Take());
    return names;
  }
  Names TimedOutAt(int ms) {
    std::vector<ReplyCallback> timed_out;
    held_.TakeTimedOut(kStart + milliseconds(ms), timed_out);
    called_.clear();
    for (ReplyCallback& done : timed_out) done(Reply::Nil());
    return called_;
  }

  HeldCommands held_;
  Names called_;
};

TEST_F(HeldCommandsTest, KeepsTheOrderOfOneCaller) {
  for (const char* name : {"a", "b", "c"}) Hold(1, name);
  EXPECT_EQ(Take(4), (Names{"a", "b", "c", "nothing"}));
}

TEST_F(HeldCommandsTest, LetsCallersTakeTurns) {
  for (const char* name : {"a1", "a2", "a3"}) Hold(1, name);
  for (const char* name : {"b1", "b2"}) Hold(2, name);
  Hold(3, "c1");
  EXPECT_EQ(Take(7), (Names{"a1", "b1", "c1", "a2", "b2", "a3", "nothing"}));
}

TEST_F(HeldCommandsTest, ServesNextWhoHasNothingWaiting) {
  for (int i = 0; i < 1000; ++i) Hold(1, "flood");
  for (int i = 0; i < 500; ++i) EXPECT_EQ(Take(), "flood");
  for (int i = 0; i < 10; ++i) {
    Hold(2, "other");
    EXPECT_EQ(Take(2), (Names{"other", "flood"}));
  }
}

TEST_F(HeldCommandsTest, OwesNobodyForTheTimeWhenNothingWaited) {
  for (int i = 0; i < 100; ++i) Hold(1, "a");
  Take(100);
  EXPECT_EQ(held_.callers(), 0u);
  for (const char* name : {"a1", "a2"}) Hold(1, name);
  for (const char* name : {"b1", "b2"}) Hold(2, name);
  EXPECT_EQ(Take(4), (Names{"a1", "b1", "a2", "b2"}));
}

TEST_F(HeldCommandsTest, SendsFirstWhatIsForNoCaller) {
  Hold(1, "a");
  Hold(kNoCaller, "note");
  Hold(kNoCaller, "ping");
  Hold(2, "b");
  EXPECT_EQ(Take(4), (Names{"note", "ping", "a", "b"}));
}

TEST_F(HeldCommandsTest, CountsTheKeysOfAnMget) {
  for (int i = 0; i < 3; ++i) Hold(Mget(4, "many").For(1), "many");
  for (int i = 0; i < 9; ++i) Hold(2, "one");
  EXPECT_EQ(Take(12), (Names{"many", "one", "one", "one", "one", "many", "one", "one", "one", "one",
                             "many", "one"}));
}

TEST_F(HeldCommandsTest, CountsWhatIsSent) {
  const std::string large(3 * HeldCommands::kBytesOfAValue, 'x');
  for (int i = 0; i < 2; ++i) Hold(Command::Of({"SET", "k", large}).For(1), "large");
  for (int i = 0; i < 5; ++i) Hold(2, "small");
  EXPECT_EQ(Take(7), (Names{"large", "small", "small", "small", "small", "large", "small"}));
}

TEST_F(HeldCommandsTest, PassesOverWhatTimedOut) {
  Hold(1, "a1", 10);
  Hold(1, "a2", 30);
  Hold(2, "b1", 20);
  Hold(kNoCaller, "note", 5);
  EXPECT_EQ(TimedOutAt(4), Names());
  EXPECT_EQ(TimedOutAt(5), Names{"note"});
  Names both = TimedOutAt(20);
  std::ranges::sort(both);
  EXPECT_EQ(both, (Names{"a1", "b1"}));
  EXPECT_EQ(held_.bytes(), 40u) << "counted until its turn comes";
  EXPECT_EQ(Take(2), (Names{"a2", "nothing"}));
  EXPECT_TRUE(held_.empty());
  EXPECT_EQ(held_.bytes(), 0u);
  EXPECT_EQ(held_.callers(), 0u);
}

TEST_F(HeldCommandsTest, NoticesAnEarlierDeadlineThatComesLater) {
  Hold(1, "a", 1000);
  EXPECT_EQ(TimedOutAt(500), Names());
  Hold(2, "b", 600);
  EXPECT_EQ(TimedOutAt(700), Names{"b"});
  EXPECT_EQ(TimedOutAt(1000), Names{"a"});
}

TEST_F(HeldCommandsTest, FindsACommandUntilItIsTaken) {
  const uint64_t first = Hold(1, "a1");
  const uint64_t second = Hold(1, "a2");
  Hold(2, "b");
  ASSERT_NE(held_.At(1, second), nullptr);
  EXPECT_EQ(held_.At(2, second), nullptr);
  Take();
  EXPECT_EQ(held_.At(1, first), nullptr);
  Take(2);
  EXPECT_EQ(held_.At(1, second), nullptr);
  Hold(1, "a3");
  EXPECT_EQ(held_.At(1, first), nullptr) << "numbers are never used again";
}

TEST_F(HeldCommandsTest, DropsPingsAndLoadsOfAConnectionThatIsGone) {
  for (const auto kind : {PendingCommand::Kind::kPing, PendingCommand::Kind::kScriptLoad}) {
    held_.Push({Command::Of({"X"}), /*wire_is_kept=*/false, PendingCommand(kind)});
  }
  Hold(kNoCaller, "note");
  Hold(1, "a");
  held_.DropPingsAndLoads();
  EXPECT_EQ(Take(3), (Names{"note", "a", "nothing"}));
}

TEST_F(HeldCommandsTest, GivesAllBackInTheirOrder) {
  Hold(2, "first");
  Hold(1, "second");
  Hold(kNoCaller, "third");
  Hold(2, "late", 1);
  EXPECT_EQ(TimedOutAt(1), Names{"late"});
  std::vector<ReplyCallback> all = held_.TakeAll();
  called_.clear();
  for (ReplyCallback& done : all) done(Reply::Nil());
  EXPECT_EQ(called_, (Names{"first", "second", "third"}));
  EXPECT_TRUE(held_.empty());
  EXPECT_EQ(held_.bytes(), 0u);
  EXPECT_EQ(held_.callers(), 0u);
}

// Whoever always has something waiting gets as much as any other such caller.
TEST_F(HeldCommandsTest, SharesEvenlyWhateverComes) {
  std::mt19937_64 random(TestSeed());
  std::map<CallerId, size_t> values;  // that each caller was served
  std::map<CallerId, std::vector<int>> expected;
  constexpr CallerId kCallers = 7;
  constexpr size_t kMost = 8;  // keys of one command
  int next = 0;
  const auto hold = [&](CallerId caller) {
    const size_t keys = 2 + random() % (kMost - 1);
    expected[caller].push_back(next);
    Hold(Mget(keys, "k").For(caller), std::to_string(next++));
  };
  for (CallerId caller = 1; caller <= kCallers; ++caller) {
    for (int i = 0; i < 5; ++i) hold(caller);
  }
  for (int i = 0; i < 20'000; ++i) {
    const Command wire = held_.Next()->wire;
    const CallerId caller = wire.caller();
    ASSERT_EQ(Take(), std::to_string(expected[caller].front()));
    expected[caller].erase(expected[caller].begin());
    values[caller] += std::count(wire.wire().begin(), wire.wire().end(), '$') - 1;
    hold(caller);
    const auto [least, most] =
        std::ranges::minmax_element(values, {}, [](const auto& each) { return each.second; });
    if (values.size() < kCallers) continue;
    ASSERT_LE(most->second - least->second, 2 * kMost);
  }
}

}  // namespace
}  // namespace kache::redis
