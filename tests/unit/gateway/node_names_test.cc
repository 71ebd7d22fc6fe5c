#include "gateway/upstream/node_names.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace kache::gateway {
namespace {

void Add(uint32_t id, const std::string& name, v1::GetStatusResponse* status) {
  v1::Node* const node = status->add_nodes();
  node->set_node_id(id);
  node->set_name(name);
}

v1::GetStatusResponse OneNode(uint32_t id, const std::string& name) {
  v1::GetStatusResponse status;
  Add(id, name, &status);
  return status;
}

TEST(NodeNames, FindsWhatItHasLearned) {
  NodeNames names;
  EXPECT_EQ(names.Find(0), "");
  names.Learn(OneNode(0, "cache-a"));
  names.Learn(OneNode(1024, "[fe80::1%eth0]:6379"));  // in the same bucket
  names.Learn(OneNode(0xffffffff, "cache-c"));
  EXPECT_EQ(names.Find(0), "cache-a");
  EXPECT_EQ(names.Find(1024), "[fe80::1%eth0]:6379");
  EXPECT_EQ(names.Find(0xffffffff), "cache-c");
  EXPECT_EQ(names.Find(2048), "");
}

TEST(NodeNames, OfAReceiptThatNamesNoNodeThereIsNone) {
  NodeNames names;
  names.Learn(OneNode(0, "cache-a"));
  v1::Receipt receipt;
  EXPECT_EQ(names.NodeOf(receipt), "");
  receipt.set_node_id(0);
  EXPECT_EQ(names.NodeOf(receipt), "cache-a");
}

// Its nodes all seem to have the id 0; a table that they fill learns nothing more.
TEST(NodeNames, LearnsNothingFromAServerOfAnEarlierRelease) {
  NodeNames names;
  v1::GetStatusResponse status;
  for (const char* const name : {"cache-a", "cache-b"}) status.add_nodes()->set_name(name);
  for (size_t i = 0; i < NodeNames::kMaxNames; ++i) names.Learn(status);
  EXPECT_EQ(names.Find(0), "");
  names.Learn(OneNode(7, "cache-a"));
  EXPECT_EQ(names.Find(7), "cache-a");
}

TEST(NodeNames, TheNameLearnedLastCounts) {
  NodeNames names;
  names.Learn(OneNode(5, "before"));
  const std::string_view before = names.Find(5);
  names.Learn(OneNode(5, "after"));
  EXPECT_EQ(names.Find(5), "after");
  EXPECT_EQ(before, "before") << "it stays valid";
}

TEST(NodeNames, RefusesWhatAHeaderCannotHold) {
  NodeNames names;
  v1::GetStatusResponse status;
  Add(1, "a\r\nSet-Cookie: x", &status);
  Add(2, "", &status);
  Add(3, "\xc3\xa9", &status);
  Add(4, "two words", &status);
  Add(5, std::string(NodeNames::kMaxNameBytes + 1, 'x'), &status);
  Add(6, std::string(NodeNames::kMaxNameBytes, 'x'), &status);
  names.Learn(status);
  for (uint32_t id = 1; id <= 5; ++id) EXPECT_EQ(names.Find(id), "") << id;
  EXPECT_EQ(names.Find(6).size(), NodeNames::kMaxNameBytes);
}

TEST(NodeNames, IsBounded) {
  NodeNames names;
  v1::GetStatusResponse status;
  for (uint32_t id = 0; id <= NodeNames::kMaxNames; ++id)
    Add(id, "n" + std::to_string(id), &status);
  names.Learn(status);
  names.Learn(status);
  EXPECT_EQ(names.Find(NodeNames::kMaxNames - 1), "n" + std::to_string(NodeNames::kMaxNames - 1));
  EXPECT_EQ(names.Find(NodeNames::kMaxNames), "");
}

TEST(NodeNames, IsReadWhileItLearns) {
  constexpr uint32_t kNodes = 2000;
  NodeNames names;
  std::atomic<bool> done = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        for (uint32_t id = 0; id < kNodes; ++id) {
          const std::string_view name = names.Find(id);
          EXPECT_TRUE(name.empty() || name == "n" + std::to_string(id)) << name;
        }
      }
    });
  }
  for (uint32_t id = 0; id < kNodes; ++id) names.Learn(OneNode(id, "n" + std::to_string(id)));
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(names.Find(kNodes - 1), "n" + std::to_string(kNodes - 1));
}

}  // namespace
}  // namespace kache::gateway
