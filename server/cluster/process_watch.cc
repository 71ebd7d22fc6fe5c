#include "server/cluster/process_watch.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_join.h"

namespace kache {
namespace {

absl::Duration SinceEpoch(MonotonicTime time) { return absl::FromChrono(time.time_since_epoch()); }

}  // namespace

ProcessWatch::ProcessWatch(size_t connections, MonotonicTime now)
    : started_(now), reached_(connections), next_round_(now) {}

void ProcessWatch::OnConnected(size_t connection, const std::string& run_id, MonotonicTime asked_at,
                               MonotonicTime now) {
  NoteAgreement(now);
  reached_[connection] = run_id;
  NoteHandshake(run_id, asked_at, now);
  EndIfConvinced();
  Settle(now);
  BeginRoundIfDue(now);
}

void ProcessWatch::OnDown(size_t connection, MonotonicTime now) {
  NoteAgreement(now);
  reached_[connection].clear();
}

void ProcessWatch::Tick(MonotonicTime now) {
  NoteAgreement(now);
  Settle(now);
  BeginRoundIfDue(now);
}

ProcessWatch::Process* ProcessWatch::Find(const std::string& run_id) {
  const auto found =
      std::find_if(processes_.begin(), processes_.end(),
                   [&](const Process& process) { return process.life.run_id == run_id; });
  return found == processes_.end() ? nullptr : &*found;
}

void ProcessWatch::NoteHandshake(const std::string& run_id, MonotonicTime asked_at,
                                 MonotonicTime now) {
  Process* known = Find(run_id);
  if (known == nullptr) {
    equal_handshakes_ = 1;
    if (processes_.size() == kRemembered) processes_.erase(processes_.begin());
    processes_.push_back({{run_id, SinceEpoch(now), SinceEpoch(asked_at)}, std::nullopt});
    return;
  }
  known->life.alive_at = std::max(known->life.alive_at, SinceEpoch(asked_at));
  if (known == &processes_.back()) {
    ++equal_handshakes_;
    return;
  }
  equal_handshakes_ = 1;
  // An answer that was asked for before the newest process was reached proves nothing: it may have
  // waited here while that process took the place of this one.
  if (SinceEpoch(asked_at) <= processes_.back().life.known_since) return;
  several_ |= LivedSideBySide(known->life, processes_.back().life, absl::ZeroDuration());
  std::rotate(processes_.begin() + (known - processes_.data()),
              processes_.begin() + (known - processes_.data()) + 1, processes_.end());
}

bool ProcessWatch::AllReachOne() const {
  return !reached_.front().empty() &&
         std::all_of(reached_.begin(), reached_.end(),
                     [&](const std::string& run_id) { return run_id == reached_.front(); });
}

void ProcessWatch::NoteAgreement(MonotonicTime now) {
  if (several_ || !AllReachOne()) return;
  if (Process* process = Find(reached_.front())) process->agreed_at = now;
}

void ProcessWatch::EndIfConvinced() {
  if (!several_ || equal_handshakes_ < kConvincing || !AllReachOne()) return;
  several_ = false;
  // A process that was never agreed on may lack all that was written since this watch began.
  doubt_ = processes_.back().agreed_at.value_or(started_);
}

void ProcessWatch::Settle(MonotonicTime now) {
  if (DoTheyDiffer()) {
    unsettled_ = true;
  } else if (AllReachOne() || now >= next_round_) {
    unsettled_ = false;
  }
}

void ProcessWatch::BeginRoundIfDue(MonotonicTime now) {
  if (several_ || DoTheyDiffer()) RequestRound(now);
}

void ProcessWatch::RequestRound(MonotonicTime now) {
  if (now < next_round_) return;
  ++rounds_;
  next_round_ = now + absl::ToChronoNanoseconds(kRound);
}

ProcessAgreement ProcessWatch::agreement() const {
  if (several_) return ProcessAgreement::kSeveral;
  return unsettled_ ? ProcessAgreement::kUnsettled : ProcessAgreement::kOne;
}

bool ProcessWatch::DoTheyDiffer() const {
  const std::string* first = nullptr;
  for (const std::string& run_id : reached_) {
    if (run_id.empty()) continue;
    if (first != nullptr && *first != run_id) return true;
    first = &run_id;
  }
  return false;
}

std::optional<MonotonicTime> ProcessWatch::TakeDoubt() { return std::exchange(doubt_, {}); }

std::string ProcessWatch::Reached() const {
  std::set<std::string> reached(reached_.begin(), reached_.end());
  reached.erase("");
  return absl::StrJoin(reached, ",");
}

}  // namespace kache
