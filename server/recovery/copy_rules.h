// The rules of all copies that a recovery makes (copier.h).
#ifndef KACHE_SERVER_RECOVERY_COPY_RULES_H_
#define KACHE_SERVER_RECOVERY_COPY_RULES_H_

#include <string_view>

#include "server/recovery/copier.h"
#include "server/recovery/recovery_context.h"
#include "spdlog/spdlog.h"

namespace kache {

// `context` outlives whoever has them.
inline CopyRules MakeCopyRules(const RecoveryContext& context) {
  return {
      context.config.tombstone_ttl,
      context.config.max_write_age,
      &context.clock,
      [&context](NodeId node) { return context.status(node).clock_offset; },
      [&context](NodeId node, std::string_view answer) {
        context.monitor.OnWriteRefused(node, answer);
      },
      context.keys.Marker(),
      [&context](NodeId source, NodeId target, uint64_t bytes) {
        context.metrics.left_out[target.index()]->Increment();
        spdlog::warn(
            "a record is beyond the limits of a node and is not copied: raise proto-max-bulk-len "
            "and client-output-buffer-limit, or write smaller values source={} node={} bytes={}",
            context.name(source), context.name(target), bytes);
      }};
}

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_COPY_RULES_H_
