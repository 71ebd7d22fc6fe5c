#include "client/stream_set.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace kache {
namespace {

// How often it is looked whether an address has servers that have no stream yet.
constexpr absl::Duration kDiscovery = absl::Seconds(5);
constexpr size_t kMaxServersOfAddress = 32;
constexpr absl::Duration kFirstWait = absl::Milliseconds(100);
constexpr absl::Duration kMaxWait = absl::Seconds(2);
// A server that does not know Pipeline is asked again after this.
constexpr absl::Duration kUnimplementedBackoff = absl::Seconds(60);

absl::Duration Backoff(int failures) {
  absl::Duration wait = kFirstWait;
  for (int i = 1; i < failures && wait < kMaxWait; ++i) wait *= 2;
  return std::min(wait, kMaxWait);
}

MonotonicTime After(MonotonicTime now, absl::Duration wait) {
  return now + absl::ToChronoNanoseconds(wait);
}

}  // namespace

StreamSet::StreamSet(ServerSet& servers, const Queues& queues, size_t lanes,
                     size_t max_queued_bytes, RetryBudget& budget, TransportObserver& observer,
                     ClusterTime& cluster_time)
    : servers_(servers),
      max_queued_bytes_(max_queued_bytes),
      budget_(budget),
      observer_(observer),
      cluster_time_(cluster_time) {
  for (size_t i = 0; i < lanes; ++i) {
    lanes_.push_back(std::make_unique<Lane>(*queues[i]));
    lanes_.back()->entries.resize(servers.size());
  }
  if (lanes > 0) thread_ = std::thread([this] { Run(); });
}

StreamSet::~StreamSet() { Stop(); }

bool StreamSet::Send(size_t lane_index, v1::PipelineOperation* operation, MonotonicTime deadline,
                     std::optional<size_t>* server, ServerStream::Done& done) {
  if (lanes_.empty()) return false;
  Lane& lane = *lanes_[lane_index % lanes_.size()];
  const std::lock_guard lock(lane.mutex);
  const std::optional<size_t> last = *server;
  for (const bool same_again : {false, true}) {
    for (size_t tries = 0; tries < lane.usable.size(); ++tries) {
      lane.next = (lane.next + 1) % lane.usable.size();
      const Usable& usable = lane.usable[lane.next];
      if ((usable.server == last) != same_again) continue;
      *server = usable.server;
      if (usable.stream->Send(operation, deadline, done)) return true;
    }
    if (!last) break;
  }
  *server = last;
  return false;
}

void StreamSet::Run() {
  std::unique_lock lock(stop_mutex_);
  MonotonicTime before = std::chrono::steady_clock::now();
  size_t streams_before = 0;  // at the last turn
  while (!stopping_) {
    lock.unlock();
    const MonotonicTime clock = std::chrono::steady_clock::now();
    // Where this process was held up, the answers that came meanwhile are read before the deadlines
    // that passed meanwhile are judged, by the next tick.
    const MonotonicTime now = std::min(clock, before + 2 * absl::ToChronoNanoseconds(kTick));
    before = clock;
    const size_t max_queued_bytes = max_queued_bytes_ / std::max<size_t>(streams_before, 1);
    size_t open = 0;
    size_t all = 0;
    std::vector<size_t> lanes_of(servers_.size(), 0);
    for (const auto& lane : lanes_) {
      std::vector<std::shared_ptr<ServerStream>> streams;
      size_t usable = 0;
      {
        const std::lock_guard lane_lock(lane->mutex);
        Renew(*lane, now);
        usable = lane->usable.size();
        for (size_t i = 0; i < lanes_of.size(); ++i) lanes_of[i] += HasStreamTo(*lane, i);
        streams = All(*lane);
      }
      open += usable;
      all += streams.size();
      for (const auto& stream : streams) stream->LimitQueue(max_queued_bytes);
      // Without the lock: what is answered may lead to another Send. A frozen stream is given up
      // only where another one can do its work.
      for (const auto& stream : streams) stream->Tick(now, usable > 1);
    }
    observer_.OnStreams(open);
    streams_before = all;
    for (size_t i = 0; i < lanes_of.size(); ++i) {
      servers_.NoteAnswering(i, lanes_of[i] == lanes_.size());
    }
    lock.lock();
    stop_condition_.wait_for(lock, absl::ToChronoMilliseconds(kTick), [this] { return stopping_; });
  }
}

void StreamSet::Renew(Lane& lane, MonotonicTime now) {
  std::erase_if(lane.retired, [](const auto& stream) { return stream->over(); });
  lane.usable.clear();
  for (size_t i = 0; i < lane.entries.size(); ++i) {
    Entry& entry = lane.entries[i];
    const bool ready = servers_.IsReady(i);
    DropOver(entry, now);
    CheckOpening(lane, entry, now);
    if (entry.opening == nullptr && ready && now >= entry.next_opening) {
      entry.opening = ServerStream::Open(servers_.stub(i), lane.queue, observer_, cluster_time_);
    }
    if (!ready) continue;
    for (const auto& stream : entry.open) {
      if (stream->open()) lane.usable.push_back({i, stream});
    }
  }
}

bool StreamSet::HasStreamTo(const Lane& lane, size_t server) {
  return std::any_of(lane.usable.begin(), lane.usable.end(),
                     [&](const Usable& usable) { return usable.server == server; });
}

void StreamSet::DropOver(Entry& entry, MonotonicTime now) {
  for (const auto& stream : entry.open) {
    if (!stream->over()) continue;
    observer_.OnStreamEnded();
    budget_.OnFailure();  // once for all that were under way on it
    // A refusal may look like an opening at first.
    entry.next_opening = stream->unimplemented()
                             ? After(now, kUnimplementedBackoff)
                             : std::min(entry.next_opening, After(now, kFirstWait));
  }
  std::erase_if(entry.open, [](const auto& stream) { return stream->over(); });
}

void StreamSet::CheckOpening(Lane& lane, Entry& entry, MonotonicTime now) {
  if (entry.opening == nullptr) return;
  if (entry.opening->over()) {
    const bool unimplemented = entry.opening->unimplemented();
    entry.next_opening =
        After(now, unimplemented ? kUnimplementedBackoff : Backoff(++entry.failures));
    entry.opening.reset();
    return;
  }
  if (!entry.opening->open()) return;
  entry.failures = 0;
  const std::string peer = entry.opening->peer();
  const auto same = std::find_if(entry.open.begin(), entry.open.end(),
                                 [&](const auto& stream) { return stream->peer() == peer; });
  const bool found_another = same == entry.open.end();
  entry.next_opening = found_another ? now : After(now, kDiscovery);
  if (!found_another) {
    (*same)->Retire();
    lane.retired.push_back(std::exchange(*same, std::move(entry.opening)));
  } else if (entry.open.size() < kMaxServersOfAddress) {
    entry.open.push_back(std::move(entry.opening));
  } else {
    entry.opening->Retire();
    lane.retired.push_back(std::move(entry.opening));
  }
  entry.opening.reset();
}

std::vector<std::shared_ptr<ServerStream>> StreamSet::All(const Lane& lane) const {
  std::vector<std::shared_ptr<ServerStream>> all = lane.retired;
  for (const Entry& entry : lane.entries) {
    all.insert(all.end(), entry.open.begin(), entry.open.end());
    if (entry.opening != nullptr) all.push_back(entry.opening);
  }
  return all;
}

void StreamSet::Stop() {
  {
    const std::lock_guard lock(stop_mutex_);
    stopping_ = true;
  }
  stop_condition_.notify_all();
  if (thread_.joinable()) thread_.join();
  std::vector<std::shared_ptr<ServerStream>> all;
  for (const auto& lane : lanes_) {
    const std::lock_guard lock(lane->mutex);
    lane->usable.clear();
    for (auto& stream : All(*lane)) all.push_back(std::move(stream));
    lane->entries.clear();
    lane->retired.clear();
  }
  for (const auto& stream : all) stream->Cancel();
  for (const auto& stream : all) stream->AwaitOver();
}

}  // namespace kache
