#include "server/api/post_box.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace kache {
namespace {

class Note final : public Posted {
 public:
  explicit Note(std::function<void()> run) : run_(std::move(run)) {}
  void RunPosted() override { run_(); }

 private:
  const std::function<void()> run_;
};

class PostBoxTest : public ::testing::Test {
 protected:
  ~PostBoxTest() override {
    queue_.Shutdown();
    EXPECT_FALSE(TakeEvent());
  }

  // Waits for the queue's next event and deals with it; false once the queue is shut down.
  bool TakeEvent() {
    void* tag;
    bool ok;
    if (!queue_.Next(&tag, &ok)) return false;
    static_cast<CallTag*>(tag)->OnEvent(ok);
    return true;
  }

  grpc::CompletionQueue queue_;
  PostBox box_{queue_};
};

TEST_F(PostBoxTest, RunsInTheOrderOfPostsWithOneWakeUp) {
  std::vector<int> ran;
  Note first([&] { ran.push_back(1); });
  Note second([&] { ran.push_back(2); });
  Note third([&] { ran.push_back(3); });
  box_.Post(&first);
  box_.Post(&second);
  box_.Post(&third);
  EXPECT_TRUE(ran.empty());
  ASSERT_TRUE(TakeEvent());
  EXPECT_EQ(ran, std::vector<int>({1, 2, 3}));
  // The destructor sees that no further event was asked for.
}

TEST_F(PostBoxTest, TakesPostsFromWhatItRuns) {
  int ran = 0;
  Note second([&] { ++ran; });
  Note first([&] {
    ++ran;
    box_.Post(&second);
  });
  box_.Post(&first);
  ASSERT_TRUE(TakeEvent());
  EXPECT_EQ(ran, 1);
  ASSERT_TRUE(TakeEvent());
  EXPECT_EQ(ran, 2);
  box_.Post(&first);  // and again
  ASSERT_TRUE(TakeEvent());
  ASSERT_TRUE(TakeEvent());
  EXPECT_EQ(ran, 4);
}

TEST_F(PostBoxTest, RunsLastWhatShallSeeTheWhole) {
  std::vector<int> ran;
  Note last([&] { ran.push_back(3); });
  Note first([&] {
    ran.push_back(1);
    box_.RunLast(&last);
  });
  Note second([&] { ran.push_back(2); });
  box_.Post(&first);
  box_.Post(&second);
  ASSERT_TRUE(TakeEvent());
  EXPECT_EQ(ran, std::vector<int>({1, 2, 3}));
}

TEST_F(PostBoxTest, LosesNothingWhenThreadsPostAtOnce) {
  constexpr int kThreads = 4;
  constexpr int kPosts = 5000;
  std::vector<int> seen(kThreads, 0);  // touched by this thread only: the list orders the accesses
  int total = 0;
  std::vector<std::vector<std::unique_ptr<Note>>> notes(kThreads);
  for (size_t thread = 0; thread < kThreads; ++thread) {
    for (int i = 0; i < kPosts; ++i) {
      notes[thread].push_back(std::make_unique<Note>([&, thread, i] {
        EXPECT_EQ(seen[thread]++, i);
        ++total;
      }));
    }
  }
  std::vector<std::thread> posters;
  for (const auto& own : notes) {
    posters.emplace_back([&] {
      for (const auto& note : own) box_.Post(note.get());
    });
  }
  while (total < kThreads * kPosts) ASSERT_TRUE(TakeEvent());
  for (std::thread& poster : posters) poster.join();
}

}  // namespace
}  // namespace kache
