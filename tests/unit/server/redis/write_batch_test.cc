#include "server/redis/write_batch.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kache::redis {
namespace {

std::string Joined(const WriteBatch& batch, size_t skip) {
  std::vector<std::string_view> pieces;
  batch.Pieces(skip, pieces);
  std::string all;
  for (std::string_view piece : pieces) {
    EXPECT_FALSE(piece.empty());
    all += piece;
  }
  return all;
}

size_t PieceCount(const WriteBatch& batch) {
  std::vector<std::string_view> pieces;
  batch.Pieces(0, pieces);
  return pieces.size();
}

TEST(WriteBatch, JoinsSmallCommandsInOnePiece) {
  WriteBatch batch;
  EXPECT_TRUE(batch.empty());
  for (int i = 0; i < 100; ++i) batch.Add(Command::Of({"PING"}));
  EXPECT_EQ(batch.bytes(), 1400u);
  EXPECT_EQ(PieceCount(batch), 1u);
}

TEST(WriteBatch, ReferencesLargeCommandsInTheirPlace) {
  const Command small = Command::Of({"GET", "small"});
  const Command large = Command::Of({"SET", "large", std::string(100000, 'x')});
  WriteBatch batch;
  std::string expected;
  for (const Command* command : {&large, &small, &small, &large, &large, &small}) {
    batch.Add(*command);
    expected += command->wire();
  }
  EXPECT_EQ(PieceCount(batch), 5u);
  std::vector<std::string_view> pieces;
  batch.Pieces(0, pieces);
  EXPECT_EQ(pieces[0].data(), large.wire().data()) << "not copied";
  for (size_t skip : {size_t{0}, size_t{1}, large.wire().size(), large.wire().size() + 1,
                      expected.size() - 1, expected.size()}) {
    EXPECT_EQ(Joined(batch, skip), expected.substr(skip));
  }
}

TEST(WriteBatch, IsEmptyOnceCleared) {
  WriteBatch batch;
  batch.Add(Command::Of({"SET", "large", std::string(100000, 'x')}));
  batch.Clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(Joined(batch, 0), "");
  batch.Add(Command::Of({"PING"}));
  EXPECT_EQ(Joined(batch, 0), "*1\r\n$4\r\nPING\r\n");
}

}  // namespace
}  // namespace kache::redis
