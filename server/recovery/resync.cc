#include "server/recovery/resync.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/strings.h"

namespace kache {
namespace {

// Comparing a record costs about a quarter of moving it.
double Cost(const PageResult& page) {
  return static_cast<double>(page.copied) + 0.25 * static_cast<double>(page.seen);
}

}  // namespace

Resync::Resync(ResyncPlan plan, std::vector<redis::NodeClient*> clients, std::string data_prefix,
               CopyRules rules, const HashRing& ring, IsUp is_up, double keys_per_second)
    : plan_(std::move(plan)),
      ring_(ring),
      is_up_(std::move(is_up)),
      copier_(std::move(clients), std::move(data_prefix), std::move(rules)),
      pace_(keys_per_second) {
  if (!plan_.by_hints) return;
  replaced_plan_ = PrunePlan{plan_.node, std::vector<bool>(plan_.words.size(), false), plan_.words,
                             plan_.memories};
  for (const ResyncSource& source : plan_.sources) {
    replaced_plan_->reachable[source.node.index()] = true;
  }
  replaced_.emplace(*replaced_plan_, copier_, ring_, plan_.homes);
}

PreferenceList Resync::HomesOf(std::string_view user_key) const {
  return ring_.Preference(HashRing::Token(user_key), plan_.homes);
}

bool Resync::IsHome(NodeId node, std::string_view user_key) const {
  const PreferenceList homes = HomesOf(user_key);
  return std::find(homes.begin(), homes.end(), node) != homes.end();
}

// A delete that the source missed may be forgotten before the source that has it is read. A
// stand-in's copy may be as old as a tombstone gets.
bool Resync::MayBeDeleted(const ResyncSource& source, const PageEntry& entry) const {
  return (source.distrusted || entry.stand_in) && copier_.IsOld(entry.version);
}

// A home replica whose copies count brings the record itself, if it was not deleted. The node
// itself lacks it, or there is nothing to bring.
bool Resync::IsKnownBetter(const ResyncSource& source, const PageEntry& entry) const {
  const PreferenceList homes = HomesOf(copier_.UserKey(entry.redis_key));
  return std::any_of(homes.begin(), homes.end(), [&](NodeId home) {
    const NodeWord& word = plan_.words[home.index()];
    const bool counts = home == plan_.node || word.is_trusted;
    return home != source.node && counts && word.Knew(entry.version);
  });
}

// Nobody is to have it from there: of a stand-in of the release before whose copy ends with the
// value, or of another ring.
bool Resync::IsLeftOver(const ResyncSource& source, const PageEntry& entry) const {
  const bool for_others = entry.stand_in || entry.tombstone || entry.newer_format;
  return !plan_.takes_misplaced && !for_others &&
         !IsHome(source.node, copier_.UserKey(entry.redis_key));
}

std::vector<NodeId> Resync::TargetsOf(const ResyncSource& source, const PageEntry& entry) const {
  if (MayBeDeleted(source, entry) && IsKnownBetter(source, entry)) return {};
  return {plan_.node};
}

// Where the source is home to it by now, the copy becomes a home replica's, and stays.
bool Resync::AddOtherHomes(NodeId source, const PageEntry& entry, std::vector<NodeId>& targets) {
  bool can_go = true;
  for (const NodeId home : HomesOf(copier_.UserKey(entry.redis_key))) {
    if (home == plan_.node) continue;
    if (home == source || is_up_(home)) {
      targets.push_back(home);
      can_go &= home != source;
    } else {
      can_go = false;
      left_with_.insert(source);
    }
  }
  return can_go;
}

void Resync::CopyPage(const ResyncSource& source, const std::string& cursor,
                      absl::AnyInvocable<void(const std::string&)> read, Copier::Done done) {
  Copier::Selection selection;
  selection.hints = source.hints;
  selection.considers = [this](std::string_view key) { return IsHome(plan_.node, key); };
  if (!plan_.takes_misplaced) {
    selection.at_home = [this, &source](const PageEntry& entry) {
      return IsHome(source.node, copier_.UserKey(entry.redis_key));
    };
  }
  const auto brought_home = std::make_shared<std::vector<PageEntry>>();  // of stand-ins
  selection.targets = [this, &source, brought_home](const PageEntry& entry) {
    if (IsLeftOver(source, entry)) {
      left_with_.insert(source.node);
      return std::vector<NodeId>();
    }
    std::vector<NodeId> targets = TargetsOf(source, entry);
    const bool taken_home = entry.stand_in && !targets.empty();
    if (taken_home && AddOtherHomes(source.node, entry, targets)) {
      if (source.refuses_writes || source.in_place) {
        left_with_.insert(source.node);
      } else {
        brought_home->push_back(entry);
      }
    }
    return targets;
  };
  copier_.CopyPage(
      source.node, cursor, Scan::kPageKeys, std::move(selection), std::move(read),
      [this, &source, brought_home,
       done = std::move(done)](absl::StatusOr<PageResult> page) mutable {
        if (!page.ok()) return done(page.status());
        std::erase_if(*brought_home, [&](const PageEntry& entry) {
          return std::ranges::find(page->left_out, entry.redis_key) != page->left_out.end();
        });
        if (brought_home->empty()) return RemoveReplaced(*std::move(page), std::move(done));
        copier_.Remove(source.node, *brought_home, page->read_at,
                       [this, result = *page,
                        done = std::move(done)](const absl::StatusOr<uint64_t>& removed) mutable {
                         if (!removed.ok()) return done(removed.status());
                         RemoveReplaced(std::move(result), std::move(done));
                       });
      });
}

// What was stamped before the doubt began, less the time for which a write may be on its way, is
// older than the write that the node missed.
void Resync::RemoveReplaced(PageResult page, Copier::Done done) {
  if (page.gone.empty() || !replaced_) return done(std::move(page));
  const absl::Time read_at = copier_.Now();
  const std::vector<std::string_view> keys(page.gone.begin(), page.gone.end());
  copier_.ReadHeld(plan_.node, keys,
                   [this, read_at, page = std::move(page),
                    done = std::move(done)](absl::StatusOr<std::vector<HeldRecord>> held) mutable {
                     if (!held.ok()) return done(held.status());
                     std::vector<PageEntry> entries;
                     for (size_t i = 0; i < page.gone.size(); ++i) {
                       PageEntry entry;
                       entry.redis_key = page.gone[i];
                       entry.version = (*held)[i].version;
                       const bool old = plan_.words[plan_.node.index()].Knew(entry.version);
                       const bool may_go = !entry.version.IsZero() && old;
                       if (may_go && replaced_->MayBeRemoved(entry)) entries.push_back(entry);
                     }
                     replaced_->Remove(std::move(entries), read_at,
                                       [this, page = std::move(page), done = std::move(done)](
                                           absl::StatusOr<uint64_t> removed) mutable {
                                         if (!removed.ok()) return done(removed.status());
                                         removed_ += *removed;
                                         done(std::move(page));
                                       });
                   });
}

void Resync::BeginSource(MonotonicTime now) {
  const ResyncSource& source = plan_.sources[next_source_];
  scan_ = std::make_unique<Scan>(
      [this, &source](const std::string& cursor, absl::AnyInvocable<void(const std::string&)> read,
                      Copier::Done done) {
        CopyPage(source, cursor, std::move(read), std::move(done));
      },
      [this](const PageResult& page) {
        done_ += page.seen;
        copied_ += page.copied;
        beyond_node_ += page.beyond_target;
        return Cost(page);
      },
      pace_, copier_.clock());
  done_before_ = done_;
  scan_->Start(source.checkpoint.cursor);
  scan_->Pump(now);
}

std::optional<ResyncCheckpoint> Resync::checkpoint() const {
  if (!scan_ || beyond_node_ > 0 || (scan_->finished() && scan_->status().ok()))
    return std::nullopt;
  ResyncCheckpoint checkpoint = plan_.sources[next_source_].checkpoint;
  checkpoint.cursor = scan_->safe_cursor();
  checkpoint.seen += done_ - done_before_;
  return checkpoint;
}

bool Resync::has_advanced() const {
  if (next_source_ > 0) return true;
  const std::optional<ResyncCheckpoint> now = checkpoint();
  return now && now->cursor != plan_.sources[next_source_].checkpoint.cursor;
}

// What a source held when the plan was made may be gone before it was read to the end. Others may
// not have been asked for it then, as this one would bring it.
void Resync::ConfirmSource() {
  const NodeId source = plan_.sources[next_source_].node;
  confirming_ = true;
  copier_.ReadHeldBy(source, plan_.memories[source.index()], {},
                     [this](const absl::StatusOr<std::vector<HeldRecord>>& held) {
                       confirming_ = false;
                       if (!held.ok()) return Finish(held.status());
                       ++next_source_;
                     });
}

void Resync::Pump(MonotonicTime now) {
  if (finished_) return;
  if (!started_) started_ = now;
  if (prune_) {
    prune_->Pump(now);
    if (prune_->finished()) Finish(prune_->status());
    return;
  }
  if (scan_) {
    scan_->Pump(now);
    if (!scan_->finished()) return;
    if (!scan_->status().ok()) return Finish(scan_->status());
    scan_.reset();
    ConfirmSource();
  }
  if (confirming_) return;
  if (finished_) return;
  // It would answer that it holds nothing, where the others hold a value.
  if (beyond_node_ > 0) {
    return Finish(absl::FailedPreconditionError(
        Concat("the node's own limits do not allow ", beyond_node_,
               " records that others hold: raise its proto-max-bulk-len")));
  }
  while (next_source_ < plan_.sources.size() && plan_.sources[next_source_].has_nothing) {
    ++next_source_;
  }
  if (next_source_ < plan_.sources.size()) return BeginSource(now);
  if (!plan_.prune) return Finish(absl::OkStatus());
  prune_ = std::make_unique<Prune>(*plan_.prune, copier_, ring_, plan_.homes, pace_);
}

void Resync::Finish(absl::Status status) {
  finished_ = true;
  status_ = std::move(status);
}

Resync::Progress Resync::progress(MonotonicTime now) const {
  uint64_t total = 0;
  for (const ResyncSource& source : plan_.sources) total += source.keys;
  Progress progress;
  progress.done = done_;
  progress.left = total > done_ ? total - done_ : 0;
  progress.copied = copied_;
  progress.pruned = removed_ + (prune_ ? prune_->removed() : 0);
  const double seconds = started_ ? std::chrono::duration<double>(now - *started_).count() : 0;
  if (seconds > 0) progress.per_second = static_cast<double>(copied_) / seconds;
  return progress;
}

}  // namespace kache
