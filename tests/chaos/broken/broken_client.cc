#include "tests/chaos/broken/broken_client.h"

#include <string>
#include <utility>
#include <vector>

#include "server/recovery/marker.h"
#include "server/recovery/recovery_scripts.h"
#include "server/replication/record.h"
#include "server/replication/scripts.h"
#include "tests/testing/fake_node_client.h"

namespace kache::testing {
namespace {

using redis::Command;
using redis::Reply;

// The places of the arguments of an EVALSHA of set-if-newer with one key.
constexpr size_t kKey = 3;
constexpr size_t kRecord = 4;
constexpr size_t kEnds = 5;
constexpr size_t kLatest = 7;

// The places in LookScript's and ReadWithMarker's answers.
constexpr size_t kLookRunId = 0;
constexpr size_t kLookMarker = 2;
constexpr size_t kReadWhole = 2;

// What a marker would be if nothing were wrong.
std::string Whole(const Marker& marker, const std::string& run_id) {
  return WholeMarker(marker.ring, run_id, marker.name) + std::to_string(marker.sync) + " 1 0 arcs";
}

class BrokenClient final : public redis::NodeClient {
 public:
  BrokenClient(redis::NodeClient& client, Fault fault) : client_(client), fault_(fault) {}

  bool Ready() const override { return client_.Ready(); }

  void Send(Command command, absl::Duration timeout, redis::ReplyCallback done) override {
    if (command.script() == &SetIfNewer()) command = BreakWrite(command, done);
    if (command.script() == &LookScript()) {
      done = Then(std::move(done), [this](Reply& reply) { BreakLook(reply); });
    }
    if (command.script() == &ReadWithMarker()) {
      done = Then(std::move(done), [this](Reply& reply) { BreakRead(reply); });
    }
    client_.Send(std::move(command), timeout, std::move(done));
  }

 private:
  template <class Change>
  static redis::ReplyCallback Then(redis::ReplyCallback done, Change change) {
    return [done = std::move(done), change](absl::StatusOr<Reply> reply) mutable {
      if (reply.ok()) change(*reply);
      done(std::move(reply));
    };
  }
  // A plain command answers otherwise than the script would.
  static redis::ReplyCallback Acknowledge(redis::ReplyCallback done) {
    return Then(std::move(done), [](Reply& reply) {
      if (!reply.IsError()) reply = Reply::Integer(1);
    });
  }

  Command BreakWrite(const Command& command, redis::ReplyCallback& done) {
    const std::vector<std::string> arguments = ParseWire(command.wire());
    const std::string& key = arguments[kKey];
    const std::string& record = arguments[kRecord];
    const std::string& ends = arguments[kEnds];
    switch (fault_) {
      case Fault::kSetIfNewer:
        done = Acknowledge(std::move(done));
        if (ends == "0") return Command::Of({"SET", key, record});
        return Command::Of({"SET", key, record, "PXAT", ends});
      case Fault::kTombstones:
        if (!DecodeRecord(record).record.tombstone) return command;
        done = Acknowledge(std::move(done));
        return Command::Of({"DEL", key});
      case Fault::kShortenedLife:
        return Command::Call(SetIfNewer(), {key}, {record, ends, "0", arguments[kLatest]});
      default:
        return command;
    }
  }

  void BreakLook(Reply& reply) {
    if (reply.elements.size() <= kLookMarker) return;
    const std::string& run_id = reply.elements[kLookRunId].text;
    std::string& text = reply.elements[kLookMarker].text;
    if (const auto marker = ParseMarker(text)) {
      last_ = *marker;
      const bool syncing = !marker->whole && marker->run_id == run_id;
      const bool lost = marker->run_id != run_id;
      if ((fault_ == Fault::kFence && syncing) || (fault_ == Fault::kMarker && lost)) {
        text = Whole(*marker, run_id);
      }
    } else if (fault_ == Fault::kMarker && last_) {
      text = Whole(*last_, run_id);
    }
  }

  void BreakRead(Reply& reply) const {
    const bool breaks = fault_ == Fault::kFence || fault_ == Fault::kMarker;
    if (breaks && reply.elements.size() > kReadWhole) {
      reply.elements[kReadWhole] = Reply::Integer(1);
    }
  }

  redis::NodeClient& client_;
  const Fault fault_;
  std::optional<Marker> last_;
};

}  // namespace

std::optional<Fault> ParseFault(std::string_view name) {
  if (name == "fence") return Fault::kFence;
  if (name == "marker") return Fault::kMarker;
  if (name == "set_if_newer") return Fault::kSetIfNewer;
  if (name == "tombstones") return Fault::kTombstones;
  if (name == "shortened_life") return Fault::kShortenedLife;
  return std::nullopt;
}

std::unique_ptr<redis::NodeClient> Break(redis::NodeClient& client, Fault fault) {
  return std::make_unique<BrokenClient>(client, fault);
}

}  // namespace kache::testing
