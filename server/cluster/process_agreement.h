// Whether those who reach a node by one name reach one Redis process. Pure.
//
// An address may lead to several processes: an old host that lives on after its successor took the
// name, or a balancer in front of independent servers. Such a node is not used: what is written to
// one process is missing on the other.
//
// A restart looks alike for a moment: some have reached the new process, others have not noticed
// yet that the old one is gone. The two cases differ in time. A process that has ended does not
// answer any more, so two processes that both answered after both were known lived side by side.
#ifndef KACHE_SERVER_CLUSTER_PROCESS_AGREEMENT_H_
#define KACHE_SERVER_CLUSTER_PROCESS_AGREEMENT_H_

#include <cstdint>
#include <span>
#include <string>

#include "absl/time/time.h"
#include "server/redis/node_client.h"

namespace kache {

// The reason of a node that several processes answer for, side by side.
inline constexpr char kSeveralProcesses[] = "several_processes";
// The reason of a node whose connections reach different processes, and are being made anew.
inline constexpr char kProcessChanged[] = "process_changed";

enum class ProcessAgreement : uint8_t {
  kOne,        // all reach one process
  kUnsettled,  // they reach different ones, perhaps only until all have noticed a restart
  kSeveral,    // they reach different ones that live side by side
};

// What somebody knows of a process behind a node's name. The times are of one clock, as the time
// since its epoch.
struct ProcessLife {
  std::string run_id;
  absl::Duration known_since;  // It began to live before this instant,
  absl::Duration alive_at;     // and lived at this one, or later.
};

// `margin`: by how much the clocks that the times were read from may differ.
bool LivedSideBySide(const ProcessLife& a, const ProcessLife& b, absl::Duration margin);

// `reached`: for each connection, or for each coordinator that lives, the process that it reaches
// now. For heartbeats: `known_since` is when the coordinator first reached that process, `alive_at`
// when that process last answered it, both in cluster time; `margin` is a few round trips.
ProcessAgreement JudgeProcesses(std::span<const ProcessLife> reached, absl::Duration margin);

// Why a connection that is ready is made anew.
redis::DownReason ReasonToReconnect(ProcessAgreement agreement);

}  // namespace kache

#endif  // KACHE_SERVER_CLUSTER_PROCESS_AGREEMENT_H_
