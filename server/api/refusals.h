// The counter of what the server refuses for a bound that is reached, by reason. The alert
// KacheCoordinatorRefusing follows it.
#ifndef KACHE_SERVER_API_REFUSALS_H_
#define KACHE_SERVER_API_REFUSALS_H_

#include <string>

#include "prometheus/counter.h"
#include "prometheus/registry.h"

namespace kache {

// `registry` outlives the result. The same counter for the same `reason`.
inline prometheus::Counter& Refusals(prometheus::Registry& registry, const std::string& reason) {
  return prometheus::BuildCounter()
      .Name("kache_rejected_total")
      .Help("Calls and connections refused before anything was done, by reason.")
      .Register(registry)
      .Add({{"reason", reason}});
}

}  // namespace kache

#endif  // KACHE_SERVER_API_REFUSALS_H_
