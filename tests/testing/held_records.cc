#include "tests/testing/held_records.h"

#include <algorithm>
#include <utility>

#include "server/recovery/copy_scripts.h"
#include "server/replication/record.h"
#include "server/replication/scripts.h"
#include "server/replication/store_terms.h"

namespace kache::testing {

using redis::Reply;

Reply ArrayReply(std::vector<Reply> elements) {
  Reply reply;
  reply.type = Reply::Type::kArray;
  reply.elements = std::move(elements);
  return reply;
}

std::optional<HeldRecords::Held> HeldRecords::At(const std::string& key, int64_t now_ms) const {
  const auto found = keys_.find(key);
  if (found == keys_.end() || !found->second.held()) return std::nullopt;
  const Held& held = *found->second.held();
  if (held.ends_ms != 0 && held.ends_ms <= now_ms) return std::nullopt;
  return held;
}

size_t HeldRecords::Count(int64_t now_ms) const {
  return static_cast<size_t>(std::count_if(keys_.begin(), keys_.end(),
                                           [&](const auto& key) { return At(key.first, now_ms); }));
}

// The cursor is a key's place among all that ever were, so it only ever goes back by new ones.
Reply HeldRecords::Scan(const Words& words, size_t page_keys, int64_t now_ms) const {
  const size_t first = std::stoul(words.at(1));
  std::vector<Reply> page;
  size_t place = 0;
  for (const auto& [key, twin] : keys_) {
    if (place++ < first || !At(key, now_ms)) continue;
    if (page.size() == page_keys) {
      return ArrayReply({Reply::String(std::to_string(place - 1)), ArrayReply(std::move(page))});
    }
    page.push_back(Reply::String(key));
  }
  return ArrayReply({Reply::String("0"), ArrayReply(std::move(page))});
}

std::optional<Reply> HeldRecords::Run(const Words& words, const redis::Script* script,
                                      int64_t now_ms) {
  if (script == nullptr) return std::nullopt;
  // EVALSHA sha1 count key... argument...
  const auto first_key = words.begin() + 3;
  const auto first_argument = first_key + std::stol(words.at(2));
  const Words keys(first_key, first_argument);
  const Words arguments(first_argument, words.end());
  if (script == &PeekScript()) return Peek(keys, arguments, now_ms);
  if (script == &HeadersScript()) return Headers(keys, now_ms);
  if (script == &EndsScript()) return Ends(keys, now_ms);
  if (script == &FetchScript()) return Fetch(keys, now_ms);
  if (script == &StoreScript()) return Store(keys, arguments, false, now_ms);
  if (script == &StoreInTimeScript()) return Store(keys, arguments, true, now_ms);
  if (script == &RemoveScript()) return Remove(keys, arguments, now_ms);
  if (script == &kache::SetIfNewer()) return SetIfNewer(keys.at(0), arguments, now_ms);
  return std::nullopt;
}

Reply HeldRecords::Headers(const Words& keys, int64_t now_ms) const {
  return Peek(keys, {"28"}, now_ms).elements[0];
}

Reply HeldRecords::Peek(const Words& keys, const Words& arguments, int64_t now_ms) const {
  const size_t most = std::stoul(arguments.at(0));
  std::vector<Reply> beginnings;
  std::vector<Reply> lengths;
  for (const std::string& key : keys) {
    const std::string bytes = At(key, now_ms).value_or(Held{}).bytes;
    beginnings.push_back(Reply::String(bytes.substr(0, most)));
    if (bytes.size() >= most) {
      lengths.push_back(Reply::Integer(static_cast<int64_t>(bytes.size())));
    }
  }
  return ArrayReply({ArrayReply(std::move(beginnings)), ArrayReply(std::move(lengths))});
}

Reply HeldRecords::Ends(const Words& keys, int64_t now_ms) const {
  std::vector<Reply> ends;
  for (const std::string& key : keys) {
    ends.push_back(Reply::String(std::to_string(At(key, now_ms).value_or(Held{}).ends_ms)));
  }
  return ArrayReply(std::move(ends));
}

Reply HeldRecords::Fetch(const Words& keys, int64_t now_ms) const {
  std::vector<Reply> answer;
  for (const std::string& key : keys) {
    const std::optional<Held> held = At(key, now_ms);
    answer.push_back(held ? Reply::String(held->bytes) : Reply::Nil());
    answer.push_back(Reply::String(std::to_string(held ? held->ends_ms : 0)));
  }
  return ArrayReply(std::move(answer));
}

Reply HeldRecords::Store(const Words& keys, const Words& arguments, bool in_time, int64_t now_ms) {
  if (now_ms > std::stoll(arguments.at(0))) return Reply::Integer(kTooLateReply);
  const size_t each = in_time ? 4 : 3;
  int64_t copied = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    const size_t at = 1 + each * i;
    if (in_time && now_ms > std::stoll(arguments.at(at + 3))) continue;
    const int64_t ends_ms = std::stoll(arguments.at(at + 1));
    const int64_t limit_ms = std::stoll(arguments.at(at + 2));
    const std::optional<Held> before = At(keys[i], now_ms);
    keys_[keys[i]].Apply(arguments.at(at), ends_ms, std::max<int64_t>(limit_ms - ends_ms, 0),
                         now_ms);
    const std::optional<Held> after = At(keys[i], now_ms);
    if (after && after != before) ++copied;
  }
  return Reply::Integer(copied);
}

Reply HeldRecords::Remove(const Words& keys, const Words& arguments, int64_t now_ms) {
  if (now_ms > std::stoll(arguments.at(0))) return Reply::Integer(kTooLateReply);
  int64_t removed = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    const std::optional<Held> held = At(keys[i], now_ms);
    if (!held ||
        held->bytes.substr(kRecordVersionOffset, kRecordVersionBytes) != arguments.at(i + 1)) {
      continue;
    }
    Forget(keys[i]);
    ++removed;
  }
  return Reply::Integer(removed);
}

Reply HeldRecords::SetIfNewer(const std::string& key, const Words& arguments, int64_t now_ms) {
  const StoreTerms terms = DecodeTerms(arguments.at(1));
  if (!At(key, now_ms) && terms.latest_ms != 0 && now_ms > terms.latest_ms) {
    return Reply::Integer(kTooLateReply);
  }
  const std::optional<Version> beaten = keys_[key].Apply(
      arguments.at(0), terms.ends_ms, std::max<int64_t>(terms.limit_ms - terms.ends_ms, 0), now_ms,
      terms.least_ms);
  if (!beaten) return Reply::Integer(kStoredReply);
  return Reply::String(
      EncodeRecord({*beaten, 0, false, {}}).substr(kRecordVersionOffset, kRecordVersionBytes));
}

}  // namespace kache::testing
