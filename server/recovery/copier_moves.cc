// How a Copier moves records: fetches them in portions, and stores them.
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "server/recovery/copier.h"
#include "server/recovery/copier_page.h"
#include "server/recovery/copy_scripts.h"
#include "server/recovery/page_entry.h"
#include "server/replication/record.h"
#include "server/replication/repair.h"
#include "server/replication/scripts.h"

namespace kache {
namespace {

// What a record takes of a command beside itself and its key.
constexpr size_t kArgumentsBytes = 128;

size_t PortionBytes(const PageEntry& entry) {
  return entry.bytes + entry.redis_key.size() + kArgumentsBytes;
}

}  // namespace

void Copier::Move(const std::shared_ptr<Page>& page, NodeId target, const Indices& indices) {
  std::vector<Copy> at_hand;
  Portion portion{page, target, {}, 0};
  for (const size_t i : indices) {
    const PageEntry& entry = page->entries[i];
    if (!entry.record.empty()) {
      at_hand.push_back({entry.redis_key, entry.record, 0, entry.stand_in});
      continue;
    }
    const size_t bytes = PortionBytes(entry);
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

void Copier::Fetch(Portion begun) {
  auto under_way = std::make_shared<UnderWay>(*this, std::move(begun));
  const Portion& portion = under_way->portion();
  const std::vector<std::string_view> keys = KeysOf(portion.page->entries, portion.indices);
  const auto command =
      redis::Command::Call(FetchScript(), keys, std::span<const std::string_view>());
  client(portion.page->source)
      .Send(command, kCommandTimeout,
            [this, alive = alive_, under_way](absl::StatusOr<redis::Reply> reply) {
              if (!*alive) return;
              Page& page = *under_way->portion().page;
              const Indices& indices = under_way->portion().indices;
              if (redis::IsBeyondNodeLimits(reply.status()))
                return OnBeyondLimits(*under_way, /*of_target=*/false);
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
              const NodeId target = under_way->portion().target;
              Store(under_way->portion().page, target, copies, under_way);
              Store(under_way->portion().page, target, of_stand_in, under_way);
            });
}

void Copier::OnBeyondLimits(UnderWay& under_way, bool of_target) {
  if (!under_way.TakeBeyondLimits()) return;
  const Portion& portion = under_way.portion();
  if (portion.indices.size() == 1) return LeaveOut(portion, of_target);
  for (const size_t i : portion.indices) {
    const PageEntry& entry = portion.page->entries[i];
    waiting_.push_front({portion.page, portion.target, {i}, PortionBytes(entry)});
  }
}

void Copier::LeaveOut(const Portion& portion, bool of_target) {
  const std::shared_ptr<Page>& page = portion.page;
  const size_t index = portion.indices.front();
  const PageEntry& entry = page->entries[index];
  page->result.left_out.push_back(entry.redis_key);
  page->result.beyond_target += of_target ? 1 : 0;
  if (rules_.left_out) rules_.left_out(page->source, portion.target, entry.bytes);
  for (const Page::Older& older : page->older) {
    if (older.target != portion.target || older.entry != index) continue;
    PageEntry removed = entry;
    removed.version = older.version;
    Remove(portion.target, {removed}, page->result.read_at,
           [page](const absl::StatusOr<uint64_t>& reply) {
             if (!reply.ok()) page->Fail(reply.status());
           });
  }
}

void Copier::Store(const std::shared_ptr<Page>& page, NodeId target,
                   const std::vector<Copy>& copies, std::shared_ptr<UnderWay> under_way) {
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
                        if (under_way && redis::IsBeyondNodeLimits(reply.status())) {
                          return OnBeyondLimits(*under_way, /*of_target=*/true);
                        }
                        if (absl::Status error = ErrorOfCount(reply); !error.ok()) {
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
  if (rules_.refused && redis::IsWriteRefused(redis::ClassifyError(error))) {
    rules_.refused(target, error);
  }
}

}  // namespace kache
