#include "server/redis/resumption.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error_details.h"

namespace kache::redis {
namespace {

// A connection with commands that are called by numbers.
class ResumptionTest : public ::testing::Test {
 protected:
  void Add(int number, bool waits = true) {
    PendingCommand command;
    command.command = Command::Get(std::to_string(number));
    if (waits) {
      command.done = [this, number](const absl::StatusOr<Reply>&) { called_.push_back(number); };
    }
    queue_.Push(std::move(command));
  }
  void Add(PendingCommand::Kind kind) { queue_.Push(PendingCommand(kind)); }

  // The connection is lost with so many commands under way; returns the culprits.
  std::vector<int> Lose(size_t under_way, LossCause cause = LossCause::kUnknown) {
    Resumption resumption = Resume(std::move(queue_), under_way, cause);
    queue_ = std::move(resumption.waiting);
    suspects_ = resumption.suspects;
    called_.clear();
    for (ReplyCallback& done : resumption.culprits) done(TooMuchForNode(""));
    return std::move(called_);
  }
  // The commands that are sent again, in order.
  std::vector<int> Waiting() {
    called_.clear();
    for (size_t i = 0; i < queue_.size(); ++i) {
      EXPECT_EQ(queue_.At(i).command.wire(), Command::Get(std::to_string(Number(i))).wire());
    }
    return std::move(called_);
  }

  PendingQueue queue_;
  size_t suspects_ = 0;

 private:
  int Number(size_t i) {
    const std::string wire(queue_.At(i).command.wire());
    called_.push_back(std::stoi(wire.substr(wire.rfind('$') + 4)));
    return called_.back();
  }
  std::vector<int> called_;
};

using Numbers = std::vector<int>;

TEST_F(ResumptionTest, SendsAllAgainAndSuspectsThoseThatWereUnderWay) {
  for (int i = 1; i <= 4; ++i) Add(i);
  EXPECT_EQ(Lose(2), Numbers());
  EXPECT_EQ(Waiting(), (Numbers{1, 2, 3, 4}));
  EXPECT_EQ(suspects_, 2u);
}

TEST_F(ResumptionTest, LeavesOutWhatNobodyWaitsFor) {
  Add(1);
  Add(2, /*waits=*/false);
  Add(PendingCommand::Kind::kPing);
  Add(PendingCommand::Kind::kScriptLoad);
  Add(3);
  EXPECT_EQ(Lose(5), Numbers());
  EXPECT_EQ(Waiting(), (Numbers{1, 3}));
  EXPECT_EQ(suspects_, 2u);
  EXPECT_EQ(queue_.bytes(), 0u) << "what is left out is not counted";
}

TEST_F(ResumptionTest, FindsTheCulpritByWhatWasUnderWayAlone) {
  for (int i = 1; i <= 3; ++i) Add(i);
  Lose(3);
  queue_.PopFront();  // 1 was answered
  EXPECT_EQ(Lose(1), Numbers());
  EXPECT_EQ(Lose(1), Numbers{2});
  EXPECT_EQ(Waiting(), Numbers{3});
  EXPECT_EQ(suspects_, 1u) << "3 was under way once";
}

TEST_F(ResumptionTest, SuspectsNobodyAfterAProtocolError) {
  for (int i = 1; i <= 3; ++i) Add(i);
  for (int losses = 0; losses < 5; ++losses) {
    EXPECT_EQ(Lose(3, LossCause::kProtocolError), Numbers());
    EXPECT_EQ(suspects_, 0u);
  }
  EXPECT_EQ(Waiting(), (Numbers{1, 2, 3}));
}

TEST_F(ResumptionTest, ForgetsNoSuspectAfterAnothersProtocolError) {
  for (int i = 1; i <= 3; ++i) Add(i);
  Lose(1);
  Lose(1, LossCause::kProtocolError);
  EXPECT_EQ(suspects_, 1u);
  Lose(1);
  EXPECT_EQ(Lose(1), Numbers{1});
}

TEST(TooMuchForNode, SaysWhichLimitItIs) {
  EXPECT_TRUE(IsProtocolError("ERR Protocol error: invalid bulk length"));
  EXPECT_FALSE(IsProtocolError("ERR unknown command"));
  const absl::Status told = TooMuchForNode("ERR Protocol error: invalid bulk length");
  EXPECT_EQ(told.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(told), kNodeLimit);
  EXPECT_NE(told.message().find("proto-max-bulk-len"), absl::string_view::npos);
  EXPECT_NE(TooMuchForNode("").message().find("client-output-buffer-limit"),
            absl::string_view::npos);
}

}  // namespace
}  // namespace kache::redis
