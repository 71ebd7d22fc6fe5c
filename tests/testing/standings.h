// Plays the recovery for tests of what is below it: every node is found whole.
#ifndef KACHE_TESTS_TESTING_STANDINGS_H_
#define KACHE_TESTS_TESTING_STANDINGS_H_

#include <memory>
#include <string>
#include <vector>

#include "server/cluster/health_monitor.h"
#include "server/cluster/topology.h"

namespace kache::testing {

// What checking a node that is whole, and lacks nothing any more, comes to.
inline Standing WholeStanding(const NodeStatus& status) {
  Standing standing;
  standing.verdict = Standing::Verdict::kWhole;
  standing.connection_changes = status.connection_changes;
  standing.run_id = status.run_id;
  standing.resolved = status.missed;
  standing.doubt = Doubt::kNone;
  standing.clock_offset = status.clock_offset;
  standing.whole_marker = std::string("kache1 whole 0000000000000001 ").append(status.run_id);
  return standing;
}

// Checks all nodes.
inline void FindAllWhole(HealthMonitor& monitor) {
  std::vector<Standing> standings;
  for (const NodeStatus& status : monitor.topology()->nodes) {
    standings.push_back(WholeStanding(status));
  }
  monitor.SetStandings(standings);
}

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_STANDINGS_H_
