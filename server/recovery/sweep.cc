#include "server/recovery/sweep.h"

#include <algorithm>
#include <utility>

namespace kache {

Sweep::Sweep(NodeId node, const std::string& cursor, std::vector<redis::NodeClient*> clients,
             std::string data_prefix, CopyRules rules, const HashRing& ring, size_t homes,
             View view, double keys_per_second)
    : node_(node),
      ring_(ring),
      homes_(homes),
      view_(std::move(view)),
      copier_(std::move(clients), std::move(data_prefix), std::move(rules)),
      pace_(keys_per_second),
      left_for_(ring.nodes(), false),
      scan_([this](const std::string& at, absl::AnyInvocable<void(const std::string&)> read,
                   Copier::Done done) { DoPage(at, std::move(read), std::move(done)); },
            [](const PageResult& page) { return static_cast<double>(page.seen + page.copied); },
            pace_, copier_.clock()) {
  scan_.Start(cursor);
}

PreferenceList Sweep::HomesOf(const PageEntry& entry) const {
  return ring_.Preference(HashRing::Token(copier_.UserKey(entry.redis_key)), homes_);
}

bool Sweep::IsHome(const PageEntry& entry) const {
  const PreferenceList homes = HomesOf(entry);
  return std::find(homes.begin(), homes.end(), node_) != homes.end();
}

std::vector<NodeId> Sweep::left_for() const {
  std::vector<NodeId> nodes;
  for (size_t i = 0; i < left_for_.size(); ++i) {
    if (left_for_[i]) nodes.emplace_back(static_cast<uint16_t>(i));
  }
  return nodes;
}

std::vector<NodeId> Sweep::TargetsOf(const PageEntry& entry, std::vector<PageEntry>& strays) {
  const PreferenceList homes = HomesOf(entry);
  std::vector<NodeId> targets;
  bool home = false;
  bool all_up = true;
  for (const NodeId node : homes) {
    if (node == node_) {
      home = true;
      if (entry.stand_in) targets.push_back(node);
    } else if (view_.is_up(node)) {
      targets.push_back(node);
    } else {
      all_up = false;
    }
  }
  if (home) return targets;
  if (entry.newer_format) return {};
  if (all_up && (entry.stand_in || view_.all_are_filled())) strays.push_back(entry);
  if (!entry.stand_in && !entry.tombstone) return {};
  for (const NodeId node : homes) {
    if (!view_.is_up(node)) left_for_[node.index()] = true;
  }
  return targets;
}

void Sweep::DoPage(const std::string& cursor, absl::AnyInvocable<void(const std::string&)> read,
                   Copier::Done done) {
  auto strays = std::make_shared<std::vector<PageEntry>>();
  copier_.CopyPage(
      node_, cursor, Scan::kPageKeys,
      {.considers = {},
       .at_home = [this](const PageEntry& entry) { return IsHome(entry); },
       .targets = [this, strays](const PageEntry& entry) { return TargetsOf(entry, *strays); }},
      std::move(read),
      [this, strays, done = std::move(done)](absl::StatusOr<PageResult> page) mutable {
        if (!page.ok()) return done(page.status());
        found_.repaired += page->copied;
        std::erase_if(*strays, [&](const PageEntry& entry) {
          return std::ranges::find(page->left_out, entry.redis_key) != page->left_out.end();
        });
        if (strays->empty()) return done(std::move(page));
        // All their home replicas hold now what they are to have of them, or what is newer.
        RemoveStrays(*strays, *page, std::move(done));
      });
}

void Sweep::RemoveStrays(const std::vector<PageEntry>& strays, const PageResult& page,
                         Copier::Done done) {
  copier_.Remove(node_, strays, page.read_at,
                 [this, page, done = std::move(done)](absl::StatusOr<uint64_t> removed) mutable {
                   if (!removed.ok()) return done(removed.status());
                   found_.removed += *removed;
                   done(page);
                 });
}

}  // namespace kache
