#include "server/recovery/copier.h"

#include <map>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "server/recovery/recovery_scripts.h"
#include "server/replication/record.h"
#include "server/replication/repair.h"

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

absl::Status ErrorOf(const absl::StatusOr<redis::Reply>& reply) {
  if (!reply.ok()) return reply.status();
  if (reply->IsError()) return absl::UnavailableError(reply->text);
  return absl::OkStatus();
}

std::vector<std::string_view> KeysOf(const std::vector<PageEntry>& entries) {
  std::vector<std::string_view> keys;
  keys.reserve(entries.size());
  for (const PageEntry& entry : entries) keys.push_back(entry.redis_key);
  return keys;
}

// Key, header, length; key, header, length; ...
std::vector<PageEntry> EntriesOf(redis::Reply& page) {
  std::vector<PageEntry> entries;
  for (size_t i = 1; i + 2 < page.elements.size(); i += 3) {
    const DecodedRecord header = DecodeRecord(page.elements[i + 1].text);
    if (header.kind == RecordKind::kForeign) continue;
    entries.push_back({std::move(page.elements[i].text), header.record.version,
                       header.record.expires_at_ms, header.record.tombstone,
                       static_cast<uint64_t>(page.elements[i + 2].integer)});
  }
  return entries;
}

}  // namespace

// Shared by the callbacks of the commands that are under way for the page.
struct Copier::Page {
  NodeId source;
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

Copier::Copier(std::vector<redis::NodeClient*> clients, std::string data_prefix,
               absl::Duration tombstone_ttl)
    : clients_(std::move(clients)),
      data_prefix_(std::move(data_prefix)),
      pattern_(PatternOf(data_prefix_)),
      tombstone_ttl_(tombstone_ttl) {}

void Copier::ReadPage(
    NodeId source, const std::string& cursor, size_t count,
    absl::AnyInvocable<void(absl::StatusOr<std::vector<PageEntry>>, const std::string& next_cursor)>
        done) {
  const auto command =
      redis::Command::Call(PageScript(), {}, {cursor, pattern_, std::to_string(count)});
  client(source).Send(
      command, kCommandTimeout,
      [alive = alive_, done = std::move(done)](absl::StatusOr<redis::Reply> reply) mutable {
        if (!*alive) return;
        absl::Status error = ErrorOf(reply);
        if (error.ok() && reply->elements.empty()) {
          error = absl::UnavailableError("an answer that is no page");
        }
        if (!error.ok()) return done(error, "");
        const std::string next = reply->elements[0].text;
        done(EntriesOf(*reply), next);
      });
}

void Copier::ReadVersions(NodeId node, const std::vector<PageEntry>& entries,
                          absl::AnyInvocable<void(absl::StatusOr<std::vector<Version>>)> done) {
  const std::vector<std::string_view> keys = KeysOf(entries);
  const auto command =
      redis::Command::Call(VersionsScript(), keys, std::span<const std::string_view>());
  client(node).Send(
      command, kCommandTimeout,
      [alive = alive_, count = entries.size(),
       done = std::move(done)](absl::StatusOr<redis::Reply> reply) mutable {
        if (!*alive) return;
        absl::Status error = ErrorOf(reply);
        if (error.ok() && reply->elements.size() != count) {
          error = absl::UnavailableError("an answer of another length than was asked for");
        }
        if (!error.ok()) return done(error);
        std::vector<Version> versions;
        for (const redis::Reply& each : reply->elements) {
          versions.push_back(DecodeVersion(each.text).value_or(Version()));
        }
        done(std::move(versions));
      });
}

void Copier::Remove(NodeId node, const std::vector<PageEntry>& entries,
                    absl::AnyInvocable<void(absl::StatusOr<uint64_t>)> done) {
  std::vector<std::string> versions;
  for (const PageEntry& entry : entries) {
    versions.push_back(EncodeRecord({entry.version, 0, false, {}})
                           .substr(kRecordVersionOffset, kRecordVersionBytes));
  }
  const std::vector<std::string_view> arguments(versions.begin(), versions.end());
  const std::vector<std::string_view> keys = KeysOf(entries);
  client(node).Send(
      redis::Command::Call(RemoveScript(), keys, arguments), kCommandTimeout,
      [alive = alive_, done = std::move(done)](absl::StatusOr<redis::Reply> reply) mutable {
        if (!*alive) return;
        if (absl::Status error = ErrorOf(reply); !error.ok()) return done(error);
        done(static_cast<uint64_t>(reply->integer));
      });
}

void Copier::CopyPage(NodeId source, const std::string& cursor, size_t count, Targets targets,
                      absl::AnyInvocable<void(const std::string&)> read, Done done) {
  auto page = std::make_shared<Page>();
  page->source = source;
  page->done = std::move(done);
  page->alive = alive_;
  ReadPage(source, cursor, count,
           [this, page, targets = std::move(targets), read = std::move(read)](
               absl::StatusOr<std::vector<PageEntry>> entries, const std::string& next) mutable {
             if (!entries.ok()) return page->Fail(entries.status());
             page->result.next_cursor = next;
             page->result.seen = entries->size();
             std::map<uint16_t, std::vector<PageEntry>> by_target;
             for (const PageEntry& entry : *entries) {
               for (const NodeId target : targets(entry)) {
                 by_target[static_cast<uint16_t>(target.index())].push_back(entry);
               }
             }
             for (auto& [target, wanted] : by_target) {
               Compare(page, NodeId(target), std::move(wanted));
             }
             read(next);
           });
}

void Copier::Compare(const std::shared_ptr<Page>& page, NodeId target,
                     std::vector<PageEntry> entries) {
  page->result.compared += entries.size();
  auto wanted = std::make_shared<std::vector<PageEntry>>(std::move(entries));
  ReadVersions(target, *wanted,
               [this, page, target, wanted](absl::StatusOr<std::vector<Version>> versions) {
                 if (!versions.ok()) return page->Fail(versions.status());
                 std::vector<PageEntry> portion;
                 size_t bytes = 0;
                 for (size_t i = 0; i < wanted->size(); ++i) {
                   PageEntry& entry = (*wanted)[i];
                   if ((*versions)[i] >= entry.version) continue;
                   bytes += entry.bytes;
                   portion.push_back(std::move(entry));
                   if (bytes < kPortionBytes) continue;
                   Fetch(page, target, std::exchange(portion, {}));
                   bytes = 0;
                 }
                 if (!portion.empty()) Fetch(page, target, std::move(portion));
               });
}

void Copier::Fetch(const std::shared_ptr<Page>& page, NodeId target,
                   std::vector<PageEntry> entries) {
  const std::vector<std::string_view> keys = KeysOf(entries);
  const auto command =
      redis::Command::Call(FetchScript(), keys, std::span<const std::string_view>());
  client(page->source)
      .Send(command, kCommandTimeout,
            [this, alive = alive_, page, target,
             entries = std::move(entries)](absl::StatusOr<redis::Reply> reply) {
              if (!*alive) return;
              absl::Status error = ErrorOf(reply);
              if (error.ok() && reply->elements.size() != 2 * entries.size()) {
                error = absl::UnavailableError("an answer of another length than was asked for");
              }
              if (!error.ok()) return page->Fail(error);
              Store(page, target, entries, *reply);
            });
}

void Copier::Store(const std::shared_ptr<Page>& page, NodeId target,
                   const std::vector<PageEntry>& entries, const redis::Reply& records) {
  std::vector<std::string_view> keys;
  std::vector<std::string> times;  // end, limit; end, limit; ...
  std::vector<std::string_view> arguments;
  times.reserve(2 * entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    const redis::Reply& record = records.elements[2 * i];
    const DecodedRecord decoded = DecodeRecord(record.text);
    if (record.IsNil() || decoded.kind == RecordKind::kForeign) continue;  // gone meanwhile
    int64_t ends_ms = 0;
    if (!absl::SimpleAtoi(records.elements[2 * i + 1].text, &ends_ms)) ends_ms = 0;
    times.push_back(std::to_string(EndOfCopyMs(decoded.record, ends_ms)));
    times.push_back(std::to_string(KeptUntilMs(decoded.record, tombstone_ttl_)));
    keys.push_back(entries[i].redis_key);
    arguments.push_back(record.text);
    arguments.push_back(times[times.size() - 2]);
    arguments.push_back(times.back());
  }
  if (keys.empty()) return;
  client(target).Send(
      redis::Command::Call(StoreScript(), keys, arguments), kCommandTimeout,
      [alive = alive_, page, count = keys.size()](const absl::StatusOr<redis::Reply>& reply) {
        if (!*alive) return;
        if (absl::Status error = ErrorOf(reply); !error.ok()) {
          return page->Fail(error);
        }
        page->result.copied += count;
      });
}

}  // namespace kache
