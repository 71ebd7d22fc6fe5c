#include "tests/testing/played_node.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "server/bookkeeping/bookkeeping_scripts.h"
#include "server/bookkeeping/resync_checkpoint.h"
#include "server/bookkeeping/ring_id.h"
#include "server/recovery/copy_scripts.h"
#include "server/replication/hint_scripts.h"
#include "server/replication/scripts.h"
#include "tests/testing/fake_node_client.h"

namespace kache::testing {
namespace {

using redis::Reply;

int64_t Number(const std::string& text) {
  int64_t number = 0;
  return absl::SimpleAtoi(text, &number) ? number : 0;
}

std::string Sources(const Marker& marker) {
  if (marker.came_empty) return "empty";
  return marker.from_all ? "all" : "arcs";
}

}  // namespace

PlayedNode::PlayedNode(const Clock& clock, std::string name)
    : clock_(clock), name_(std::move(name)) {
  LoseMemory();
}

std::string PlayedNode::NameOf(size_t index) {
  return index < 26 ? std::string(1, static_cast<char>('a' + index)) : "n" + std::to_string(index);
}

void PlayedNode::LoseMemory() {
  memory_ = other_database_ = {};
  evicted_keys_ = emptied_ = 0;
  stalled_ = false;
  backlog_.clear();
  run_id_ = name_ + "-run-" + std::to_string(++starts_);
}

void PlayedNode::Evict(const std::string& key) {
  evicts_ = true;
  ++evicted_keys_;
  memory_.strings.erase(key);
  memory_.hashes.erase(key);
  memory_.hints.Evict(key);
}

void PlayedNode::FlushAll() {
  memory_ = {};
  ++emptied_;
}

void PlayedNode::SwapDatabases() {
  std::swap(memory_, other_database_);
  ++emptied_;
}

void PlayedNode::RestoreSaved() {
  LoseMemory();
  memory_ = saved_;
}

std::optional<Marker> PlayedNode::marker() const { return ParseMarker(Get(keys_.Marker())); }

std::map<std::string, std::string> PlayedNode::hash(const std::string& key) const {
  const auto found = memory_.hashes.find(key);
  return found == memory_.hashes.end() ? std::map<std::string, std::string>() : found->second;
}

std::string PlayedNode::Get(const std::string& key) const {
  const auto found = memory_.strings.find(key);
  if (found == memory_.strings.end()) return "";
  const auto& [value, ends] = found->second;
  return ends == 0 || ends > NowMs() ? value : "";
}

Reply PlayedNode::Hash(const std::string& key) const {
  std::vector<Reply> words;
  for (const auto& [field, value] : hash(key)) {
    words.push_back(Reply::String(field));
    words.push_back(Reply::String(value));
  }
  return ArrayReply(std::move(words));
}

void PlayedNode::Write(const Marker& marker) {
  SetMarker(std::string("kache1 ") + (marker.whole ? "whole " : "syncing ") +
            RingText(marker.ring) + " " + marker.run_id + " " + marker.name + " " +
            FenceText(marker.fence) + " " + std::to_string(marker.since_ms) + " " +
            std::to_string(marker.away_ms) + " " + Sources(marker));
}

void PlayedNode::Take(const redis::Command& command, Answer done) {
  if (stalled_) {
    backlog_.emplace_back(command, std::move(done));
    return;
  }
  done(Run(command));
}

void PlayedNode::GoOn() {
  stalled_ = false;
  for (auto& [command, done] : std::exchange(backlog_, {})) done(Run(command));
}

Reply PlayedNode::Run(const redis::Command& command) {
  ++commands_;
  if (refusal_) {
    if (std::optional<Reply> reply = refusal_(command)) return *std::move(reply);
  }
  const Words words = ParseWire(command.wire());
  const redis::Script* script = command.script();
  if (script == nullptr) return RunPlain(words);
  const auto count = static_cast<ptrdiff_t>(Number(words[2]));
  const Words keys(words.begin() + 3, words.begin() + 3 + count);
  const Words arguments(words.begin() + 3 + count, words.end());
  if (script == &InspectScript()) return Inspect(keys, arguments);
  if (script == &WitnessScript()) {
    return ArrayReply({Reply::String(run_id_), Reply::String(std::to_string(emptied_)),
                       Reply::String(Get(keys.at(0))),
                       memory_.records.Headers(Words(keys.begin() + 1, keys.end()), NowMs())});
  }
  if (script == &RestoreScript()) return Restore(keys, arguments);
  if (script == &InitScript()) return Init(keys, arguments);
  if (script == &FenceScript()) return Fence(keys, arguments);
  if (script == &LeaseScript()) return Lease(keys, arguments);
  if (script == &LiftScript()) return Lift(keys, arguments);
  if (script == &NoteSourceScript()) return NoteSource(keys, arguments);
  if (script == &NoteCheckpointScript()) return NoteCheckpoint(keys, arguments);
  if (script == &ForgetScript()) return Forget(keys, arguments);
  if (script == &ReadWithMarker() || script == &ReadWithMemory()) {
    return ReadRecord(script, keys, arguments);
  }
  if (script == &SetIfNewer()) return StoreRecord(keys, arguments);
  if (script == &SetWithHints() || script == &LeaveHints()) {
    return RunWithHints(script, keys, arguments);
  }
  if (auto reply = memory_.records.Run(words, script, NowMs())) return *std::move(reply);
  // Where a script is given the notes, they are its second key.
  if (auto reply =
          memory_.hints.Run(script, keys, arguments, hash(keys[keys.size() > 1 ? 1 : 0]))) {
    if (script == &kache::OpenHints() || script == &ReassertNote() || script == &RestoreNote()) {
      SetHash(keys[1], arguments[1], arguments[2]);
    }
    return *std::move(reply);
  }
  return Reply::Error("ERR a script that is not played: " + script->name);
}

Reply PlayedNode::RunPlain(const Words& words) {
  // SCAN cursor MATCH pattern COUNT count
  if (words[0] == "SCAN") {
    if (words.at(1) == "0") ++scans_;
    ++pages_;
    const size_t count = std::min<size_t>(page_keys_, std::stoul(words.at(5)));
    return memory_.records.Scan(words, count, NowMs());
  }
  if (words[0] == "SET") return Reply::String("OK");
  if (words[0] == "SSCAN") {
    std::vector<Reply> members;
    for (const std::string& member : memory_.hints.Members(words.at(1))) {
      members.push_back(Reply::String(member));
      if (member.starts_with("k")) ++hints_read_;
    }
    return ArrayReply({Reply::String("0"), ArrayReply(std::move(members))});
  }
  if (words[0] == "TOUCH") {
    ++touches_;
    return Reply::Integer(1);
  }
  auto& fields = memory_.hashes[words.at(1)];
  if (words[0] == "HSET") {
    for (size_t i = 2; i + 1 < words.size(); i += 2) fields[words[i]] = words[i + 1];
  } else if (words[0] == "HSETNX") {
    fields.emplace(words.at(2), words.at(3));
  } else if (words[0] == "HDEL") {
    fields.erase(words.at(2));
  } else {
    ADD_FAILURE() << "a command that is not played: " << words[0];
  }
  return Reply::Integer(1);
}

Reply PlayedNode::Inspect(const Words& keys, const Words& arguments) {
  const std::optional<Marker> stands = marker();
  const bool ours = stands && RingText(stands->ring) == arguments[3];
  const std::string now = std::to_string(NowMs());
  const bool is_lost = hash(keys[12]).contains(arguments[0]);
  if (ours && stands->run_id == run_id_ && !is_lost) {
    SetHash(keys[2], arguments[0], now + " " + arguments[1] + " " + arguments[2]);
    SetHash(keys[11], arguments[0], "1 " + now + " " + arguments[6]);
    if (!arguments[4].empty()) {
      memory_.strings[keys[10]] = {arguments[4], NowMs() + Number(arguments[5])};
    }
  }
  const std::string ring = stands && !ours ? Get(keys[1]) : "";
  std::vector<Reply> members;
  for (const auto& [name, value] : hash(keys[9])) members.push_back(Reply::String(name));
  std::vector<Reply> hints;
  for (size_t i = 13; i < keys.size(); ++i) {
    hints.push_back(Reply::Integer(memory_.hints.Count(keys[i])));
  }
  return ArrayReply({Reply::String(run_id_),
                     Reply::String(now),
                     Reply::String(Get(keys[0])),
                     Reply::String(ring),
                     Hash(keys[2]),
                     Hash(keys[3]),
                     Reply::String(Get(keys[4])),
                     Hash(keys[5]),
                     Hash(keys[6]),
                     Reply::String(Get(keys[7])),
                     Hash(keys[8]),
                     Reply::Integer(static_cast<int64_t>(memory_.records.Count(NowMs()))),
                     ArrayReply(std::move(members)),
                     Hash(keys[11]),
                     Reply::Integer(evicts_ ? 1 : 0),
                     Reply::String(std::to_string(evicted_keys_)),
                     Reply::String(std::to_string(emptied_)),
                     Hash(keys[12]),
                     Reply::String("0"),
                     ArrayReply(std::move(hints))});
}

Reply PlayedNode::Restore(const Words& keys, const Words& arguments) {
  if (!Get(keys[0]).empty()) return Reply::Integer(0);
  if (arguments[0] != run_id_ || arguments[1] != std::to_string(emptied_)) {
    return Reply::Integer(0);
  }
  SetMarker(arguments[2]);
  return Reply::Integer(1);
}

Reply PlayedNode::Init(const Words& keys, const Words& arguments) {
  if (!Get(keys[0]).empty()) return Reply::Integer(0);
  uint64_t ring = 0;
  EXPECT_TRUE(absl::SimpleHexAtoi(arguments[0], &ring));
  Write({.whole = true,
         .ring = ring,
         .run_id = run_id_,
         .name = arguments[1],
         .fence = FenceNumber{static_cast<uint64_t>(NowMs())},
         .since_ms = NowMs(),
         .away_ms = 0,
         .from_all = false,
         .came_empty = true});
  memory_.strings[keys[1]] = {arguments[2], 0};
  SetHash(keys[2], "swept", std::to_string(NowMs()));
  return Reply::Integer(1);
}

Reply PlayedNode::Fence(const Words& keys, const Words& arguments) {
  const std::optional<Marker> old = marker();
  uint64_t ring = 0;
  EXPECT_TRUE(absl::SimpleHexAtoi(arguments[0], &ring));
  const bool same_process = old && old->run_id == run_id_;
  const bool fits = same_process && old->ring == ring && old->name == arguments[1];
  if (fits && arguments[3] != "always" && arguments[3] != FenceText(old->fence)) {
    return Reply::String(Get(keys[0]));
  }
  auto fence = static_cast<uint64_t>(std::max(NowMs(), Number(arguments[5]) + 1));
  Marker marker{.whole = false,
                .ring = ring,
                .run_id = run_id_,
                .name = arguments[1],
                .fence = {},
                .since_ms = NowMs(),
                .away_ms = 0,
                .from_all = false,
                .came_empty = !old};
  std::string trusted;
  bool kept = false;
  if (old) {
    fence = std::max(fence, static_cast<uint64_t>(old->fence) + 1);
    marker.from_all = old->ring != ring || (!old->whole && old->from_all);
    marker.came_empty = !marker.from_all && !old->whole && old->came_empty && same_process;
    const int64_t since_ms = Number(arguments[4]);
    marker.away_ms = since_ms > 0 ? std::min(since_ms, NowMs()) : NowMs();
    if (!same_process || old->ring != ring) {
      int64_t sure_ms = old->since_ms;
      for (const auto& [id, text] : hash(keys[3])) {
        const std::vector<std::string> parts = absl::StrSplit(text, ' ');
        sure_ms = std::max(sure_ms, Number(parts[1]));
      }
      marker.away_ms = std::min(marker.away_ms, sure_ms);
    }
    if (!old->whole && old->away_ms > 0) marker.away_ms = std::min(marker.away_ms, old->away_ms);
    kept = fits && arguments.at(6) != "lost" &&
           (old->whole || hash(keys[4])["kept"] == FenceText(old->fence));
    if (fits) {
      trusted = old->whole ? std::to_string(old->TrustedSinceMs()) : hash(keys[4])["trusted"];
    }
  }
  marker.fence = FenceNumber{fence};
  Write(marker);
  memory_.hashes.erase(keys[4]);
  if (!trusted.empty()) SetHash(keys[4], "trusted", trusted);
  if (kept) SetHash(keys[4], "kept", FenceText(marker.fence));
  return Reply::String(Get(keys[0]));
}

Reply PlayedNode::Lease(const Words& keys, const Words& arguments) {
  const std::string holder = Get(keys[0]);
  const int64_t life_ms = Number(arguments[1]);
  if (life_ms == 0) {
    if (holder == arguments[0]) memory_.strings.erase(keys[0]);
    return Reply::Integer(0);
  }
  if (!holder.empty() && holder != arguments[0]) return Reply::Integer(0);
  memory_.strings[keys[0]] = {arguments[0], NowMs() + life_ms};
  return Reply::Integer(1);
}

bool PlayedNode::OwnsResync(const Words& keys, const Words& arguments) const {
  const std::optional<Marker> stands = marker();
  return stands && !stands->whole && stands->run_id == run_id_ && arguments[0] == run_id_ &&
         FenceText(stands->fence) == arguments[1] && Get(keys[1]) == arguments[2];
}

Reply PlayedNode::Lift(const Words& keys, const Words& arguments) {
  if (!OwnsResync(keys, arguments)) return Reply::Integer(0);
  Marker marker = *this->marker();
  const bool is_short = marker.away_ms > 0 && NowMs() - marker.away_ms <= Number(arguments[3]);
  marker.away_ms = is_short ? Number(hash(keys[2])["trusted"]) : 0;
  marker.whole = true;
  marker.since_ms = NowMs();
  marker.from_all = marker.came_empty = false;
  Write(marker);
  memory_.strings.erase(keys[1]);
  memory_.hashes.erase(keys[2]);
  return Reply::Integer(1);
}

Reply PlayedNode::NoteSource(const Words& keys, const Words& arguments) {
  if (!OwnsResync(keys, arguments)) return Reply::Integer(0);
  SetHash(keys[2], "from:" + arguments[3], arguments[4]);
  return Reply::Integer(1);
}

Reply PlayedNode::NoteCheckpoint(const Words& keys, const Words& arguments) {
  if (!OwnsResync(keys, arguments)) return Reply::Integer(0);
  memory_.hashes[keys[2]].erase("from:" + arguments[3]);
  SetHash(keys[2], CheckpointField(arguments[3]), arguments[4]);
  return Reply::Integer(1);
}

Reply PlayedNode::Forget(const Words& keys, const Words& arguments) {
  auto& fields = memory_.hashes[keys[0]];
  const auto found = fields.find(arguments[0]);
  if (found == fields.end()) return Reply::Integer(0);
  const std::string number = found->second.substr(0, found->second.find(' '));
  if (!arguments[1].empty() && Number(number) > Number(arguments[1])) return Reply::Integer(0);
  fields.erase(found);
  return Reply::Integer(1);
}

}  // namespace kache::testing
