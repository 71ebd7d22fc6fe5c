// Prints how evenly rings of the usual sizes share the load, and what a further server moves, as a
// table for docs/ring.md. The servers are cache-0, cache-1, ...: always the same figures.
#include <cstdint>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ring/hash_ring.h"
#include "ring/ring_report.h"

namespace kache {
namespace {

HashRing RingOf(int nodes, uint32_t vnodes_per_node) {
  std::vector<std::string> names;
  for (int i = 0; i < nodes; ++i) names.push_back(absl::StrCat("cache-", i));
  return HashRing(std::move(names), vnodes_per_node);
}

void PrintRow(int nodes, uint32_t vnodes_per_node) {
  const HashRing ring = RingOf(nodes, vnodes_per_node);
  const LoadReport first = MeasureLoad(ring, 1);
  const LoadReport copies = MeasureLoad(ring, 3);
  const MoveReport move = MeasureMove(ring, RingOf(nodes + 1, vnodes_per_node), 3);
  std::cout << absl::StreamFormat(
      "| %d | %d | %.2f - %.2f | %.3f | %.2f - %.2f | %.3f | %.1f%% | %.1f%% | %.1f%% |\n", nodes,
      vnodes_per_node, first.min, first.max, first.stddev, copies.min, copies.max, copies.stddev,
      100 * move.first_owners, 100 * move.copies, 100.0 / (nodes + 1));
}

}  // namespace
}  // namespace kache

int main() {
  for (const uint32_t vnodes_per_node : {1u, 10u, 100u, 1000u}) {
    for (const int nodes : {4, 8, 16, 64}) kache::PrintRow(nodes, vnodes_per_node);
  }
  const kache::HashRing usual(
      {"localhost:6379", "localhost:6380", "localhost:6381", "localhost:6382"}, 100);
  std::cout << "\nThe default ring, first owners:\n"
            << RenderLoad(usual, kache::MeasureLoad(usual, 1)) << "\nits copies of 3:\n"
            << RenderLoad(usual, kache::MeasureLoad(usual, 3));
}
