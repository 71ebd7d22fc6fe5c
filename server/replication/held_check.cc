#include "server/replication/held_check.h"

#include <memory>
#include <utility>

#include "server/replication/read_result.h"
#include "server/replication/record.h"

namespace kache {
namespace {

// Shared by the callbacks of the nodes that were asked; the last one to go says no.
struct HeldCheck {
  HeldCheck(const Version& asked_for, absl::AnyInvocable<void(bool)> callback)
      : version(asked_for), done(std::move(callback)) {}

  const Version version;
  absl::AnyInvocable<void(bool)> done;

  void Decide(bool held) {
    if (done) std::exchange(done, nullptr)(held);
  }
  ~HeldCheck() { Decide(false); }
};

}  // namespace

void StartHeldCheck(Shard& shard, std::string_view redis_key, absl::Span<const NodeId> nodes,
                    const Version& version, absl::Duration timeout, redis::CallerId caller,
                    absl::AnyInvocable<void(bool held)> done) {
  auto check = std::make_shared<HeldCheck>(version, std::move(done));
  const redis::Command header = ReadHeader(redis_key).For(caller);
  for (const NodeId node : nodes) {
    if (shard.View(node).state == NodeState::kDown) continue;
    shard.client(node).Send(header, timeout, [check](const absl::StatusOr<redis::Reply>& reply) {
      if (!reply.ok() || reply->IsError()) return;
      const DecodedRecord decoded = DecodeRecord(reply->text);
      if (decoded.kind != RecordKind::kForeign && decoded.record.version >= check->version) {
        check->Decide(true);
      }
    });
  }
}

}  // namespace kache
