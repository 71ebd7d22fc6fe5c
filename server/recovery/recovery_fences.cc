// How a Recovery raises fences, lets writes settle, and resolves doubts.
#include <algorithm>
#include <utility>

#include "server/recovery/recovery.h"
#include "server/recovery/recovery_scripts.h"
#include "spdlog/spdlog.h"

namespace kache {
namespace {

constexpr absl::Duration kForsakeTimeout = absl::Seconds(2);

}  // namespace

void Recovery::Act(const Evidence& evidence, NodeId node, const Assessment& assessment) {
  Node& it = at(node);
  if (!it.look || !IsReady(node) || !status(node).connected) return;
  // Whatever is to be written there would be refused as well.
  if (status(node).refuses_writes) return ProbeWrite(node);
  BuryCoordinators(evidence, node);
  if (assessment.init) return WriteFirstMarker(node);
  const bool starting_together =
      !it.look->has_marker && it.looks_without_marker < 2 && status(node).state == NodeState::kDown;
  if (!assessment.fence_mode.empty() && !it.fencing && !starting_together) {
    return Fence(node, assessment.fence_mode, assessment.fence_since_ms, 0);
  }
  const std::optional<Marker>& marker = it.look->marker;
  if (!marker || marker->ring != fingerprint_) return;
  if (status(node).missed > std::max(it.fenced, it.resolved)) return FenceMissed(node);
  SettleIfFenced(node);
}

void Recovery::WriteFirstMarker(NodeId node) {
  spdlog::info("first start: no server carries a marker; writing one node={}", name(node));
  Send(node,
       redis::Command::Call(InitScript(), {keys_.Marker(), keys_.Ring(), keys_.Sweep()},
                            {RingText(fingerprint_), name(node), ring_description_}),
       [this, node](const absl::StatusOr<redis::Reply>& reply) {
         at(node).look_due = true;
         NoteRefusal(node, "a first marker could not be written", reply);
       });
}

// `missed`: NodeStatus::missed that the fence is for; 0 = for nothing of ours.
void Recovery::Fence(NodeId node, const std::string& mode, int64_t since_ms, uint64_t missed) {
  at(node).fencing = true;
  Send(node,
       redis::Command::Call(
           FenceScript(),
           {keys_.Marker(), keys_.Ring(), keys_.Coordinators(), keys_.ResyncProgress()},
           {RingText(fingerprint_), name(node), ring_description_, mode, std::to_string(since_ms)}),
       [this, node, missed](const absl::StatusOr<redis::Reply>& reply) {
         OnFenced(node, missed, reply);
       });
}

void Recovery::OnFenced(NodeId node, uint64_t missed, const absl::StatusOr<redis::Reply>& reply) {
  Node& it = at(node);
  it.fencing = false;
  it.look_due = true;
  const auto marker = reply.ok() ? ParseMarker(reply->text) : std::nullopt;
  if (!marker) {
    return NoteRefusal(node, "a fence could not be raised", reply);
  }
  if (it.look && it.look->marker && it.look->marker->sync == marker->sync) return;
  metrics_.fences[node.index()]->Increment();
  spdlog::info("fenced: the node may lack writes node={} sync={} away_since_ms={}", name(node),
               marker->sync, marker->away_ms);
  if (missed == 0) return;
  it.fenced = missed;
  it.fence_sync = marker->sync;
}

// A node that refuses what Kache itself writes there is left alone as one that refuses a caller's
// write: SYNCING with Redis's reason, and probed after a back-off. So one line is logged, and not
// one for each attempt.
void Recovery::NoteRefusal(NodeId node, std::string_view what,
                           const absl::StatusOr<redis::Reply>& reply) {
  if (!reply.ok()) {
    spdlog::warn("{} node={} error=\"{}\"", what, name(node), reply.status().ToString());
  } else if (reply->IsError()) {
    if (!status(node).refuses_writes) {
      spdlog::warn("{} node={} error=\"{}\"", what, name(node), reply->text);
    }
    monitor_.OnWriteRefused(node, redis::ClassifyError(reply->text));
  }
}

// Nobody may be writing to the node: that it takes writes again must show all the same.
void Recovery::ProbeWrite(NodeId node) {
  if (!status(node).takes_writes) return;  // its back-off
  Send(node, redis::Command::Of({"SET", keys_.Probe(), "1", "PX", "1000"}),
       [this, node](const absl::StatusOr<redis::Reply>& reply) {
         if (!reply.ok()) return;
         if (reply->IsError()) {
           monitor_.OnWriteRefused(node, redis::ClassifyError(reply->text));
         } else {
           monitor_.OnWriteAccepted(node);
         }
       });
}

// First all further misses count anew, and what was begun before has ended; then the fence.
void Recovery::FenceMissed(NodeId node) {
  Node& it = at(node);
  if (!status(node).connected || it.fencing) return;
  it.fencing = true;
  const uint64_t missed = status(node).missed;
  coordinator_.Settle(node, [this, node, missed] {
    loop_.PostFunction([this, node, missed] {
      Node& fenced = at(node);
      if (!fenced.fencing || !IsReady(node)) {
        fenced.fencing = false;
        return;
      }
      Fence(node, "always", absl::ToUnixMillis(status(node).missed_since), missed);
    });
  });
}

void Recovery::SettleIfFenced(NodeId node) {
  Node& it = at(node);
  if (it.settling || !status(node).connected || !IsCurrent(node)) return;
  if (!it.look->marker || it.look->marker->whole) return;
  const uint64_t sync = it.look->marker->sync;
  if (it.settled >= sync) return;
  it.settling = true;
  coordinator_.Settle(node, [this, node, sync] {
    loop_.PostFunction([this, node, sync] {
      Node& settled = at(node);
      if (!settled.settling) return;  // The connection was lost meanwhile.
      settled.settling = false;
      settled.settled = sync;
      settled.look_due = true;  // to say so there
    });
  });
}

void Recovery::ResolveIfWhole(NodeId node) {
  Node& it = at(node);
  if (it.resolved >= it.fenced || !it.look || !it.look->marker) return;
  const Marker& marker = *it.look->marker;
  if (!marker.whole || marker.sync < it.fence_sync || marker.ring != fingerprint_ ||
      marker.run_id != it.look->run_id) {
    return;
  }
  it.resolved = it.fenced;
  ForgetOnAll(keys_.Missed(), MissedField(name(node), self_), std::to_string(it.resolved));
}

void Recovery::Forget(NodeId node, const std::string& hash, const std::string& field,
                      const std::string& number, absl::AnyInvocable<void()> done) {
  Send(node, redis::Command::Call(ForgetScript(), {hash}, {field, number}),
       [this, node, done = std::move(done)](const absl::StatusOr<redis::Reply>&) mutable {
         at(node).look_due = true;
         if (done) done();
       });
}

void Recovery::ForgetOnAll(const std::string& hash, const std::string& field,
                           const std::string& number) {
  for (const NodeId node : AllNodes()) {
    if (IsReady(node)) Forget(node, hash, field, number);
  }
}

// What was forgotten everywhere else while this node could not be reached.
void Recovery::ForgetSeenTo(NodeId node) {
  for (const MissedOn& missed : at(node).look->missed) {
    const std::optional<NodeId> about = Find(missed.about.node);
    if (missed.about.coordinator != self_ || !about) continue;
    const uint64_t resolved = at(*about).resolved;
    if (missed.note.number > resolved) continue;
    Forget(node, keys_.Missed(), MissedField(missed.about.node, self_), std::to_string(resolved));
  }
  for (const std::string& forsaken : at(node).look->forsaken) {
    const std::optional<NodeId> about = Find(forsaken);
    if (!about || !at(*about).look || !at(*about).look->marker) continue;
    const Marker& marker = *at(*about).look->marker;
    if (!marker.whole || marker.run_id != at(*about).look->run_id) continue;
    // Only where it was given up before it became whole.
    Forget(node, keys_.Forsaken(), forsaken, std::to_string(marker.since_ms));
  }
}

// A coordinator that gives no sign of life any more, anywhere, may have left writes half done.
void Recovery::BuryCoordinators(const Evidence& evidence, NodeId node) {
  const std::vector<uint64_t> living = LivingCoordinators(evidence);
  std::vector<uint64_t> gone;
  for (const CoordinatorSign& sign : at(node).look->coordinators) {
    const bool lives = std::find(living.begin(), living.end(), sign.coordinator) != living.end();
    if (lives) continue;
    gone.push_back(sign.coordinator);
    metrics_.coordinators_vanished.Increment();
    spdlog::warn("a server is gone without a goodbye: all nodes are swept coordinator={:016x}",
                 sign.coordinator);
    ForgetOnAll(keys_.Coordinators(), CoordinatorText(sign.coordinator), "");
  }
  if (gone.empty()) return;
  // On all nodes, so that it is counted once.
  for (Node& each : nodes_) {
    if (!each.look) continue;
    std::erase_if(each.look->coordinators, [&](const CoordinatorSign& sign) {
      return std::find(gone.begin(), gone.end(), sign.coordinator) != gone.end();
    });
  }
  DemandSweep();
}

void Recovery::Forsake(std::string forsaken, absl::AnyInvocable<void(absl::Status)> done) {
  if (said_goodbye_) return done(absl::UnavailableError("this server is stopping"));
  loop_.PostFunction([this, forsaken = std::move(forsaken), done = std::move(done)]() mutable {
    const std::optional<NodeId> node = Find(forsaken);
    if (!node) return done(absl::NotFoundError("no server of that name is on the ring"));
    if (IsReady(*node)) {
      return done(absl::FailedPreconditionError(
          "the node can be reached: it brings its data along, so there is nothing to give up"));
    }
    WriteForsaken(*node, std::move(done));
  });
}

void Recovery::WriteForsaken(NodeId node, absl::AnyInvocable<void(absl::Status)> done) {
  struct Waiting {
    size_t count = 1;
    size_t written = 0;
    absl::AnyInvocable<void(absl::Status)> done;
    void OneLess() {
      if (--count > 0) return;
      done(written > 0 ? absl::OkStatus()
                       : absl::UnavailableError("no other server could be told"));
    }
  };
  auto waiting = std::make_shared<Waiting>();  // shared by the replies
  waiting->done = std::move(done);
  for (const NodeId other : AllNodes()) {
    if (other == node || !IsReady(other)) continue;
    ++waiting->count;
    at(other).client->Send(redis::Command::Of({"HSET", keys_.Forsaken(), name(node),
                                               std::to_string(absl::ToUnixMillis(clock_.Now()))}),
                           kForsakeTimeout,
                           [this, other, waiting](const absl::StatusOr<redis::Reply>& reply) {
                             if (reply.ok() && !reply->IsError()) ++waiting->written;
                             at(other).look_due = true;
                             waiting->OneLess();
                           });
  }
  metrics_.forsaken.Increment();
  spdlog::warn("data at risk: an operator gave the node up; what only it held is lost node={}",
               name(node));
  waiting->OneLess();
}

}  // namespace kache
