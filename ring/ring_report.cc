#include "ring/ring_report.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace kache {
namespace {

constexpr double kTokenSpace = 0x1p64;

using NameList = absl::InlinedVector<std::string_view, 8>;

// Tokens in (previous arc's end, `end`]: their keys share all lists.
struct Arc {
  uint64_t end;
  double part;
};

// The circle cut at `ends`, in any order and with doubles allowed. Requires: not empty.
std::vector<Arc> CutCircle(std::vector<uint64_t> ends) {
  std::sort(ends.begin(), ends.end());
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  if (ends.size() == 1) return {{ends.front(), 1.0}};
  std::vector<Arc> arcs;
  arcs.reserve(ends.size());
  uint64_t previous = ends.back();
  for (const uint64_t end : ends) {
    arcs.push_back({end, static_cast<double>(end - previous) / kTokenSpace});
    previous = end;
  }
  return arcs;
}

void AppendTokens(const HashRing& ring, std::vector<uint64_t>* tokens) {
  for (const HashRing::VirtualNode& vnode : ring.virtual_nodes()) tokens->push_back(vnode.token);
}

NameList PreferredNames(const HashRing& ring, uint64_t token, size_t count) {
  NameList names;
  for (const NodeId node : ring.Preference(token, count)) {
    names.push_back(ring.names()[node.index()]);
  }
  return names;
}

double PartNotIn(const NameList& before, const NameList& after) {
  const auto is_new = [&before](std::string_view name) {
    return std::find(before.begin(), before.end(), name) == before.end();
  };
  const auto moved = std::count_if(after.begin(), after.end(), is_new);
  return static_cast<double>(moved) / static_cast<double>(after.size());
}

}  // namespace

LoadReport MeasureLoad(const HashRing& ring, size_t copies) {
  const size_t copies_held = std::min(copies, ring.nodes());
  LoadReport report;
  report.shares.assign(ring.nodes(), 0.0);
  std::vector<uint64_t> tokens;
  AppendTokens(ring, &tokens);
  for (const Arc& arc : CutCircle(std::move(tokens))) {
    for (const NodeId node : ring.Preference(arc.end, copies_held)) {
      report.shares[node.index()] += arc.part / static_cast<double>(copies_held);
    }
  }

  report.ideal = 1.0 / static_cast<double>(ring.nodes());
  const auto [min, max] = std::minmax_element(report.shares.begin(), report.shares.end());
  report.min = *min / report.ideal;
  report.max = *max / report.ideal;
  double squares = 0;
  for (const double share : report.shares) squares += std::pow(share / report.ideal - 1.0, 2);
  report.stddev = std::sqrt(squares / static_cast<double>(ring.nodes()));
  return report;
}

double ShareHeldOnlyBy(const HashRing& ring, size_t copies, const std::vector<bool>& nodes) {
  std::vector<uint64_t> tokens;
  AppendTokens(ring, &tokens);
  double share = 0;
  for (const Arc& arc : CutCircle(std::move(tokens))) {
    const PreferenceList homes = ring.Preference(arc.end, std::min(copies, ring.nodes()));
    const bool only_these =
        std::all_of(homes.begin(), homes.end(), [&](NodeId node) { return nodes[node.index()]; });
    if (only_these) share += arc.part;
  }
  return share;
}

std::string RenderLoad(const HashRing& ring, const LoadReport& report) {
  size_t width = 4;
  for (const std::string& name : ring.names()) width = std::max(width, name.size());
  const int column = static_cast<int>(width);
  std::string text = absl::StrFormat("%-*s    share  of ideal\n", column, "node");
  for (size_t n = 0; n < report.shares.size(); ++n) {
    absl::StrAppendFormat(&text, "%-*s  %6.2f%%  %8.3f\n", column, ring.names()[n],
                          100 * report.shares[n], report.shares[n] / report.ideal);
  }
  absl::StrAppendFormat(&text, "of ideal: min %.3f  max %.3f  stddev %.3f\n", report.min,
                        report.max, report.stddev);
  return text;
}

MoveReport MeasureMove(const HashRing& before, const HashRing& after, size_t copies) {
  std::vector<uint64_t> tokens;
  AppendTokens(before, &tokens);
  AppendTokens(after, &tokens);
  MoveReport report;
  for (const Arc& arc : CutCircle(std::move(tokens))) {
    const NameList old_names = PreferredNames(before, arc.end, copies);
    const NameList new_names = PreferredNames(after, arc.end, copies);
    if (old_names.front() != new_names.front()) report.first_owners += arc.part;
    if (old_names != new_names) report.lists += arc.part;
    report.copies += arc.part * PartNotIn(old_names, new_names);
  }
  return report;
}

std::string RenderMove(const MoveReport& report) {
  return absl::StrFormat("moved: first owners %.2f%%  lists %.2f%%  copies %.2f%%\n",
                         100 * report.first_owners, 100 * report.lists, 100 * report.copies);
}

}  // namespace kache
