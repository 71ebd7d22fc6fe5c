// Placement is for ever: a change of a token or a list would make stored keys unreachable. The file
// is written by placement_check.py; its head says what the lines mean.
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "ring/hash_ring.h"

namespace kache {
namespace {

// "ring <vnodes> <copies> <fingerprint> <name>,<name>..."
HashRing ReadRing(std::istringstream& line) {
  uint32_t vnodes_per_node = 0;
  uint32_t copies = 0;
  std::string fingerprint;
  std::string names;
  line >> vnodes_per_node >> copies >> fingerprint >> names;
  HashRing ring(absl::StrSplit(names, ','), vnodes_per_node);
  EXPECT_EQ(absl::StrCat(absl::Hex(ring.Fingerprint(copies), absl::kZeroPad16)), fingerprint);
  return ring;
}

// "key <hex> <token> <name>,<name>..."
void CheckKey(const HashRing& ring, std::istringstream& line) {
  std::string key_hex;
  std::string token_hex;
  std::string names;
  line >> key_hex >> token_hex >> names;
  const uint64_t token = HashRing::Token(absl::HexStringToBytes(key_hex));
  EXPECT_EQ(absl::StrCat(absl::Hex(token, absl::kZeroPad16)), token_hex) << key_hex;

  const std::vector<std::string> expected = absl::StrSplit(names, ',');
  std::vector<std::string> preferred;
  for (const NodeId node : ring.Preference(token, expected.size())) {
    preferred.push_back(ring.names()[node.index()]);
  }
  EXPECT_EQ(preferred, expected) << key_hex;
}

TEST(Placement, IsAsTheGoldenFileSays) {
  std::ifstream file(KACHE_PLACEMENT_GOLDEN);
  ASSERT_TRUE(file.is_open()) << KACHE_PLACEMENT_GOLDEN;
  std::optional<HashRing> ring;
  int keys = 0;
  for (std::string text; std::getline(file, text);) {
    std::istringstream line(text);
    std::string kind;
    line >> kind;
    if (kind == "ring") {
      ring = ReadRing(line);
    } else if (kind == "key") {
      ASSERT_TRUE(ring.has_value());
      CheckKey(*ring, line);
      ++keys;
    }
  }
  EXPECT_GE(keys, 100);
}

}  // namespace
}  // namespace kache
