#include "tests/testing/fake_store.h"

#include <gtest/gtest.h>

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

std::optional<FakeStore::Held> FakeStore::At(const std::string& key) const {
  const auto found = keys_.find(key);
  if (found == keys_.end() || !found->second.held()) return std::nullopt;
  const Held& held = *found->second.held();
  if (held.ends_ms != 0 && held.ends_ms <= NowMs()) return std::nullopt;
  return held;
}

bool FakeStore::Serve() {
  if (answered_ == client_.sent().size()) return false;
  const size_t index = answered_++;
  client_.Answer(index, Reply(client_.sent()[index]));
  return true;
}

size_t FakeStore::Calls(const redis::Script& script) const {
  return static_cast<size_t>(
      std::count_if(client_.sent().begin(), client_.sent().end(),
                    [&](const FakeNodeClient::Sent& sent) { return sent.script == &script; }));
}

redis::Reply FakeStore::Reply(const FakeNodeClient::Sent& sent) {
  if (sent.arguments.front() == "SCAN") return Scan();
  // EVALSHA sha1 count key... argument...
  const auto first_key = sent.arguments.begin() + 3;
  const auto first_argument = first_key + std::stol(sent.arguments[2]);
  const Arguments keys(first_key, first_argument);
  const Arguments arguments(first_argument, sent.arguments.end());
  if (sent.script == &PeekScript()) return Peek(keys, arguments);
  if (sent.script == &HeadersScript()) return Peek(keys, {"28"}).elements[0];
  if (sent.script == &EndsScript()) return Ends(keys);
  if (sent.script == &FetchScript()) return Fetch(keys);
  if (sent.script == &StoreScript()) return Store(keys, arguments, false);
  if (sent.script == &StoreInTimeScript()) return Store(keys, arguments, true);
  if (sent.script == &RemoveScript()) return Remove(keys, arguments);
  ADD_FAILURE() << "a command that the store does not know";
  return redis::Reply::Error("ERR");
}

redis::Reply FakeStore::Scan() const {
  std::vector<redis::Reply> keys;
  for (const auto& [key, twin] : keys_) {
    if (At(key)) keys.push_back(redis::Reply::String(key));
  }
  return Array({redis::Reply::String("0"), Array(std::move(keys))});
}

redis::Reply FakeStore::Peek(const Arguments& keys, const Arguments& arguments) const {
  const size_t most = std::stoul(arguments.at(0));
  std::vector<redis::Reply> beginnings;
  std::vector<redis::Reply> lengths;
  for (const std::string& key : keys) {
    const std::string bytes = At(key).value_or(Held{}).bytes;
    beginnings.push_back(redis::Reply::String(bytes.substr(0, most)));
    if (bytes.size() >= most) {
      lengths.push_back(redis::Reply::Integer(static_cast<int64_t>(bytes.size())));
    }
  }
  return Array({Array(std::move(beginnings)), Array(std::move(lengths))});
}

redis::Reply FakeStore::Ends(const Arguments& keys) const {
  std::vector<redis::Reply> ends;
  for (const std::string& key : keys) {
    ends.push_back(redis::Reply::String(std::to_string(At(key).value_or(Held{}).ends_ms)));
  }
  return Array(std::move(ends));
}

redis::Reply FakeStore::Fetch(const Arguments& keys) const {
  std::vector<redis::Reply> answer;
  for (const std::string& key : keys) {
    const std::optional<Held> held = At(key);
    answer.push_back(held ? redis::Reply::String(held->bytes) : redis::Reply::Nil());
    answer.push_back(redis::Reply::String(std::to_string(held ? held->ends_ms : 0)));
  }
  return Array(std::move(answer));
}

redis::Reply FakeStore::Store(const Arguments& keys, const Arguments& arguments, bool in_time) {
  if (NowMs() > std::stoll(arguments.at(0))) return redis::Reply::Integer(kTooLateReply);
  const size_t each = in_time ? 4 : 3;
  int64_t copied = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    const size_t at = 1 + each * i;
    if (in_time && NowMs() > std::stoll(arguments.at(at + 3))) continue;
    const int64_t ends_ms = std::stoll(arguments.at(at + 1));
    const int64_t limit_ms = std::stoll(arguments.at(at + 2));
    const std::optional<Held> before = At(keys[i]);
    keys_[keys[i]].Apply(arguments.at(at), ends_ms, std::max<int64_t>(limit_ms - ends_ms, 0),
                         NowMs());
    if (At(keys[i]) && At(keys[i]) != before) ++copied;
  }
  return redis::Reply::Integer(copied);
}

redis::Reply FakeStore::Remove(const Arguments& keys, const Arguments& arguments) {
  int64_t removed = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    const std::optional<Held> held = At(keys[i]);
    if (!held || held->bytes.substr(4, 16) != arguments.at(i + 1)) continue;
    keys_[keys[i]].Hold(std::nullopt);
    ++removed;
  }
  return redis::Reply::Integer(removed);
}

}  // namespace kache::testing
