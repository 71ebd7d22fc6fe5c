#include "server/recovery/unheld.h"

#include <map>
#include <string_view>
#include <utility>

namespace kache {

// Shared by what the other nodes are asked.
struct Unheld::Question {
  struct Candidate {
    PageEntry entry;
    bool held = false;    // by some other home replica whose copies count
    bool lacked = false;  // by some other home replica that had it
  };
  std::vector<Candidate> candidates;
  absl::Time read_at;
  size_t waiting = 0;
  absl::Status status;
  Done done;
};

PreferenceList Unheld::HomesOf(const PageEntry& entry) const {
  return ring_.Preference(HashRing::Token(copier_.UserKey(entry.redis_key)), homes_);
}

bool Unheld::MayBeRemoved(const PageEntry& entry) const {
  bool home = false;
  bool witness = false;
  for (const NodeId node : HomesOf(entry)) {
    if (node == plan_.node) {
      home = true;
      continue;
    }
    if (!plan_.reachable[node.index()]) return false;
    witness |= plan_.words[node.index()].Knew(entry.WrittenMs());
  }
  return home && witness;
}

void Unheld::Remove(std::vector<PageEntry> entries, absl::Time read_at, Done done) {
  auto question = std::make_shared<Question>();
  question->read_at = read_at;
  question->done = std::move(done);
  for (PageEntry& entry : entries) question->candidates.push_back({std::move(entry)});
  std::map<uint16_t, std::vector<size_t>> by_node;  // indices of candidates
  for (size_t i = 0; i < question->candidates.size(); ++i) {
    const PageEntry& entry = question->candidates[i].entry;
    for (const NodeId node : HomesOf(entry)) {
      const NodeWord& word = plan_.words[node.index()];
      if (node == plan_.node || (!word.is_trusted && !word.Knew(entry.WrittenMs()))) continue;
      by_node[static_cast<uint16_t>(node.index())].push_back(i);
    }
  }
  if (by_node.empty()) return Answer(*question);
  question->waiting = by_node.size();
  for (const auto& [node, indices] : by_node) {
    std::vector<std::string_view> keys;
    for (const size_t i : indices) keys.push_back(question->candidates[i].entry.redis_key);
    copier_.ReadHeldBy(NodeId(node), plan_.memories[node], keys,
                       [this, question, indices,
                        word = plan_.words[node]](absl::StatusOr<std::vector<HeldRecord>> held) {
                         if (!held.ok()) question->status = held.status();
                         for (size_t i = 0; held.ok() && i < indices.size(); ++i) {
                           Question::Candidate& candidate = question->candidates[indices[i]];
                           const bool lacks = (*held)[i].version.IsZero();
                           candidate.lacked |= lacks && word.Knew(candidate.entry.WrittenMs());
                           candidate.held |= !lacks && word.is_trusted;
                         }
                         if (--question->waiting == 0) Answer(*question);
                       });
  }
}

void Unheld::Answer(Question& question) {
  if (!question.status.ok()) return question.done(question.status);
  std::vector<PageEntry> unheld;
  for (Question::Candidate& candidate : question.candidates) {
    if (candidate.lacked && !candidate.held) unheld.push_back(std::move(candidate.entry));
  }
  if (unheld.empty()) return question.done(uint64_t{0});
  copier_.Remove(plan_.node, unheld, question.read_at, std::move(question.done));
}

}  // namespace kache
