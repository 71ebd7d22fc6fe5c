#include "server/recovery/copier.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "server/bookkeeping/hint_set.h"
#include "server/recovery/copy_scripts.h"
#include "server/recovery/page_entry.h"
#include "server/replication/record.h"
#include "server/replication/repair.h"
#include "server/replication/scripts.h"

namespace kache {
namespace {

// What a record takes of a command beside itself and its key.
constexpr size_t kArgumentsBytes = 128;

// SCAN's patterns are globs: what is special in them is escaped.
std::string PatternOf(const std::string& prefix) {
  std::string pattern;
  for (const char c : prefix) {
    if (c == '*' || c == '?' || c == '[' || c == ']' || c == '\\') pattern.push_back('\\');
    pattern.push_back(c);
  }
  return pattern + "*";
}

absl::Status ErrorOf(const absl::StatusOr<redis::Reply>& reply) {
  if (!reply.ok()) return reply.status();
  if (reply->IsError()) return absl::UnavailableError(reply->text);
  return absl::OkStatus();
}

std::vector<std::string_view> KeysOf(const std::vector<PageEntry>& entries,
                                     const std::vector<size_t>& indices) {
  std::vector<std::string_view> keys;
  keys.reserve(indices.size());
  for (const size_t i : indices) keys.push_back(entries[i].redis_key);
  return keys;
}

absl::Status TooLate() {
  return absl::DeadlineExceededError("what was read is too old to be stored or removed");
}

}  // namespace

// Views of what the page, or a reply at hand, holds.
struct Copier::Copy {
  std::string_view redis_key;
  std::string_view record;
  // Of the source's key, in cluster time; 0 = never, or not known and without meaning.
  int64_t ends_ms = 0;
  bool stand_in = false;  // the source stands in
};

// Shared by the callbacks of the commands that are under way for the page.
struct Copier::Page {
  NodeId source;
  Selection selection;
  std::vector<PageEntry> entries;
  PageResult result;
  absl::Status status;
  Done done;
  std::shared_ptr<bool> alive;

  // The last callback lets go of the page.
  ~Page() {
    if (!*alive) return;
    if (status.ok()) {
      done(std::move(result));
    } else {
      done(status);
    }
  }
  void Fail(const absl::Status& error) {
    if (status.ok()) status = error;
  }
};

// Large records of a page, to be fetched and stored together.
struct Copier::Portion {
  std::shared_ptr<Page> page;
  NodeId target;
  Indices indices;
  size_t bytes = 0;
};

// Shared by the callbacks of the portion's commands; the last one lets the next portion begin.
class Copier::UnderWay {
 public:
  UnderWay(Copier& copier, size_t bytes) : copier_(copier), alive_(copier.alive_), bytes_(bytes) {
    copier_.bytes_under_way_ += bytes_;
  }
  ~UnderWay() {
    if (!*alive_) return;
    copier_.bytes_under_way_ -= bytes_;
    copier_.FetchNext();
  }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

 private:
  Copier& copier_;
  const std::shared_ptr<bool> alive_;
  const size_t bytes_;
};

Copier::Copier(std::vector<redis::NodeClient*> clients, std::string data_prefix, CopyRules rules)
    : clients_(std::move(clients)),
      data_prefix_(std::move(data_prefix)),
      pattern_(PatternOf(data_prefix_)),
      rules_(std::move(rules)),
      lacks_most_(clients_.size(), false) {}

Copier::~Copier() { *alive_ = false; }

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
        if (absl::Status error = ErrorOf(reply); !error.ok()) return done(error);
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
               Peek(page->source, *std::move(keys),
                    [this, page](absl::StatusOr<std::vector<PageEntry>> entries) {
                      if (!entries.ok()) return page->Fail(entries.status());
                      page->entries = *std::move(entries);
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
               if (Lacks((*held)[i], page->entries[indices[i]])) lacked.push_back(indices[i]);
             }
             lacks_most_[target.index()] = 2 * lacked.size() > asked;
             Move(page, target, lacked);
           });
}

// Small ones are at hand; the others are fetched.
void Copier::Move(const std::shared_ptr<Page>& page, NodeId target, const Indices& indices) {
  std::vector<Copy> at_hand;
  Portion portion{page, target, {}, 0};
  for (const size_t i : indices) {
    const PageEntry& entry = page->entries[i];
    if (!entry.record.empty()) {
      at_hand.push_back({entry.redis_key, entry.record, 0, entry.stand_in});
      continue;
    }
    const size_t bytes = entry.bytes + entry.redis_key.size() + kArgumentsBytes;
    if (portion.bytes > 0 && portion.bytes + bytes > kPortionBytes) {
      waiting_.push_back(std::exchange(portion, Portion{page, target, {}, 0}));
    }
    portion.bytes += bytes;
    portion.indices.push_back(i);
  }
  if (portion.bytes > 0) waiting_.push_back(std::move(portion));
  FetchNext();
  Store(page, target, at_hand, nullptr);
}

void Copier::FetchNext() {
  while (!waiting_.empty() &&
         (bytes_under_way_ == 0 || bytes_under_way_ + waiting_.front().bytes <= kBytesAtOnce)) {
    Portion portion = std::move(waiting_.front());
    waiting_.pop_front();
    if (portion.page->status.ok()) Fetch(std::move(portion));
  }
}

void Copier::Fetch(Portion portion) {
  const std::vector<std::string_view> keys = KeysOf(portion.page->entries, portion.indices);
  const auto command =
      redis::Command::Call(FetchScript(), keys, std::span<const std::string_view>());
  auto under_way = std::make_shared<const UnderWay>(*this, portion.bytes);
  client(portion.page->source)
      .Send(command, kCommandTimeout,
            [this, alive = alive_, portion = std::move(portion),
             under_way = std::move(under_way)](absl::StatusOr<redis::Reply> reply) mutable {
              if (!*alive) return;
              Page& page = *portion.page;
              const Indices& indices = portion.indices;
              absl::Status error = ErrorOf(reply);
              if (error.ok() && reply->elements.size() != 2 * indices.size()) error = WrongLength();
              if (!error.ok()) return page.Fail(error);
              std::vector<Copy> copies;
              std::vector<Copy> of_stand_in;
              for (size_t i = 0; i < indices.size(); ++i) {
                const redis::Reply& record = reply->elements[2 * i];
                if (record.IsNil()) continue;  // gone meanwhile
                const PageEntry& entry = page.entries[indices[i]];
                // It may have become one since.
                const bool stand_in = entry.stand_in || DecodeRecord(record.text).record.stand_in;
                (stand_in ? of_stand_in : copies)
                    .push_back({entry.redis_key, record.text,
                                EndOf(page.source, reply->elements[2 * i + 1]), stand_in});
              }
              Store(portion.page, portion.target, copies, under_way);
              Store(portion.page, portion.target, of_stand_in, std::move(under_way));
            });
}

void Copier::Store(const std::shared_ptr<Page>& page, NodeId target,
                   const std::vector<Copy>& copies, std::shared_ptr<const UnderWay> under_way) {
  std::vector<std::string_view> keys;
  const absl::Duration ahead = rules_.clock_offset(target);
  const std::string latest = LatestAt(target, page->result.read_at);
  std::vector<std::string_view> arguments = {latest};
  std::vector<std::string> texts;  // what the arguments view, beside the records
  texts.reserve(4 * copies.size());
  const auto add = [&](std::string text) {
    arguments.push_back(texts.emplace_back(std::move(text)));
  };
  const auto add_instant = [&](int64_t ms) { add(std::to_string(AtNodeMs(ms, ahead))); };
  const bool of_stand_ins = !copies.empty() && copies.front().stand_in;
  for (const Copy& copy : copies) {
    const DecodedRecord decoded = DecodeRecord(copy.record);
    if (decoded.kind == RecordKind::kForeign) continue;
    keys.push_back(copy.redis_key);
    if (decoded.record.stand_in) {
      add(WithStandInFlag(copy.record, false));
    } else {
      arguments.push_back(copy.record);
    }
    add_instant(EndOfCopyMs(decoded.record, copy.ends_ms));
    add_instant(KeptUntilMs(decoded.record, rules_.tombstone_ttl));
    if (!of_stand_ins) continue;
    // A tombstone that beats it is there for as long as the stand-in has it, and no longer for
    // sure.
    if (copy.ends_ms == 0) {
      arguments.push_back(latest);
    } else {
      add_instant(copy.ends_ms);
    }
  }
  if (keys.empty()) return;
  const redis::Script& script = of_stand_ins ? StoreInTimeScript() : StoreScript();
  client(target).Send(redis::Command::Call(script, keys, arguments), kCommandTimeout,
                      [this, alive = alive_, page, target, under_way = std::move(under_way),
                       offered = keys.size()](const absl::StatusOr<redis::Reply>& reply) {
                        if (!*alive) return;
                        if (absl::Status error = ErrorOf(reply); !error.ok()) {
                          if (reply.ok()) ReportRefusal(target, reply->text);
                          return page->Fail(error);
                        }
                        if (reply->integer == kTooLateReply) return page->Fail(TooLate());
                        const auto copied = static_cast<uint64_t>(reply->integer);
                        page->result.copied += copied;
                        if (2 * copied <= offered) lacks_most_[target.index()] = false;
                      });
}

// Only what refuses every write: another error may be about one record.
void Copier::ReportRefusal(NodeId target, const std::string& error) const {
  const redis::ErrorKind kind = redis::ClassifyError(error);
  if (rules_.refused && redis::IsWriteRefused(kind)) rules_.refused(target, kind);
}

}  // namespace kache
