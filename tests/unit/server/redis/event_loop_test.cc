#include "server/redis/event_loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "tests/testing/loop_runner.h"

namespace kache::redis {
namespace {

using ::kache::testing::LoopRunner;

struct Recorded final : Task {
  Recorded(int its_id, std::vector<int>& its_log) : id(its_id), log(its_log) {}
  void Run() override { log.push_back(id); }
  int id;
  std::vector<int>& log;
};

TEST(EventLoop, RunsTasksInTheOrderOfPosting) {
  EventLoop loop;
  std::vector<int> log;
  std::vector<Recorded> tasks;
  for (int i = 0; i < 1000; ++i) tasks.emplace_back(i, log);
  for (Recorded& task : tasks) loop.Post(&task);
  loop.Stop();
  loop.Run();
  ASSERT_EQ(log.size(), 1000u);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(log[static_cast<size_t>(i)], i);
}

TEST(EventLoop, RunsEveryTaskOfManyThreadsOnce) {
  constexpr int kThreads = 4;
  constexpr int kTasks = 20000;
  EventLoop loop;
  std::vector<int> counts(kThreads * kTasks, 0);  // written by the loop's thread only
  std::vector<int> last(kThreads, -1);
  std::atomic<int> left = kThreads * kTasks;
  struct Counted final : Task {
    void Run() override { run(); }
    absl::AnyInvocable<void()> run;
  };
  std::vector<Counted> tasks(kThreads * kTasks);
  for (int thread = 0; thread < kThreads; ++thread) {
    for (int i = 0; i < kTasks; ++i) {
      const auto index = static_cast<size_t>(thread * kTasks + i);
      tasks[index].run = [&, thread, i, index] {
        ++counts[index];
        EXPECT_EQ(last[static_cast<size_t>(thread)], i - 1) << "out of order";
        last[static_cast<size_t>(thread)] = i;
        if (--left == 0) loop.Stop();
      };
    }
  }
  std::vector<std::thread> posters;
  for (int thread = 0; thread < kThreads; ++thread) {
    posters.emplace_back([&, thread] {
      for (int i = 0; i < kTasks; ++i) loop.Post(&tasks[static_cast<size_t>(thread * kTasks + i)]);
    });
  }
  loop.Run();
  for (std::thread& poster : posters) poster.join();
  EXPECT_EQ(left, 0);
  for (int count : counts) ASSERT_EQ(count, 1);
}

TEST(EventLoop, LetsATaskPostItselfAgainAndDeleteItself) {
  EventLoop loop;
  struct Again final : Task {
    Again(EventLoop& its_loop, int& its_runs) : loop(its_loop), runs(its_runs) {}
    void Run() override {
      if (++runs < 3) {
        loop.Post(this);
        return;
      }
      loop.Stop();
      delete this;
    }
    EventLoop& loop;
    int& runs;
  };
  int runs = 0;
  loop.Post(new Again(loop, runs));
  loop.Run();
  EXPECT_EQ(runs, 3);
}

TEST(EventLoop, KnowsItsThread) {
  EventLoop loop;
  EXPECT_TRUE(loop.OnLoopThread());
  std::atomic<bool> inside = false;
  loop.PostFunction([&] { inside = loop.OnLoopThread(); });
  std::atomic<bool> running = false;
  loop.PostFunction([&] { running = true; });
  std::thread thread([&] { loop.Run(); });
  while (!running) std::this_thread::yield();
  EXPECT_TRUE(inside);
  EXPECT_FALSE(loop.OnLoopThread());
  loop.Stop();
  thread.join();
  EXPECT_TRUE(loop.OnLoopThread());
}

TEST(EventLoop, RunsAgainAfterAStop) {
  EventLoop loop;
  for (int i = 0; i < 3; ++i) {
    loop.Stop();
    loop.Run();
  }
}

TEST(EventLoop, DropsFunctionsThatNeverRan) {
  auto held = std::make_shared<int>(1);
  {
    EventLoop loop;
    loop.PostFunction([held] { FAIL() << "the loop never ran"; });
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(EventLoop, CallsATimerAgainAndAgain) {
  LoopRunner runner;
  int calls = 0;
  const auto start = std::chrono::steady_clock::now();
  auto timer = runner.loop().Every(absl::Milliseconds(2), [&] { ++calls; });
  ASSERT_TRUE(runner.RunUntil([&] { return calls >= 5; }));
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(9));
  timer.reset();
  const int before = calls;
  runner.RunFor(absl::Milliseconds(20));
  EXPECT_EQ(calls, before);
}

TEST(EventLoop, CallsALateTimerOnce) {
  using std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kPeriod{20};
  LoopRunner runner;
  int calls = 0;
  std::unique_ptr<EventLoop::Timer> timer;
  steady_clock::time_point stall_end;
  runner.loop().PostFunction([&] {
    timer = runner.loop().Every(absl::FromChrono(kPeriod), [&] { ++calls; });
    std::this_thread::sleep_for(10 * kPeriod);
    stall_end = steady_clock::now();
  });
  ASSERT_TRUE(runner.RunUntil([&] { return calls > 0; }));
  // One for the ten that were missed, and those that have truly become due since.
  EXPECT_LE(calls, 1 + (steady_clock::now() - stall_end) / kPeriod);
}

TEST(EventLoop, LetsATimerDestroyItself) {
  LoopRunner runner;
  std::unique_ptr<EventLoop::Timer> timer;
  int calls = 0;
  timer = runner.loop().Every(absl::Milliseconds(1), [&] {
    ++calls;
    timer.reset();
  });
  runner.RunFor(absl::Milliseconds(20));
  EXPECT_EQ(calls, 1);
}

TEST(EventLoop, TellsOneTimeForAWholeTurn) {
  EventLoop loop;
  MonotonicTime first;
  MonotonicTime second;
  MonotonicTime next_turn;
  loop.PostFunction([&] {
    first = loop.Now();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    second = loop.Now();
    loop.PostFunction([&] {
      next_turn = loop.Now();
      loop.Stop();
    });
  });
  loop.Run();
  EXPECT_EQ(first, second);
  EXPECT_GE(next_turn - first, std::chrono::milliseconds(5));
}

}  // namespace
}  // namespace kache::redis
