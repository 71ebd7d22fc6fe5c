// The values of the client library: what goes into a call of kache::Client, and what comes out.
// Plain structs; keys and values are std::string that may hold any byte.
#ifndef KACHE_CLIENT_TYPES_H_
#define KACHE_CLIENT_TYPES_H_

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace kache {

// How many of a key's home replicas take part in an operation before it is answered.
enum class Consistency {
  kOne,     // the first that is UP
  kQuorum,  // a majority of them
  kAll,     // all of them
};

// Tells which of two writes is the newer. Both numbers zero = no version.
struct Version {
  // A hybrid logical clock: milliseconds since the Unix epoch in the upper 48 bits, a counter in
  // the lower 16.
  uint64_t timestamp = 0;
  // The clock that stamped the write, in the upper 48 bits: random for every start of a server or
  // client. A hash of the content in the lower 16, so that one stamp on two contents makes two
  // versions.
  uint64_t clock = 0;

  bool IsSet() const { return timestamp != 0 || clock != 0; }
  // As REST and kachectl show it: 16 hexadecimal digits, a dash, 16 more.
  std::string ToString() const;
  static absl::StatusOr<Version> Parse(std::string_view text);
  friend auto operator<=>(const Version&, const Version&) = default;
};

// What an operation did, and where.
struct Receipt {
  // Written or read. Not set where there is no record.
  Version version;
  // Replicas that had acknowledged when the answer was sent, of those that `consistency` asks for.
  uint32_t acknowledged = 0;
  uint32_t required = 0;
  // A home replica was skipped, late or failed, or a stand-in took part.
  bool degraded = false;
  // The node that answered a read: Node.node_id of kache.proto, a hash of the node's name, which is
  // the same through every coordinator and may be 0. Not set for writes and in errors. The rpc
  // GetStatus (or `kachectl status --json`) tells the name.
  std::optional<uint32_t> node_id;
  // InfiniteFuture where the record does not expire.
  absl::Time expires_at = absl::InfiniteFuture();
};

// A zero `timeout` in any options is the client's (ClientOptions::timeout).
struct GetOptions {
  Consistency consistency = Consistency::kOne;
  // Answer nothing older than this: put the version of an earlier receipt here to read your own,
  // or somebody else's, write through any server.
  Version min_version = {};
  absl::Duration timeout = absl::ZeroDuration();
};

struct PutOptions {
  // Life of the value, in whole milliseconds (rounded up). Infinite = it does not expire.
  absl::Duration ttl = absl::InfiniteDuration();
  Consistency consistency = Consistency::kOne;
  absl::Duration timeout = absl::ZeroDuration();
};

struct DeleteOptions {
  Consistency consistency = Consistency::kOne;
  absl::Duration timeout = absl::ZeroDuration();
};

struct TouchOptions {
  Consistency consistency = Consistency::kOne;
  absl::Duration timeout = absl::ZeroDuration();
};

struct TouchResult {
  // False = a miss: there was no live value, and nothing was done.
  bool found = false;
  // Its version is newer than the value's was.
  Receipt receipt;
};

struct FillOptions {
  // Life of the value that `fill` brings; as PutOptions::ttl.
  absl::Duration ttl = absl::InfiniteDuration();
  // How long a fill may take before another caller may fill, too. A fill that takes longer, or
  // fails, keeps the others waiting for so long.
  absl::Duration lease = absl::Seconds(10);
  // How long to wait for another caller's fill. Then `fill` is called here, too, and what it brings
  // is not stored.
  absl::Duration wait = absl::Seconds(10);
  absl::Duration timeout = absl::ZeroDuration();  // of each call to a server
};

struct FilledValue {
  std::string value;
  // Other callers read it, too: it was found, or is stored now. False where something newer came
  // meanwhile, and where the cache could not be asked.
  bool is_cached = false;
};

struct GetResult {
  // Empty = a miss: never written, deleted, expired or evicted.
  std::optional<std::string> value;
  // Life that is left. Infinite where it does not expire, zero for a miss.
  absl::Duration ttl;
  Receipt receipt;
};

// One of a BatchPut.
struct PutEntry {
  std::string key;
  std::string value;
  absl::Duration ttl = absl::InfiniteDuration();
};

// What an error carries beside its code and message: of a write that fell short, what it did reach;
// of a refusal, how long the server advises to wait.
std::optional<Receipt> ReceiptOfError(const absl::Status& status);
std::optional<absl::Duration> RetryAdviceOf(const absl::Status& status);

}  // namespace kache

#endif  // KACHE_CLIENT_TYPES_H_
