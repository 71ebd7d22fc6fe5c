#include "server/recovery/resync_resume.h"

#include <algorithm>
#include <utility>

#include "server/recovery/judge.h"

namespace kache {
namespace {

const Inspection& InspectionOf(const Evidence& evidence, NodeId node) {
  return *evidence.nodes[node.index()].inspection;
}

std::optional<ResyncCheckpoint> NotedFor(const Evidence& evidence, const ResyncPlan& plan,
                                         const ResyncSource& source) {
  return CheckpointOf(InspectionOf(evidence, plan.node), evidence.nodes[source.node.index()].name);
}

bool AreDrained(const std::vector<MissedOn>& notes, const DrainedNotes& drained) {
  return std::all_of(notes.begin(), notes.end(), [&](const MissedOn& note) {
    return IsDrained(drained, note.about.coordinator, note.note);
  });
}

// All that is read from here on brings what these notes are about. Writes of a coordinator that is
// gone have arrived, or never do.
DrainedNotes DrainedBy(const Evidence& evidence, const ResyncPlan& plan) {
  DrainedNotes drained;
  for (const Heartbeat& heartbeat : InspectionOf(evidence, plan.node).heartbeats) {
    if (heartbeat.drained != plan.fence || heartbeat.drained_note == 0) continue;
    drained[heartbeat.coordinator] = heartbeat.drained_note;
  }
  for (const MissedOn& note : NotesOfTheDead(evidence, plan.node)) {
    uint64_t& number = drained[note.about.coordinator];
    number = std::max(number, note.note.number);
  }
  return drained;
}

ResyncCheckpoint Begin(const Evidence& evidence, const ResyncPlan& plan,
                       const ResyncSource& source) {
  const ProcessMemory& memory = plan.memories[source.node.index()];
  return {.run_id = memory.run_id,
          .emptied = memory.emptied,
          .fence = memory.fence,
          .node_emptied = InspectionOf(evidence, plan.node).emptied,
          .knew_before_ms = plan.words[source.node.index()].knew_before_ms,
          .drained = DrainedBy(evidence, plan)};
}

// The source is the one that the comparison began with, has been whole since, and the node has kept
// what was brought.
bool IsUnbroken(const ResyncCheckpoint& noted, const ResyncCheckpoint& now,
                const ResyncSource& source) {
  return source.whole && !source.distrusted && noted.run_id == now.run_id &&
         noted.emptied == now.emptied && noted.fence == now.fence && noted.fence != FenceNumber{} &&
         noted.node_emptied == now.node_emptied;
}

}  // namespace

bool StandsForAll(const Evidence& evidence, const ResyncPlan& plan, const ResyncSource& source) {
  const auto noted = NotedFor(evidence, plan, source);
  const DrainedNotes drained = noted ? noted->drained : DrainedNotes();
  return AreDrained(NotesOfTheDead(evidence, plan.node), drained);
}

ResyncCheckpoint EndOf(const Evidence& evidence, const ResyncPlan& plan,
                       const ResyncSource& source) {
  if (auto noted = NotedFor(evidence, plan, source)) return *std::move(noted);
  // The release before notes none.
  ResyncCheckpoint end = Begin(evidence, plan, source);
  end.drained.clear();
  return end;
}

ResyncCheckpoint BeginOrGoOn(const Evidence& evidence, const ResyncPlan& plan,
                             const ResyncSource& source) {
  ResyncCheckpoint begin = Begin(evidence, plan, source);
  const auto noted = NotedFor(evidence, plan, source);
  const bool goes_on = noted && !plan.takes_misplaced && IsUnbroken(*noted, begin, source) &&
                       StandsForAll(evidence, plan, source);
  return goes_on ? *noted : begin;
}

void KeepWordsOfBeginning(ResyncPlan& plan) {
  for (const std::vector<ResyncSource>* sources : {&plan.sources, &plan.brought_before}) {
    for (const ResyncSource& source : *sources) {
      int64_t& knew_before_ms = plan.words[source.node.index()].knew_before_ms;
      knew_before_ms = std::min(knew_before_ms, source.checkpoint.knew_before_ms);
    }
  }
}

void BringAll(ResyncPlan& plan) {
  const std::vector<ResyncSource> more = std::exchange(plan.brought_before, {});
  plan.sources.insert(plan.sources.end(), more.begin(), more.end());
  for (ResyncSource& source : plan.sources) {
    source.keys += std::exchange(source.checkpoint.seen, 0);
    source.checkpoint.cursor = ResyncCheckpoint().cursor;
  }
}

bool HasBegunBefore(const ResyncPlan& plan) {
  return !plan.brought_before.empty() ||
         std::any_of(plan.sources.begin(), plan.sources.end(), [](const ResyncSource& source) {
           return source.checkpoint.cursor != ResyncCheckpoint().cursor;
         });
}

std::vector<MissedOn> NotesMadeUpFor(const Evidence& evidence, const ResyncPlan& plan) {
  std::vector<MissedOn> notes = NotesOfTheDead(evidence, plan.node);
  for (const std::vector<ResyncSource>* sources : {&plan.sources, &plan.brought_before}) {
    for (const ResyncSource& source : *sources) {
      std::erase_if(notes, [&](const MissedOn& note) {
        return !IsDrained(source.checkpoint.drained, note.about.coordinator, note.note);
      });
    }
  }
  return notes;
}

}  // namespace kache
