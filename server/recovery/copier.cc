#include "server/recovery/copier.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "server/bookkeeping/hint_set.h"
#include "server/bookkeeping/marker.h"
#include "server/recovery/copier_page.h"
#include "server/recovery/copy_scripts.h"
#include "server/recovery/page_entry.h"
#include "server/replication/record.h"
#include "server/replication/repair.h"
#include "server/replication/scripts.h"

namespace kache {
namespace {

// SCAN's patterns are globs: what is special in them is escaped.
std::string PatternOf(const std::string& prefix) {
  std::string pattern;
  for (const char c : prefix) {
    if (c == '*' || c == '?' || c == '[' || c == ']' || c == '\\') pattern.push_back('\\');
    pattern.push_back(c);
  }
  return pattern + "*";
}

}  // namespace

Copier::Copier(std::vector<redis::NodeClient*> clients, std::string data_prefix, CopyRules rules)
    : clients_(std::move(clients)),
      data_prefix_(std::move(data_prefix)),
      pattern_(PatternOf(data_prefix_)),
      rules_(std::move(rules)),
      lacks_most_(clients_.size(), false) {}

Copier::~Copier() { *alive_ = false; }

bool Copier::IsOld(const Version& version) const {
  return MillisOf(version.timestamp) < absl::ToUnixMillis(Now() - rules_.tombstone_ttl / 2);
}

std::string Copier::LatestAt(NodeId node, absl::Time read_at) const {
  return std::to_string(
      absl::ToUnixMillis(read_at + rules_.max_write_age + rules_.clock_offset(node)));
}

void Copier::ScanKeys(
    NodeId source, const std::string& hints, const std::string& cursor, size_t count,
    absl::AnyInvocable<void(absl::StatusOr<std::vector<std::string>>, const std::string& next)>
        done) {
  const std::string most = std::to_string(count);
  client(source).Send(hints.empty()
                          ? redis::Command::Of({"SCAN", cursor, "MATCH", pattern_, "COUNT", most})
                          : redis::Command::Of({"SSCAN", hints, cursor, "COUNT", most}),
                      kCommandTimeout,
                      [this, alive = alive_, by_hints = !hints.empty(),
                       done = std::move(done)](absl::StatusOr<redis::Reply> reply) mutable {
                        if (!*alive) return;
                        absl::Status error = ErrorOf(reply);
                        if (error.ok() && reply->elements.size() != 2) {
                          error = absl::UnavailableError("an answer that is no page");
                        }
                        if (!error.ok()) return done(error, "");
                        std::vector<std::string> keys;
                        keys.reserve(reply->elements[1].elements.size());
                        for (redis::Reply& key : reply->elements[1].elements) {
                          if (!by_hints) {
                            keys.push_back(std::move(key.text));
                          } else if (!key.text.empty() && key.text[0] == kHintOfKey) {
                            keys.push_back(key.text.replace(0, 1, data_prefix_));
                          }
                        }
                        done(std::move(keys), reply->elements[0].text);
                      });
}

void Copier::Peek(NodeId source, std::vector<std::string> keys,
                  absl::AnyInvocable<void(absl::StatusOr<std::vector<PageEntry>>)> done) {
  const std::string most = std::to_string(kSmallBytes);
  const std::vector<std::string_view> arguments = {most};
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  const auto command = redis::Command::Call(PeekScript(), views, arguments);
  client(source).Send(command, kCommandTimeout,
                      [alive = alive_, keys = std::move(keys),
                       done = std::move(done)](absl::StatusOr<redis::Reply> reply) mutable {
                        if (!*alive) return;
                        if (absl::Status error = ErrorOf(reply); !error.ok()) return done(error);
                        done(EntriesOf(std::move(keys), *reply));
                      });
}

void Copier::ReadPage(NodeId source, const std::string& cursor, size_t count,
                      absl::AnyInvocable<void(const std::string&)> read,
                      absl::AnyInvocable<void(absl::StatusOr<std::vector<PageEntry>>)> done) {
  ScanKeys(source, /*hints=*/"", cursor, count,
           [this, source, read = std::move(read), done = std::move(done)](
               absl::StatusOr<std::vector<std::string>> keys, const std::string& next) mutable {
             if (!keys.ok()) return done(keys.status());
             read(next);
             if (keys->empty()) return done(std::vector<PageEntry>());
             Peek(source, *std::move(keys), std::move(done));
           });
}

void Copier::ReadHeld(NodeId node, std::span<const std::string_view> keys,
                      absl::AnyInvocable<void(absl::StatusOr<std::vector<HeldRecord>>)> done) {
  client(node).Send(
      redis::Command::Call(HeadersScript(), keys, std::span<const std::string_view>()),
      kCommandTimeout,
      [alive = alive_, count = keys.size(),
       done = std::move(done)](absl::StatusOr<redis::Reply> reply) mutable {
        if (!*alive) return;
        if (absl::Status error = ErrorOf(reply); !error.ok()) return done(error);
        done(HeldRecordsOf(*reply, count));
      });
}

void Copier::ReadHeldBy(NodeId node, const ProcessMemory& memory,
                        std::span<const std::string_view> keys,
                        absl::AnyInvocable<void(absl::StatusOr<std::vector<HeldRecord>>)> done) {
  std::vector<std::string_view> all = {rules_.marker};
  all.insert(all.end(), keys.begin(), keys.end());
  client(node).Send(
      redis::Command::Call(WitnessScript(), all, std::span<const std::string_view>()),
      kCommandTimeout,
      [alive = alive_, memory, count = keys.size(),
       done = std::move(done)](absl::StatusOr<redis::Reply> reply) mutable {
        if (!*alive) return;
        absl::Status error = ErrorOf(reply);
        if (error.ok() && reply->elements.size() != 4) error = WrongLength();
        if (!error.ok()) return done(error);
        ProcessMemory found{.run_id = reply->elements[0].text};
        const auto marker = ParseMarker(reply->elements[2].text);
        if (marker && marker->run_id == found.run_id) found.fence = marker->fence;
        if (!absl::SimpleAtoi(reply->elements[1].text, &found.emptied) || !found.IsSameAs(memory)) {
          return done(
              absl::AbortedError("a node that is read from was restarted or emptied meanwhile"));
        }
        done(HeldRecordsOf(reply->elements[3], count));
      });
}

void Copier::Remove(NodeId node, const std::vector<PageEntry>& entries, absl::Time read_at,
                    absl::AnyInvocable<void(absl::StatusOr<uint64_t>)> done) {
  std::vector<std::string> versions;
  for (const PageEntry& entry : entries) {
    versions.push_back(EncodeRecord({entry.version, 0, false, {}})
                           .substr(kRecordVersionOffset, kRecordVersionBytes));
  }
  const std::string latest = LatestAt(node, read_at);
  std::vector<std::string_view> arguments = {latest};
  arguments.insert(arguments.end(), versions.begin(), versions.end());
  std::vector<std::string_view> keys;
  for (const PageEntry& entry : entries) keys.push_back(entry.redis_key);
  client(node).Send(
      redis::Command::Call(RemoveScript(), keys, arguments), kCommandTimeout,
      [alive = alive_, done = std::move(done)](absl::StatusOr<redis::Reply> reply) mutable {
        if (!*alive) return;
        if (absl::Status error = ErrorOfCount(reply); !error.ok()) return done(error);
        if (reply->integer == kTooLateReply) return done(TooLate());
        done(static_cast<uint64_t>(reply->integer));
      });
}

void Copier::CopyPage(NodeId source, const std::string& cursor, size_t count, Selection selection,
                      absl::AnyInvocable<void(const std::string&)> read, Done done) {
  auto page = std::make_shared<Page>();
  page->source = source;
  page->selection = std::move(selection);
  page->done = std::move(done);
  page->alive = alive_;
  page->result.read_at = Now();
  const std::string hints = page->selection.hints;
  ScanKeys(source, hints, cursor, count,
           [this, page, read = std::move(read)](absl::StatusOr<std::vector<std::string>> keys,
                                                const std::string& next) mutable {
             if (!keys.ok()) return page->Fail(keys.status());
             page->result.next_cursor = next;
             page->result.seen = keys->size();
             if (page->selection.considers) {
               std::erase_if(*keys, [&](const std::string& key) {
                 return !page->selection.considers(UserKey(key));
               });
             }
             if (!keys->empty()) {
               if (!page->selection.hints.empty()) page->result.gone = *keys;
               Peek(page->source, *std::move(keys),
                    [this, page](absl::StatusOr<std::vector<PageEntry>> entries) {
                      if (!entries.ok()) return page->Fail(entries.status());
                      page->entries = *std::move(entries);
                      page->DropHeld();
                      RecognizeStandIns(page);
                    });
             }
             read(next);
           });
}

// Those that say nothing of it, on a node that is not home to them: few, as a rule.
void Copier::RecognizeStandIns(const std::shared_ptr<Page>& page) {
  Indices unflagged;
  for (size_t i = 0; page->selection.at_home && i < page->entries.size(); ++i) {
    const PageEntry& entry = page->entries[i];
    if (!entry.stand_in && !page->selection.at_home(entry)) unflagged.push_back(i);
  }
  if (unflagged.empty()) return Distribute(page);
  const std::vector<std::string_view> keys = KeysOf(page->entries, unflagged);
  client(page->source)
      .Send(redis::Command::Call(EndsScript(), keys, std::span<const std::string_view>()),
            kCommandTimeout,
            [this, alive = alive_, page,
             unflagged = std::move(unflagged)](const absl::StatusOr<redis::Reply>& reply) {
              if (!*alive) return;
              absl::Status error = ErrorOf(reply);
              if (error.ok() && reply->elements.size() != unflagged.size()) error = WrongLength();
              if (!error.ok()) return page->Fail(error);
              for (size_t i = 0; i < unflagged.size(); ++i) {
                RecognizeStandIn(page->entries[unflagged[i]],
                                 EndOf(page->source, reply->elements[i]));
              }
              Distribute(page);
            });
}

int64_t Copier::EndOf(NodeId node, const redis::Reply& told) const {
  int64_t ends_ms = 0;
  if (!absl::SimpleAtoi(told.text, &ends_ms)) return 0;
  return AtNodeMs(ends_ms, -rules_.clock_offset(node));
}

void Copier::Distribute(const std::shared_ptr<Page>& page) {
  std::map<uint16_t, Indices> by_target;
  for (size_t i = 0; i < page->entries.size(); ++i) {
    for (const NodeId target : page->selection.targets(page->entries[i])) {
      by_target[static_cast<uint16_t>(target.index())].push_back(i);
    }
  }
  for (auto& [index, indices] : by_target) {
    const NodeId target(index);
    page->result.compared += indices.size();
    if (!lacks_most_[index]) {
      Compare(page, target, std::move(indices));
      continue;
    }
    // The target compares small ones itself.
    const auto large = std::stable_partition(
        indices.begin(), indices.end(), [&](size_t i) { return !page->entries[i].record.empty(); });
    Indices rest(large, indices.end());
    indices.erase(large, indices.end());
    Move(page, target, indices);
    if (!rest.empty()) Compare(page, target, std::move(rest));
  }
}

void Copier::Compare(const std::shared_ptr<Page>& page, NodeId target, Indices indices) {
  const std::vector<std::string_view> keys = KeysOf(page->entries, indices);
  ReadHeld(target, keys,
           [this, page, target,
            indices = std::move(indices)](absl::StatusOr<std::vector<HeldRecord>> held) mutable {
             if (!held.ok()) return page->Fail(held.status());
             const size_t asked = indices.size();
             Indices lacked;
             for (size_t i = 0; i < asked; ++i) {
               const PageEntry& entry = page->entries[indices[i]];
               const HeldRecord& copy = (*held)[i];
               if (!Lacks(copy, entry)) continue;
               lacked.push_back(indices[i]);
               if (!copy.version.IsZero() && copy.version < entry.version && entry.record.empty()) {
                 page->older.push_back({target, indices[i], copy.version});
               }
             }
             lacks_most_[target.index()] = 2 * lacked.size() > asked;
             Move(page, target, lacked);
           });
}

// Small ones are at hand; the others are fetched.
}  // namespace kache
