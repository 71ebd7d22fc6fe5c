#include "client/bench/worker.h"

#include <utility>

#include "base/strings.h"

namespace kache::bench {
namespace {

// How long a wait lasts where nothing is due: short enough to see the end of the run.
constexpr auto kIdleWait = std::chrono::milliseconds(20);

Action FirstAction(Kind kind) {
  switch (kind) {
    case Kind::kPut:
    case Kind::kInsert:
      return Action::kPut;
    case Kind::kDelete:
      return Action::kDelete;
    default:
      return Action::kGet;
  }
}

}  // namespace

Worker::Worker(const WorkerOptions& options, const ValueMaker& values, OperationSource& source,
               LoadTransport& transport, Recorder& recorder, uint64_t first_write)
    : options_(options),
      values_(values),
      source_(source),
      transport_(transport),
      recorder_(recorder),
      next_write_(first_write),
      running_(transport.slots()) {
  for (size_t slot = transport.slots(); slot > 0; --slot) free_.push_back(slot - 1);
}

void Worker::Run(Pacer pacer, const std::function<Instant()>& now) {
  bool more = true;
  while (true) {
    Instant at = now();
    while (more && !free_.empty() && pacer.Due(at) <= at && !pacer.Ended(at)) {
      more = StartNext(pacer.Due(at));
      if (more) pacer.OnStart();
      at = now();
    }
    const bool ended = !more || pacer.Ended(at);
    if (ended && free_.size() == running_.size()) break;
    Instant until = at + kIdleWait;
    if (!ended && !free_.empty()) until = std::min(until, pacer.Due(at));
    size_t slot = 0;
    if (transport_.Wait(until, &slot)) OnAnswer(slot, now());
  }
  recorder_.Update([&](Measured& all) { all.never_started += pacer.NeverStarted(); });
}

bool Worker::StartNext(Instant due) {
  const size_t slot = free_.back();
  Running& running = running_[slot];
  if (!source_.Next(options_.keys_per_request, &running.kind, &running.keys)) return false;
  free_.pop_back();
  running.due = due;
  running.writing = false;
  Send(slot, FirstAction(running.kind));
  return true;
}

void Worker::Send(size_t slot, Action action) {
  const Running& running = running_[slot];
  Request& request = transport_.request(slot);
  request.action = action;
  request.keys.resize(running.keys.size());
  request.values.resize(action == Action::kPut ? running.keys.size() : 0);
  for (size_t i = 0; i < running.keys.size(); ++i) {
    request.keys[i].assign(options_.key_prefix);
    Append(&request.keys[i], running.keys[i]);
    if (action == Action::kPut) values_.Make(running.keys[i], ++next_write_, &request.values[i]);
  }
  transport_.Start(slot);
}

void Worker::OnAnswer(size_t slot, Instant now) {
  Running& running = running_[slot];
  if (options_.check && transport_.request(slot).action == Action::kGet) {
    CheckValues(running, transport_.outcomes(slot));
  }
  const bool failed = transport_.outcomes(slot)[0].code != absl::StatusCode::kOk;
  if (running.kind == Kind::kReadModifyWrite && !running.writing && !failed) {
    running.writing = true;
    Send(slot, Action::kPut);
    return;
  }
  Record(slot, running, now);
  free_.push_back(slot);
}

void Worker::Record(size_t slot, const Running& running, Instant now) {
  if (running.due < options_.record_from) return;
  const std::vector<Outcome>& outcomes = transport_.outcomes(slot);
  const bool reads = running.kind == Kind::kGet;
  recorder_.Update([&](Measured& all) {
    KindStats& stats = all.of(running.kind);
    stats.latency.Record(static_cast<uint64_t>((now - running.due).count()));
    ++stats.requests;
    stats.keys += outcomes.size();
    for (const Outcome& outcome : outcomes) {
      if (outcome.code != absl::StatusCode::kOk) {
        ++stats.errors[outcome.code];
      } else if (reads && !outcome.found) {
        ++stats.misses;
      }
    }
  });
}

void Worker::CheckValues(const Running& running, const std::vector<Outcome>& outcomes) {
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (!outcomes[i].found) continue;
    const absl::Status right = values_.Verify(running.keys[i], outcomes[i].value);
    if (right.ok()) continue;
    recorder_.Update([&right](Measured& all) {
      if (all.wrong_values++ == 0) all.first_wrong = std::string(right.message());
    });
  }
}

}  // namespace kache::bench
