#include "tests/chaos/broken/broken_client.h"

#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "server/bookkeeping/bookkeeping_scripts.h"
#include "server/bookkeeping/marker.h"
#include "server/recovery/copy_scripts.h"
#include "server/replication/hint_scripts.h"
#include "server/replication/record.h"
#include "server/replication/scripts.h"
#include "server/replication/store_terms.h"
#include "tests/testing/fake_node_client.h"

namespace kache::testing {
namespace {

using redis::Command;
using redis::Reply;

// The places of the arguments of an EVALSHA of set-if-newer with one key.
constexpr size_t kKeys = 2;  // how many
constexpr size_t kKey = 3;
constexpr size_t kRecord = 4;
constexpr size_t kTerms = 5;

// The places in InspectScript's answer, and in those of ReadWithMarker and ReadWithMemory.
constexpr size_t kInspectionRunId = 0;
constexpr size_t kInspectionMarker = 2;
constexpr size_t kReadRecord = 0;
constexpr size_t kReadWhole = 2;

// The place of the number of keys in an EVALSHA; the places among InspectScript's ARGV of the fence
// that the coordinator has drained for, and of its heartbeat, of whose words it is the second.
constexpr size_t kKeyCount = 2;
constexpr size_t kDrained = 2;
constexpr size_t kHeartbeat = 6;

// FenceScript's number of keys, and the place of the mode among its ARGV.
constexpr size_t kFenceKeys = 5;
constexpr size_t kFenceMode = 3;

// KEYS as LiftScript's.
constexpr char kLiftAny[] = R"lua(
local marker = redis.call('GET', KEYS[1])
if not marker then return 0 end
redis.call('SET', KEYS[1], (string.gsub(marker, ' syncing ', ' whole ', 1)))
redis.call('DEL', KEYS[2], KEYS[3])
return 1
)lua";

// How long a replica's nil is believed.
constexpr std::chrono::milliseconds kNilStands{5};

// A version's place in a record.
constexpr size_t kVersionAt = 4;
constexpr size_t kVersionBytes = 16;
constexpr size_t kHeaderBytes = 28;
constexpr size_t kVersionsMax = 10'000;

// What a marker would be if nothing were wrong.
std::string Whole(const Marker& marker, const std::string& run_id) {
  return WholeMarker(marker.ring, run_id, marker.name) + FenceText(marker.fence) + " 1 0 arcs";
}

class BrokenClient final : public redis::NodeClient {
 public:
  BrokenClient(redis::NodeClient& client, Fault fault) : client_(client), fault_(fault) {}

  bool Ready() const override { return client_.Ready(); }
  absl::Duration Silence() const override { return client_.Silence(); }

  void Send(Command command, absl::Duration timeout, redis::ReplyCallback done) override {
    const bool writes = command.script() == &SetIfNewer() || command.script() == &SetWithHints();
    if (writes) command = BreakWrite(command, done);
    if (command.script() == &LeaveHints() && fault_ == Fault::kHints) {
      done = Acknowledge(std::move(done));
      command = Command::Of({"ECHO", "no hint is left"});
    }
    if (command.script() == &InspectScript()) {
      if (fault_ == Fault::kDrain) command = SayDrained(command);
      done = Then(std::move(done), [this](Reply& reply) { BreakInspection(reply); });
    }
    if (command.script() == &FenceScript() && fault_ == Fault::kDrain) {
      command = TakeStandingFence(command, done);
    }
    if (command.script() == &LeaseScript()) command = BreakLease(command, done);
    if (command.script() == &LiftScript() && fault_ == Fault::kLease) command = LiftAny(command);
    if (command.shares_reply() && fault_ == Fault::kNil) done = BelieveNil(command, done);
    if (command.script() == &ReadWithMarker() || command.script() == &ReadWithMemory()) {
      done = Then(std::move(done), [this](Reply& reply) { BreakRead(reply); });
    }
    const bool copies =
        command.script() == &StoreScript() || command.script() == &StoreInTimeScript();
    if (copies) command = BreakCopies(command, done);
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
    std::vector<std::string> arguments = ParseWire(command.wire());
    // The marker, and sets of hints.
    const auto further = arguments.begin() + kKey + 1;
    arguments.erase(further, further + std::stoi(arguments[kKeys]) - 1);
    const std::string& key = arguments[kKey];
    const std::string& record = arguments[kRecord];
    const StoreTerms terms = DecodeTerms(arguments[kTerms]);
    switch (fault_) {
      case Fault::kSetIfNewer:
        done = Acknowledge(std::move(done));
        if (terms.ends_ms == 0) return Command::Of({"SET", key, record});
        return Command::Of({"SET", key, record, "PXAT", std::to_string(terms.ends_ms)});
      case Fault::kTombstones:
        if (!DecodeRecord(record).record.tombstone) return command;
        done = Acknowledge(std::move(done));
        return Command::Of({"DEL", key});
      case Fault::kShortenedLife:
        return Command::Call(
            SetIfNewer(), {key},
            {record, EncodeTerms({.ends_ms = terms.ends_ms, .latest_ms = terms.latest_ms})});
      case Fault::kAcknowledgements:
        done = [done = std::move(done)](absl::StatusOr<Reply> reply) mutable {
          if (!reply.ok() || reply->IsError()) reply = Reply::Integer(kStoredReply);
          done(std::move(reply));
        };
        return command;
      case Fault::kStandIns: {
        const Record copy = DecodeRecord(record).record;
        if (!copy.stand_in || copy.tombstone || copy.expires_at_ms == 0) return command;
        return Command::Call(
            SetIfNewer(), {key},
            {record, EncodeTerms({.ends_ms = copy.expires_at_ms, .latest_ms = terms.latest_ms})});
      }
      case Fault::kHints:
        if (command.script() == &SetIfNewer()) return command;
        return Command::Call(SetIfNewer(), {key}, {record, EncodeTerms(terms)});
      case Fault::kReadRepair:
        if (!WasRead(record)) return command;  // the write itself
        done = Acknowledge(std::move(done));
        return Command::Of({"EXISTS", key});
      default:
        return command;
    }
  }

  void BreakInspection(Reply& reply) {
    if (reply.elements.size() <= kInspectionMarker) return;
    const std::string& run_id = reply.elements[kInspectionRunId].text;
    std::string& text = reply.elements[kInspectionMarker].text;
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
    if (reply.elements.size() <= kReadWhole) return;
    if (fault_ == Fault::kFence || fault_ == Fault::kMarker) {
      reply.elements[kReadWhole] = Reply::Integer(1);
    }
    if (fault_ == Fault::kReadRepair) RememberRead(reply.elements[kReadRecord].text);
  }

  // Nobody gets the lease of a sweep, and everybody that of a resync.
  Command BreakLease(const Command& command, redis::ReplyCallback& done) const {
    const bool stops_sweeps =
        fault_ == Fault::kSweep || fault_ == Fault::kDrain || fault_ == Fault::kLease;
    if (stops_sweeps && ParseWire(command.wire())[kKey].ends_with("sweep-lease")) {
      done = Then(std::move(done), [](Reply& reply) { reply = Reply::Integer(0); });
      return Command::Of({"ECHO", "somebody else sweeps"});
    }
    if (fault_ == Fault::kLease) {
      done = Then(std::move(done), [](Reply& reply) { reply = Reply::Integer(1); });
    }
    return command;
  }

  // What LiftScript does, without its conditions.
  static Command LiftAny(const Command& command) {
    const std::vector<std::string> words = ParseWire(command.wire());
    return Command::Of({"EVAL", kLiftAny, "3", words[kKey], words[kKey + 1], words[kKey + 2]});
  }

  // For whichever fence was seen last.
  Command SayDrained(const Command& command) const {
    const std::string fence = last_ ? FenceText(last_->fence) : "0";
    std::string heartbeat;
    return Changed(command, [&](std::vector<std::string_view>& arguments) {
      arguments[kDrained] = fence;
      heartbeat = std::string(arguments[kHeartbeat]);
      const size_t begin = heartbeat.find(' ') + 1;
      heartbeat.replace(begin, heartbeat.find(' ', begin) - begin, fence);
      arguments[kHeartbeat] = heartbeat;
    });
  }

  // A coordinator that missed writes raises no fence of its own: it takes the fence that stands,
  // whatever it still had on its way then.
  static Command TakeStandingFence(const Command& command, redis::ReplyCallback& done) {
    if (ParseWire(command.wire()).at(kKeyCount + 1 + kFenceKeys + kFenceMode) != "always") {
      return command;
    }
    done = Then(std::move(done), [](Reply& reply) {
      const auto marker = ParseMarker(reply.text);
      if (!marker) return;
      // Another number than the last inspection's, so that it counts as a new fence.
      const std::string number = FenceText(marker->fence);
      const FenceNumber before{static_cast<uint64_t>(marker->fence) - 1};
      reply.text.replace(reply.text.find(number), number.size(), FenceText(before));
    });
    return Changed(command, [](std::vector<std::string_view>& arguments) {
      arguments[kFenceMode] = "if_wrong";
    });
  }

  // `command`, a GET.
  static redis::ReplyCallback BelieveNil(const Command& command, redis::ReplyCallback& done) {
    return Then(std::move(done), [key = std::string(command.wire())](Reply& reply) {
      static thread_local std::map<std::string, std::chrono::steady_clock::time_point> nils;
      const auto now = std::chrono::steady_clock::now();
      if (reply.type == Reply::Type::kNil) {
        if (nils.size() >= kVersionsMax) nils.clear();
        nils[key] = now;
      } else if (const auto nil = nils.find(key); nil != nils.end()) {
        if (now - nil->second < kNilStands) reply = Reply::Nil();
      }
    });
  }

  // A call of the same script, after `change(arguments)`, those of ARGV.
  template <class Change>
  static Command Changed(const Command& command, Change change) {
    const std::vector<std::string> words = ParseWire(command.wire());
    size_t keys = 0;
    if (!absl::SimpleAtoi(words[kKeyCount], &keys)) return command;
    const auto first = words.begin() + kKeyCount + 1;
    const auto rest = first + static_cast<ptrdiff_t>(keys);
    const std::vector<std::string_view> names(first, rest);
    std::vector<std::string_view> arguments(rest, words.end());
    change(arguments);
    return Command::Call(*command.script(), names, arguments);
  }

  // What a resync or a sweep stores.
  Command BreakCopies(const Command& command, redis::ReplyCallback& done) const {
    if (fault_ == Fault::kCopies) {
      done = Then(std::move(done), [](Reply& reply) {
        if (!reply.IsError()) reply = Reply::Integer(0);
      });
      return Command::Of({"ECHO", "nothing is stored"});
    }
    if (fault_ != Fault::kCopiedExpiry) return command;
    const size_t each = command.script() == &StoreScript() ? 3 : 4;  // record, end, limit, ...
    return Changed(command, [each](std::vector<std::string_view>& arguments) {
      for (size_t i = 1; i + 2 < arguments.size(); i += each) {
        arguments[i + 1] = "0";
        arguments[i + 2] = "0";
      }
    });
  }

  // The versions that reads have shown, by all clients of this thread: a record that is written
  // afterwards is a repair.
  static std::set<std::string>& Versions() {
    static thread_local std::set<std::string> versions;
    return versions;
  }
  static void RememberRead(std::string_view record) {
    if (record.size() < kHeaderBytes) return;
    if (Versions().size() >= kVersionsMax) Versions().clear();
    Versions().emplace(record.substr(kVersionAt, kVersionBytes));
  }
  static bool WasRead(std::string_view record) {
    return Versions().contains(std::string(record.substr(kVersionAt, kVersionBytes)));
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
  if (name == "acknowledgements") return Fault::kAcknowledgements;
  if (name == "read_repair") return Fault::kReadRepair;
  if (name == "copies") return Fault::kCopies;
  if (name == "copied_expiry") return Fault::kCopiedExpiry;
  if (name == "nil") return Fault::kNil;
  if (name == "drain") return Fault::kDrain;
  if (name == "lease") return Fault::kLease;
  if (name == "sweep") return Fault::kSweep;
  if (name == "stand_ins") return Fault::kStandIns;
  if (name == "hints") return Fault::kHints;
  return std::nullopt;
}

std::unique_ptr<redis::NodeClient> Break(redis::NodeClient& client, Fault fault) {
  return std::make_unique<BrokenClient>(client, fault);
}

}  // namespace kache::testing
