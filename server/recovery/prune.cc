#include "server/recovery/prune.h"

#include <utility>

namespace kache {

Prune::Prune(PrunePlan plan, Copier& copier, const HashRing& ring, size_t homes, Pace& pace)
    : plan_(std::move(plan)),
      copier_(copier),
      unheld_(plan_, copier, ring, homes),
      scan_([this](const std::string& cursor, absl::AnyInvocable<void(const std::string&)> read,
                   Copier::Done done) { DoPage(cursor, std::move(read), std::move(done)); },
            [](const PageResult& page) { return static_cast<double>(page.seen); }, pace,
            copier.clock()) {}

bool Prune::IsCandidate(const PageEntry& entry) const {
  if (!copier_.IsOld(entry.version)) return false;
  const NodeWord& own = plan_.words[plan_.node.index()];
  if (own.is_trusted && own.Knew(entry.WrittenMs())) return false;
  return unheld_.MayBeRemoved(entry);
}

void Prune::DoPage(const std::string& cursor, absl::AnyInvocable<void(const std::string&)> read,
                   Copier::Done done) {
  copier_.ReadPage(
      plan_.node, cursor, Scan::kPageKeys, std::move(read),
      [this, read_at = copier_.Now(),
       done = std::move(done)](absl::StatusOr<std::vector<PageEntry>> entries) mutable {
        if (!entries.ok()) return done(entries.status());
        PageResult result;
        result.seen = entries->size();
        std::erase_if(*entries, [this](const PageEntry& entry) { return !IsCandidate(entry); });
        unheld_.Remove(*std::move(entries), read_at,
                       [this, result = std::move(result),
                        done = std::move(done)](absl::StatusOr<uint64_t> removed) mutable {
                         if (!removed.ok()) return done(removed.status());
                         removed_ += *removed;
                         done(std::move(result));
                       });
      });
}

}  // namespace kache
