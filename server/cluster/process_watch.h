// Watches which Redis process each connection to one node reached, as the handshakes tell it. Pure.
//
//  * Connections that reach different processes are made anew, all of them: at once, then each
//    kRound while they differ. After a restart they then all reach the new process. The node counts
//    as kUnsettled until all connections did, or those that could be made within kRound.
//  * A process that answers a new connection although another one was reached after it proves that
//    both live (process_agreement.h). The node then counts as kSeveral.
//  * kSeveral ends when at least kConvincing handshakes in a row reached one process, and all
//    connections did. Until then the connections are made anew each kRound. A balancer that picks
//    one of two servers at random shows so many equal picks once in 128 times.
//  * The process that is left then may lack what another one took: TakeDoubt says since when.
//
// Remembers the newest kRemembered processes.
//
// Thread-compatible; HealthMonitor guards it.
#ifndef KACHE_SERVER_CLUSTER_PROCESS_WATCH_H_
#define KACHE_SERVER_CLUSTER_PROCESS_WATCH_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"
#include "server/cluster/process_agreement.h"

namespace kache {

class ProcessWatch {
 public:
  static constexpr absl::Duration kRound = absl::Seconds(2);
  static constexpr size_t kConvincing = 8;
  static constexpr size_t kRemembered = 32;

  ProcessWatch(size_t connections, MonotonicTime now);

  // A handshake has ended: the process `run_id` answered what it was asked at `asked_at`.
  void OnConnected(size_t connection, const std::string& run_id, MonotonicTime asked_at,
                   MonotonicTime now);
  void OnDown(size_t connection, MonotonicTime now);
  // To be called a few times a second.
  void Tick(MonotonicTime now);

  // Somebody else reaches another process: the connections are to be made anew.
  void RequestRound(MonotonicTime now);

  ProcessAgreement agreement() const;
  // How often all connections were to be made anew.
  uint64_t rounds() const { return rounds_; }
  // Since when the process that all agree on may lack writes that another one took. Once for each
  // time that kSeveral ended.
  std::optional<MonotonicTime> TakeDoubt();
  // The processes that the connections reach, with commas between, for people.
  std::string Reached() const;

 private:
  struct Process {
    ProcessLife life;
    std::optional<MonotonicTime> agreed_at;  // when all connections last reached it, and no other
  };

  Process* Find(const std::string& run_id);
  void NoteHandshake(const std::string& run_id, MonotonicTime asked_at, MonotonicTime now);
  void NoteAgreement(MonotonicTime now);
  bool AllReachOne() const;
  // Of the connections that are made.
  bool DoTheyDiffer() const;
  void Settle(MonotonicTime now);
  void EndIfConvinced();
  void BeginRoundIfDue(MonotonicTime now);

  const MonotonicTime started_;
  std::vector<std::string> reached_;  // by connection; empty = it is not made
  std::vector<Process> processes_;    // in the order in which they were reached last
  bool unsettled_ = false;
  bool several_ = false;
  size_t equal_handshakes_ = 0;  // the newest ones that reached the same process
  std::optional<MonotonicTime> doubt_;
  uint64_t rounds_ = 0;
  MonotonicTime next_round_;
};

}  // namespace kache

#endif  // KACHE_SERVER_CLUSTER_PROCESS_WATCH_H_
