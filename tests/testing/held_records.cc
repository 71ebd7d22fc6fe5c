#include "tests/testing/held_records.h"

#include <algorithm>
#include <utility>

#include "server/recovery/copy_scripts.h"
#include "server/replication/scripts.h"

namespace kache::testing {
namespace {

redis::Reply Array(std::vector<redis::Reply> elements) {
  redis::Reply reply;
  reply.type = redis::Reply::Type::kArray;
  reply.elements = std::move(elements);
  return reply;
}

}  // namespace

std::optional<HeldRecords::Held> HeldRecords::At(const std::string& key, int64_t now_ms) const {
  const auto found = keys_.find(key);
  if (found == keys_.end() || !found->second.held()) return std::nullopt;
  const Held& held = *found->second.held();
  if (held.ends_ms != 0 && held.ends_ms <= now_ms) return std::nullopt;
  return held;
}

std::optional<redis::Reply> HeldRecords::Run(const std::vector<std::string>& words,
                                             const redis::Script* script, int64_t now_ms) {
  if (script == nullptr) {
    if (words.front() == "SCAN") return Scan(now_ms);
    return std::nullopt;
  }
  const std::vector<const redis::Script*> copying = CopyScripts();
  if (std::find(copying.begin(), copying.end(), script) == copying.end()) return std::nullopt;
  // EVALSHA sha1 count key... argument...
  const auto first_key = words.begin() + 3;
  const auto first_argument = first_key + std::stol(words[2]);
  const Arguments keys(first_key, first_argument);
  const Arguments arguments(first_argument, words.end());
  if (script == &PeekScript()) return Peek(keys, arguments, now_ms);
  if (script == &HeadersScript()) return Peek(keys, {"28"}, now_ms).elements[0];
  if (script == &EndsScript()) return Ends(keys, now_ms);
  if (script == &FetchScript()) return Fetch(keys, now_ms);
  if (script == &StoreScript()) return Store(keys, arguments, false, now_ms);
  if (script == &StoreInTimeScript()) return Store(keys, arguments, true, now_ms);
  if (script == &RemoveScript()) return Remove(keys, arguments, now_ms);
  return std::nullopt;
}

redis::Reply HeldRecords::Scan(int64_t now_ms) const {
  std::vector<redis::Reply> keys;
  for (const auto& [key, twin] : keys_) {
    if (At(key, now_ms)) keys.push_back(redis::Reply::String(key));
  }
  return Array({redis::Reply::String("0"), Array(std::move(keys))});
}

redis::Reply HeldRecords::Peek(const Arguments& keys, const Arguments& arguments,
                               int64_t now_ms) const {
  const size_t most = std::stoul(arguments.at(0));
  std::vector<redis::Reply> beginnings;
  std::vector<redis::Reply> lengths;
  for (const std::string& key : keys) {
    const std::string bytes = At(key, now_ms).value_or(Held{}).bytes;
    beginnings.push_back(redis::Reply::String(bytes.substr(0, most)));
    if (bytes.size() >= most) {
      lengths.push_back(redis::Reply::Integer(static_cast<int64_t>(bytes.size())));
    }
  }
  return Array({Array(std::move(beginnings)), Array(std::move(lengths))});
}

redis::Reply HeldRecords::Ends(const Arguments& keys, int64_t now_ms) const {
  std::vector<redis::Reply> ends;
  for (const std::string& key : keys) {
    ends.push_back(redis::Reply::String(std::to_string(At(key, now_ms).value_or(Held{}).ends_ms)));
  }
  return Array(std::move(ends));
}

redis::Reply HeldRecords::Fetch(const Arguments& keys, int64_t now_ms) const {
  std::vector<redis::Reply> answer;
  for (const std::string& key : keys) {
    const std::optional<Held> held = At(key, now_ms);
    answer.push_back(held ? redis::Reply::String(held->bytes) : redis::Reply::Nil());
    answer.push_back(redis::Reply::String(std::to_string(held ? held->ends_ms : 0)));
  }
  return Array(std::move(answer));
}

redis::Reply HeldRecords::Store(const Arguments& keys, const Arguments& arguments, bool in_time,
                                int64_t now_ms) {
  if (now_ms > std::stoll(arguments.at(0))) return redis::Reply::Integer(kTooLateReply);
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
    if (At(keys[i], now_ms) && At(keys[i], now_ms) != before) ++copied;
  }
  return redis::Reply::Integer(copied);
}

redis::Reply HeldRecords::Remove(const Arguments& keys, const Arguments& arguments,
                                 int64_t now_ms) {
  if (now_ms > std::stoll(arguments.at(0))) return redis::Reply::Integer(kTooLateReply);
  int64_t removed = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    const std::optional<Held> held = At(keys[i], now_ms);
    if (!held || held->bytes.substr(4, 16) != arguments.at(i + 1)) continue;
    keys_[keys[i]].Hold(std::nullopt);
    ++removed;
  }
  return redis::Reply::Integer(removed);
}

}  // namespace kache::testing
