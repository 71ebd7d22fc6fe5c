#include "server/recovery/sweep.h"

#include <algorithm>
#include <utility>

namespace kache {

Sweep::Sweep(NodeId node, const std::string& cursor, std::vector<redis::NodeClient*> clients,
             std::string data_prefix, CopyRules rules, const HashRing& ring, size_t homes,
             std::function<bool(NodeId)> is_up, double keys_per_second)
    : node_(node),
      ring_(ring),
      homes_(homes),
      is_up_(std::move(is_up)),
      copier_(std::move(clients), std::move(data_prefix), std::move(rules)),
      pace_(keys_per_second),
      scan_([this](const std::string& at, absl::AnyInvocable<void(const std::string&)> read,
                   Copier::Done done) { DoPage(at, std::move(read), std::move(done)); },
            [](const PageResult& page) { return static_cast<double>(page.seen + page.copied); },
            pace_) {
  scan_.Start(cursor);
}

std::vector<NodeId> Sweep::TargetsOf(const PageEntry& entry, std::vector<PageEntry>& strays) const {
  const uint64_t token = HashRing::Token(copier_.UserKey(entry.redis_key));
  std::vector<NodeId> targets;
  bool home = false;
  bool all_up = true;
  for (const NodeId node : ring_.Preference(token, homes_)) {
    if (node == node_) {
      home = true;
    } else if (is_up_(node)) {
      targets.push_back(node);
    } else {
      all_up = false;
    }
  }
  if (!home && all_up) strays.push_back(entry);
  return targets;
}

void Sweep::DoPage(const std::string& cursor, absl::AnyInvocable<void(const std::string&)> read,
                   Copier::Done done) {
  auto strays = std::make_shared<std::vector<PageEntry>>();
  copier_.CopyPage(
      node_, cursor, Scan::kPageKeys,
      {{}, [this, strays](const PageEntry& entry) { return TargetsOf(entry, *strays); }},
      std::move(read),
      [this, strays, done = std::move(done)](absl::StatusOr<PageResult> page) mutable {
        if (!page.ok()) return done(page.status());
        found_.repaired += page->copied;
        if (strays->empty()) return done(std::move(page));
        // All their home replicas hold them now, or newer ones.
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
