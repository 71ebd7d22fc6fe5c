#include "gateway/upstream/stream_set.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string>
#include <utility>

namespace kache::gateway {
namespace {

// How often it is looked whether an entry has servers that have no stream yet.
constexpr absl::Duration kDiscovery = absl::Seconds(5);
constexpr size_t kMaxServersOfEntry = 32;
constexpr absl::Duration kFirstBackoff = absl::Milliseconds(100);
constexpr absl::Duration kMaxBackoff = absl::Seconds(2);
// A server that does not know Pipeline is asked again after this.
constexpr absl::Duration kUnimplementedBackoff = absl::Seconds(60);

absl::Duration Backoff(int failures) {
  absl::Duration wait = kFirstBackoff;
  for (int i = 1; i < failures && wait < kMaxBackoff; ++i) wait *= 2;
  return std::min(wait, kMaxBackoff);
}

MonotonicTime After(MonotonicTime now, absl::Duration wait) {
  return now + absl::ToChronoNanoseconds(wait);
}

}  // namespace

StreamSet::StreamSet(const ServerSet& servers, size_t workers, UpstreamMetrics& metrics)
    : servers_(servers), metrics_(metrics) {
  for (size_t i = 0; i < workers; ++i) {
    workers_.push_back(std::make_unique<Worker>());
    workers_.back()->entries.resize(servers.all().size());
  }
  thread_ = std::thread([this] { Run(); });
}

StreamSet::~StreamSet() { Stop(); }

bool StreamSet::Send(size_t worker_index, v1::PipelineOperation* operation, MonotonicTime deadline,
                     ServerStream::Done& done) {
  Worker& worker = *workers_[worker_index % workers_.size()];
  std::lock_guard<std::mutex> lock(worker.mutex);
  for (size_t tries = 0; tries < worker.usable.size(); ++tries) {
    worker.next = (worker.next + 1) % worker.usable.size();
    if (worker.usable[worker.next]->Send(operation, deadline, done)) return true;
  }
  return false;
}

void StreamSet::Run() {
  std::unique_lock<std::mutex> lock(stop_mutex_);
  while (!stopping_) {
    lock.unlock();
    size_t open = 0;
    for (const auto& worker : workers_) {
      const MonotonicTime now = std::chrono::steady_clock::now();
      std::vector<std::shared_ptr<ServerStream>> streams;
      size_t usable = 0;
      {
        std::lock_guard<std::mutex> worker_lock(worker->mutex);
        Renew(*worker, now);
        usable = worker->usable.size();
        streams = All(*worker);
      }
      open += usable;
      // Without the lock: what is answered may lead to another Send. A frozen stream is given up
      // only where another one can do its work.
      for (const auto& stream : streams) stream->Tick(now, usable > 1);
    }
    metrics_.SetStreams(open);
    lock.lock();
    stop_condition_.wait_for(lock, absl::ToChronoMilliseconds(kTick), [this] { return stopping_; });
  }
}

void StreamSet::Renew(Worker& worker, MonotonicTime now) {
  std::erase_if(worker.retired, [](const auto& stream) { return stream->over(); });
  worker.usable.clear();
  for (size_t i = 0; i < worker.entries.size(); ++i) {
    Entry& entry = worker.entries[i];
    const ServerSet::Server& server = servers_.all()[i];
    const bool ready = ServerSet::IsReady(server);
    DropOver(entry, now);
    CheckOpening(worker, entry, now);
    if (entry.opening == nullptr && ready && now >= entry.next_opening) {
      entry.opening = ServerStream::Open(*server.stub, metrics_);
    }
    if (!ready) continue;
    std::copy_if(entry.open.begin(), entry.open.end(), std::back_inserter(worker.usable),
                 [](const auto& stream) { return stream->open(); });
  }
}

void StreamSet::DropOver(Entry& entry, MonotonicTime now) {
  for (const auto& stream : entry.open) {
    if (!stream->over()) continue;
    metrics_.CountStreamEnded();
    // A refusal may look like an opening at first.
    entry.next_opening = stream->unimplemented()
                             ? After(now, kUnimplementedBackoff)
                             : std::min(entry.next_opening, After(now, kFirstBackoff));
  }
  std::erase_if(entry.open, [](const auto& stream) { return stream->over(); });
}

void StreamSet::CheckOpening(Worker& worker, Entry& entry, MonotonicTime now) {
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
    worker.retired.push_back(std::exchange(*same, std::move(entry.opening)));
  } else if (entry.open.size() < kMaxServersOfEntry) {
    entry.open.push_back(std::move(entry.opening));
  } else {
    entry.opening->Retire();
    worker.retired.push_back(std::move(entry.opening));
  }
  entry.opening.reset();
}

std::vector<std::shared_ptr<ServerStream>> StreamSet::All(const Worker& worker) const {
  std::vector<std::shared_ptr<ServerStream>> all = worker.retired;
  for (const Entry& entry : worker.entries) {
    all.insert(all.end(), entry.open.begin(), entry.open.end());
    if (entry.opening != nullptr) all.push_back(entry.opening);
  }
  return all;
}

void StreamSet::Stop() {
  {
    std::lock_guard<std::mutex> lock(stop_mutex_);
    stopping_ = true;
  }
  stop_condition_.notify_all();
  if (thread_.joinable()) thread_.join();
  std::vector<std::shared_ptr<ServerStream>> all;
  for (const auto& worker : workers_) {
    std::lock_guard<std::mutex> lock(worker->mutex);
    worker->usable.clear();
    for (auto& stream : All(*worker)) all.push_back(std::move(stream));
    worker->entries.clear();
    worker->retired.clear();
  }
  for (const auto& stream : all) stream->Cancel();
  for (const auto& stream : all) stream->AwaitOver();
}

}  // namespace kache::gateway
