#include "server/recovery/prune.h"

#include <map>
#include <utility>

namespace kache {

// Shared by the questions to the other nodes.
struct Prune::Page {
  struct Candidate {
    PageEntry entry;
    bool held = false;    // by some other home replica whose copies count
    bool lacked = false;  // by some other home replica that had it
  };
  std::vector<Candidate> candidates;
  size_t seen = 0;
  absl::Time read_at;
  size_t waiting = 0;
  absl::Status status;
  Copier::Done done;
};

Prune::Prune(PrunePlan plan, Copier& copier, const HashRing& ring, size_t homes, Pace& pace)
    : plan_(std::move(plan)),
      copier_(copier),
      ring_(ring),
      homes_(homes),
      scan_([this](const std::string& cursor, absl::AnyInvocable<void(const std::string&)> read,
                   Copier::Done done) { DoPage(cursor, std::move(read), std::move(done)); },
            [](const PageResult& page) { return static_cast<double>(page.seen); }, pace,
            copier.clock()) {}

PreferenceList Prune::HomesOf(const PageEntry& entry) const {
  return ring_.Preference(HashRing::Token(copier_.UserKey(entry.redis_key)), homes_);
}

bool Prune::IsCandidate(const PageEntry& entry) const {
  if (!copier_.IsOld(entry.version)) return false;
  const NodeWord& own = plan_.words[plan_.node.index()];
  if (own.is_trusted && own.Knew(entry.WrittenMs())) return false;
  bool home = false;
  bool witness = false;
  for (const NodeId node : HomesOf(entry)) {
    if (node == plan_.node) {
      home = true;
      continue;
    }
    if (!plan_.reachable[node.index()]) return false;
    witness |= plan_.words[node.index()].Knew(entry.WrittenMs());
  }
  return home && witness;
}

void Prune::DoPage(const std::string& cursor, absl::AnyInvocable<void(const std::string&)> read,
                   Copier::Done done) {
  auto page = std::make_shared<Page>();
  page->done = std::move(done);
  page->read_at = copier_.Now();
  copier_.ReadPage(plan_.node, cursor, Scan::kPageKeys, std::move(read),
                   [this, page](absl::StatusOr<std::vector<PageEntry>> entries) {
                     if (!entries.ok()) return page->done(entries.status());
                     page->seen = entries->size();
                     for (PageEntry& entry : *entries) {
                       if (IsCandidate(entry)) page->candidates.push_back({std::move(entry)});
                     }
                     AskOthers(page);
                   });
}

void Prune::AskOthers(const std::shared_ptr<Page>& page) {
  std::map<uint16_t, std::vector<size_t>> by_node;  // indices of candidates
  for (size_t i = 0; i < page->candidates.size(); ++i) {
    const PageEntry& entry = page->candidates[i].entry;
    for (const NodeId node : HomesOf(entry)) {
      const NodeWord& word = plan_.words[node.index()];
      if (node == plan_.node || (!word.is_trusted && !word.Knew(entry.WrittenMs()))) continue;
      by_node[static_cast<uint16_t>(node.index())].push_back(i);
    }
  }
  if (by_node.empty()) return RemoveUnheld(*page);
  page->waiting = by_node.size();
  for (const auto& [node, indices] : by_node) {
    std::vector<std::string_view> keys;
    for (const size_t i : indices) keys.push_back(page->candidates[i].entry.redis_key);
    copier_.ReadHeldBy(NodeId(node), plan_.memories[node], keys,
                       [this, page, indices,
                        word = plan_.words[node]](absl::StatusOr<std::vector<HeldRecord>> held) {
                         if (!held.ok()) page->status = held.status();
                         for (size_t i = 0; held.ok() && i < indices.size(); ++i) {
                           Page::Candidate& candidate = page->candidates[indices[i]];
                           const bool lacks = (*held)[i].version.IsZero();
                           candidate.lacked |= lacks && word.Knew(candidate.entry.WrittenMs());
                           candidate.held |= !lacks && word.is_trusted;
                         }
                         if (--page->waiting == 0) RemoveUnheld(*page);
                       });
  }
}

void Prune::RemoveUnheld(Page& page) {
  if (!page.status.ok()) return page.done(page.status);
  PageResult result;
  result.seen = page.seen;
  std::vector<PageEntry> unheld;
  for (Page::Candidate& candidate : page.candidates) {
    if (candidate.lacked && !candidate.held) unheld.push_back(std::move(candidate.entry));
  }
  if (unheld.empty()) return page.done(result);
  copier_.Remove(
      plan_.node, unheld, page.read_at,
      [this, result, done = std::move(page.done)](absl::StatusOr<uint64_t> removed) mutable {
        if (!removed.ok()) return done(removed.status());
        removed_ += *removed;
        done(result);
      });
}

}  // namespace kache
