#include "tests/testing/played_hints.h"

#include <algorithm>

#include "server/replication/hint_scripts.h"

namespace kache::testing {

using redis::Reply;

bool PlayedHints::Has(const std::string& set, const std::string& member) const {
  return Members(set).contains(member);
}

int64_t PlayedHints::Count(const std::string& set) const {
  const auto found = sets_.find(set);
  if (found == sets_.end()) return 0;
  return found->second ? static_cast<int64_t>(found->second->size()) : -1;
}

std::set<std::string> PlayedHints::Members(const std::string& set) const {
  const auto found = sets_.find(set);
  return found == sets_.end() || !found->second ? std::set<std::string>() : *found->second;
}

void PlayedHints::Add(const std::string& set, const std::string& member) {
  Set& it = sets_.try_emplace(set, std::set<std::string>()).first->second;
  if (it) it->insert(member);
}

void PlayedHints::Remove(const std::string& set, const std::string& member) {
  const auto found = sets_.find(set);
  if (found == sets_.end() || !found->second) return;
  found->second->erase(member);
  if (found->second->empty()) sets_.erase(found);
}

void PlayedHints::Leave(const std::string& set, const std::string& user_key, int64_t bound) {
  Add(set, "k" + user_key);
  if (Count(set) > bound) sets_[set] = std::nullopt;
}

std::optional<Reply> PlayedHints::Run(const redis::Script* script, const Words& keys,
                                      const Words& arguments, const Notes& notes) {
  if (script == &OpenHints()) return Open(keys, arguments, notes);
  if (script == &TakeHints()) return Take(keys, arguments, notes);
  if (script == &PeekHints()) return Peek(keys, arguments, notes);
  if (script == &CheckHintRights()) return Reply::String("");
  if (script == &FinishHints()) return Finish(keys, arguments);
  if (script == &ResetHints()) return Reset(keys, arguments);
  if (script == &kache::EndComparison()) return EndComparison(keys, arguments, notes);
  if (script == &RestoreNote() && notes.contains(arguments[1])) return Reply::Integer(0);
  const bool overflows =
      script == &MarkOverflow() || script == &ReassertNote() || script == &RestoreNote();
  if (!overflows) return std::nullopt;
  sets_[keys[0]] = std::nullopt;
  return Reply::String("OK");
}

Reply PlayedHints::Open(const Words& keys, const Words& arguments, const Notes& notes) {
  const std::string sentinel = "n" + arguments[0];
  if (notes.contains(arguments[1]) && !Has(keys[0], sentinel) && !Has(keys[0], "a")) {
    sets_[keys[0]] = std::nullopt;
  } else {
    if (!sets_.contains(keys[0])) Add(keys[0], "o");
    Add(keys[0], sentinel);
  }
  return Reply::Integer(1);
}

Reply PlayedHints::Take(const Words& keys, const Words& arguments, const Notes& notes) {
  const auto answer = [](TakenHints taken) { return Reply::Integer(static_cast<int64_t>(taken)); };
  const std::string job = "t" + arguments[1];
  if (sets_.contains(keys[2])) {
    Add(keys[2], job);
    return answer(TakenHints::kTaken);
  }
  std::set<std::string> fresh = {"o", "t"};
  for (const auto& [field, value] : notes) {
    if (!field.starts_with(arguments[0] + " ")) continue;
    const std::string sentinel = "n" + field.substr(arguments[0].size() + 1);
    if (!Has(keys[0], sentinel)) return answer(TakenHints::kOverflow);
    fresh.insert(sentinel);
  }
  const int64_t count = Count(keys[0]);
  if (count == 0) return answer(TakenHints::kNone);
  const bool fits = Has(keys[0], "o") && !Has(keys[0], "t") && !Has(keys[0], "a");
  if (count < 0 || !fits) return answer(TakenHints::kOverflow);
  if (count == static_cast<int64_t>(fresh.size()) - 1) return answer(TakenHints::kEmpty);
  sets_[keys[2]] = sets_[keys[0]];
  sets_[keys[0]] = fresh;
  Add(keys[2], job);
  return answer(TakenHints::kTaken);
}

Reply PlayedHints::Peek(const Words& keys, const Words& arguments, const Notes& notes) {
  const auto answer = [](TakenHints found) { return Reply::Integer(static_cast<int64_t>(found)); };
  PlayedHints copy = *this;
  copy.sets_.erase(keys[2]);
  const bool taken = sets_.contains(keys[2]);
  if (taken) copy.Remove(keys[0], "t");
  const Words as_job = {arguments[0], ""};
  switch (static_cast<TakenHints>(copy.Take(keys, as_job, notes).integer)) {
    case TakenHints::kTaken:
      return answer(taken ? TakenHints::kBothInPlace : TakenHints::kInPlace);
    case TakenHints::kEmpty:
      return answer(taken ? TakenHints::kBothInPlace : TakenHints::kEmpty);
    case TakenHints::kNone:
      return answer(taken ? TakenHints::kOverflow : TakenHints::kNone);
    default:
      return answer(TakenHints::kOverflow);
  }
}

Reply PlayedHints::Finish(const Words& keys, const Words& arguments) {
  if (!Has(keys[1], "t" + arguments[0])) {
    const bool is_done = !sets_.contains(keys[1]) && sets_.contains(keys[0]) &&
                         sets_[keys[0]].has_value() && !Has(keys[0], "t");
    return Reply::Integer(is_done ? 1 : 0);
  }
  sets_.erase(keys[1]);
  Remove(keys[0], "t");
  return Reply::Integer(1);
}

Reply PlayedHints::Reset(const Words& keys, const Words& arguments) {
  if (!Has(keys[0], "a") || !Has(keys[0], "a" + arguments[0])) {
    const bool stays = Count(keys[0]) < 0 && arguments[2] == kSourceFromStart;
    if (arguments[2] == kComparedOn || stays) {
      sets_[keys[0]] = std::nullopt;
      return Reply::Integer(0);
    }
    sets_.erase(keys[1]);
    sets_[keys[0]] = std::set<std::string>{"a", "a" + arguments[0]};
  }
  Add(keys[0], "a" + arguments[1]);
  return Reply::Integer(1);
}

Reply PlayedHints::EndComparison(const Words& keys, const Words& arguments, const Notes& notes) {
  if (!Has(keys[0], "a" + arguments[1])) return Reply::Integer(0);
  Add(keys[0], "o");
  for (size_t i = 3; i < arguments.size(); ++i) {
    if (notes.contains(arguments[2] + " " + arguments[i])) Add(keys[0], "n" + arguments[i]);
  }
  for (const std::string& member : {std::string("a"), "a" + arguments[0], "a" + arguments[1]}) {
    Remove(keys[0], member);
  }
  return Reply::Integer(1);
}

}  // namespace kache::testing
