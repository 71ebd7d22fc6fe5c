// Asks every node what it holds for a key: the truth beside what the ring says.
#ifndef KACHE_SERVER_REPLICATION_LOCATE_OPERATION_H_
#define KACHE_SERVER_REPLICATION_LOCATE_OPERATION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "server/replication/operation.h"
#include "server/replication/results.h"

namespace kache {

class LocateOperation final : public Operation {
 public:
  // `key` must stay alive until `done` is called.
  LocateOperation(Shard& shard, std::string_view key, uint64_t token, MonotonicTime deadline,
                  LocateCallback done);
  void Run() override;

 private:
  // Whom a read would ask first, now.
  std::optional<NodeId> FirstAsked(absl::Span<const NodeId> walk) const;
  void Ask(size_t index, const redis::Command& header, const redis::Command& size,
           absl::Duration timeout);
  void OnHeader(size_t index, absl::StatusOr<redis::Reply> reply);
  void OnSize(size_t index, absl::StatusOr<redis::Reply> reply);
  void OneLess();

  const std::string_view key_;
  const MonotonicTime deadline_;
  LocateCallback done_;
  Location location_;
  size_t waiting_ = 0;
};

}  // namespace kache

#endif  // KACHE_SERVER_REPLICATION_LOCATE_OPERATION_H_
