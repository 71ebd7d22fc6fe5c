// Fences over fake nodes: what is sent to these, and what is found on them.
#ifndef KACHE_TESTS_UNIT_SERVER_RECOVERY_FENCES_FIXTURE_H_
#define KACHE_TESTS_UNIT_SERVER_RECOVERY_FENCES_FIXTURE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/bookkeeping/bookkeeping_scripts.h"
#include "server/bookkeeping/ring_id.h"
#include "server/recovery/fences.h"
#include "tests/testing/captured_log.h"
#include "tests/testing/inspection_reply.h"
#include "tests/testing/recovery_fixture.h"

namespace kache {

class FencesTest : public testing::RecoveryFixture {
 protected:
  FencesTest() {
    for (size_t i = 0; i < kNodes; ++i) InspectOne(i, Found(i));
  }
  std::string MarkerText(size_t index, bool whole, uint64_t fence) {
    return std::string("kache1 ") + (whole ? "whole " : "syncing ") + RingText(ring_now_.id()) +
           " " + RunId(index) + " " + ring_->names()[index] + " " + std::to_string(fence) +
           " 1000 0 arcs";
  }
  testing::InspectionReply Found(size_t index, bool whole = true, uint64_t fence = 7) {
    testing::InspectionReply reply{.run_id = RunId(index),
                                   .now_ms = absl::ToUnixMillis(clock_.Now())};
    reply.marker = MarkerText(index, whole, fence);
    reply.members = {"a", "b", "c"};
    return reply;
  }
  // The node is inspected once more.
  void InspectOne(size_t index, const testing::InspectionReply& reply) {
    Refresh();
    inspections_.Hurry(Id(index));
    inspections_.Tick();
    for (size_t i = node(index).sent().size(); i-- > 0;) {
      if (node(index).sent()[i].script != &InspectScript()) continue;
      node(index).Answer(i, reply.ToReply());
      break;
    }
    fences_.OnInspected(Id(index));
  }
  // The commands with that script that the node was sent.
  size_t Calls(size_t index, const redis::Script& script) {
    return static_cast<size_t>(std::ranges::count_if(
        node(index).sent(),
        [&](const testing::FakeNodeClient::Sent& sent) { return sent.script == &script; }));
  }
  // Arguments after the keys of the last of them.
  std::vector<std::string> ArgumentsOf(size_t index, const redis::Script& script) {
    for (size_t i = node(index).sent().size(); i-- > 0;) {
      const std::vector<std::string>& words = node(index).sent()[i].arguments;
      if (node(index).sent()[i].script != &script) continue;
      return {words.begin() + 3 + std::stol(words[2]), words.end()};
    }
    return {};
  }
  void AnswerLast(size_t index, const redis::Script& script, absl::StatusOr<redis::Reply> reply) {
    for (size_t i = node(index).sent().size(); i-- > 0;) {
      if (node(index).sent()[i].script != &script) continue;
      return reply.ok() ? node(index).Answer(i, *std::move(reply))
                        : node(index).Fail(i, reply.status());
    }
    ADD_FAILURE() << "was not sent: " << script.name;
  }
  // All nodes, as they were inspected last.
  Evidence MakeEvidence() {
    Refresh();
    Evidence evidence;
    evidence.self = kSelf;
    evidence.fingerprint = context().fingerprint;
    evidence.ring = ring_now_.id();
    for (size_t i = 0; i < kNodes; ++i) {
      NodeEvidence each;
      each.name = ring_->names()[i];
      each.inspection = inspections_.of(Id(i));
      each.is_ready = context().is_ready(Id(i));
      each.memory_untrusted = inspections_.IsMemoryUntrusted(Id(i));
      fences_.Describe(Id(i), each);
      evidence.nodes.push_back(std::move(each));
    }
    return evidence;
  }
  void Act(size_t index, const Assessment& assessment) {
    fences_.Act(MakeEvidence(), Id(index), assessment);
  }
  NodeEvidence Described(size_t index) { return MakeEvidence().nodes[index]; }
  void Drained() {
    for (auto& done : std::exchange(drains_, {})) done();
  }

  testing::CapturedLog log_;
  RingInForce ring_now_{context().fingerprint, kNodes, std::nullopt};
  const ResyncRules rules_{ShareArcs(*ring_, 3), 3, absl::Hours(1), absl::Seconds(5),
                           absl::Minutes(10)};
  Inspections inspections_{context(), [](NodeId) { return InspectionOrder(); }, [](NodeId) {}};
  int demands_ = 0;
  Fences fences_{context(), inspections_, ring_now_, rules_, [this] { ++demands_; }};
};

}  // namespace kache

#endif  // KACHE_TESTS_UNIT_SERVER_RECOVERY_FENCES_FIXTURE_H_
