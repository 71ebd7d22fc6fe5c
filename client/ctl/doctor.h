// `kachectl doctor`: judges what was seen of a deployment. Pure; seeing it is doctor_command's.
//
// Thread-safe.
#ifndef KACHE_CLIENT_CTL_DOCTOR_H_
#define KACHE_CLIENT_CTL_DOCTOR_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "kache/v1/kache.pb.h"

namespace kache::ctl {

enum class Level { kOk, kSkipped, kWarning, kFailure };

// One line of the report.
struct Finding {
  Level level = Level::kOk;
  std::string check;    // "servers", "ring", "nodes", "keys", "redis"
  std::string message;  // names what it is about
  std::string advice;   // what to do; empty for kOk
};

// One entry of KACHE_SERVERS.
struct ServerReport {
  std::string address;
  absl::Status reached;  // of GetStatus
  v1::GetStatusResponse status;
  std::string health;  // of kache.v1.Kache: "SERVING", ...; empty when not known
};

struct KeyReport {
  std::string key;
  absl::Status reached;
  v1::LocateResponse place;
};

// One Redis server, asked without Kache in between.
struct RedisReport {
  std::string address;          // "host:port", or "name (host:port)" where it has a name
  absl::Status reached;         // of AskRedis
  std::string info;             // the reply to INFO
  absl::Duration clock_offset;  // its clock less ours
  absl::Duration clock_error;   // what that may be wrong by: half the round trip
};

// PING_INTERVAL_SECONDS where it is not set.
inline constexpr absl::Duration kDefaultPingInterval = absl::Seconds(3);

struct Observations {
  std::string own_version;  // kachectl's
  std::vector<ServerReport> servers;
  std::vector<KeyReport> keys;
  std::vector<RedisReport> redis;
  absl::Duration ping_interval = kDefaultPingInterval;  // of the Kache servers
};

// In the order in which a person would read them. Never empty.
std::vector<Finding> Diagnose(const Observations& seen);

// The findings on `redis` alone (doctor_redis.cc).
void DiagnoseRedis(const std::vector<RedisReport>& redis, absl::Duration ping_interval,
                   std::vector<Finding>* findings);

bool AnyFailure(const std::vector<Finding>& findings);

}  // namespace kache::ctl

#endif  // KACHE_CLIENT_CTL_DOCTOR_H_
