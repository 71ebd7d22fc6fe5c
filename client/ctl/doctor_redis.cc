// What only the Redis servers themselves can tell: memory, eviction, persistence, clocks.
#include <cstdint>
#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/strings.h"
#include "client/ctl/doctor.h"
#include "client/units.h"

namespace kache::ctl {
namespace {

constexpr absl::Duration kMaxClockSkew = absl::Seconds(1);
constexpr double kNearlyFull = 0.9;
// A node that takes its whole memory in fewer ping intervals may evict Kache's bookkeeping.
constexpr int kIntervalsOfTurnover = 3;

using Fields = std::map<std::string, std::string>;

// The lines `name:value` of INFO.
Fields ParseInfo(const std::string& info) {
  Fields fields;
  for (const auto line : absl::StrSplit(info, '\n')) {
    const std::string_view text = Trimmed(ToStd(line));
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos || text.front() == '#') continue;
    fields.emplace(text.substr(0, colon), text.substr(colon + 1));
  }
  return fields;
}

std::string Text(const Fields& fields, const std::string& name) {
  const auto found = fields.find(name);
  return found == fields.end() ? "" : found->second;
}

uint64_t Number(const Fields& fields, const std::string& name) {
  uint64_t number = 0;
  return absl::SimpleAtoi(Text(fields, name), &number) ? number : 0;
}

class RedisCheck {
 public:
  RedisCheck(const RedisReport& redis, absl::Duration ping_interval, std::vector<Finding>* findings)
      : redis_(redis),
        fields_(ParseInfo(redis.info)),
        ping_interval_(ping_interval),
        findings_(findings) {}

  void Run() {
    const size_t before = findings_->size();
    CheckRole();
    CheckMemory();
    CheckEviction();
    CheckPersistence();
    CheckReplicas();
    CheckClock();
    if (findings_->size() != before) return;
    findings_->push_back({Level::kOk, "redis",
                          Concat(redis_.address, ": version ", Text(fields_, "redis_version"), ", ",
                                 BytesText(Number(fields_, "used_memory")), " used, policy ",
                                 Text(fields_, "maxmemory_policy")),
                          ""});
  }

 private:
  void Add(Level level, std::string_view message, std::string_view advice) {
    findings_->push_back(
        {level, "redis", Concat(redis_.address, ": ", message), std::string(advice)});
  }

  void CheckRole() {
    if (Text(fields_, "role") != "master") {
      Add(Level::kFailure, "is no master", "REPLICAOF NO ONE: Kache wants independent servers.");
    }
    if (Text(fields_, "cluster_enabled") == "1") {
      Add(Level::kFailure, "runs in cluster mode", "Start it with cluster-enabled no.");
    }
  }

  void CheckMemory() {
    const uint64_t limit = Number(fields_, "maxmemory");
    const std::string policy = Text(fields_, "maxmemory_policy");
    if (limit == 0) {
      Add(Level::kWarning, "has no memory limit",
          "Set maxmemory, and maxmemory-policy allkeys-lru, or the host's memory is the limit.");
      return;
    }
    if (policy == "noeviction") {
      Add(Level::kWarning, "refuses writes when it is full (maxmemory-policy noeviction)",
          "Set maxmemory-policy allkeys-lru for a cache.");
    }
    const uint64_t used = Number(fields_, "used_memory");
    if (static_cast<double>(used) > kNearlyFull * static_cast<double>(limit)) {
      Add(Level::kWarning, Concat("uses ", BytesText(used), " of ", BytesText(limit)),
          "It evicts, or soon will: raise maxmemory, or add servers.");
    }
  }

  void CheckEviction() {
    if (Number(fields_, "maxmemory") == 0) return;
    const std::string policy = Text(fields_, "maxmemory_policy");
    if (policy == "allkeys-random") {
      Add(Level::kWarning,
          "evicts any key, Kache's bookkeeping too (maxmemory-policy allkeys-random)",
          "Set maxmemory-policy allkeys-lru: it spares what is used all the time.");
    } else if (policy.starts_with("volatile-")) {
      Add(Level::kWarning,
          Concat("evicts only keys with a ttl: marks of deleted keys go first, so these may come "
                 "back, and it refuses writes when there are none (maxmemory-policy ",
                 policy, ")"),
          "Set maxmemory-policy allkeys-lru for a cache.");
    }
    CheckTurnover(policy);
  }

  // How long it takes, at the present rate, until all that the node holds has been evicted.
  void CheckTurnover(const std::string& policy) {
    if (!policy.starts_with("allkeys-") || Number(fields_, "evicted_keys") == 0) return;
    double kib_per_second = 0;
    if (!absl::SimpleAtod(Text(fields_, "instantaneous_input_kbps"), &kib_per_second)) return;
    if (kib_per_second <= 0) return;
    const absl::Duration turnover =
        absl::Seconds(static_cast<double>(Number(fields_, "maxmemory")) / (kib_per_second * 1024));
    if (turnover >= kIntervalsOfTurnover * ping_interval_) return;
    Add(Level::kWarning,
        Concat("evicts all that it holds within ", DurationText(turnover),
               ", and is looked at every ", DurationText(ping_interval_)),
        "Raise maxmemory, or add servers: keys go before they are read, Kache's bookkeeping may "
        "go, "
        "too. A lower PING_INTERVAL_SECONDS keeps the bookkeeping.");
  }

  // INFO has the field only where min-replicas-to-write is set.
  void CheckReplicas() {
    if (Text(fields_, "min_slaves_good_slaves").empty()) return;
    Add(Level::kWarning,
        Concat("refuses writes without replicas of its own (min-replicas-to-write; it has ",
               Number(fields_, "min_slaves_good_slaves"), ")"),
        "CONFIG SET min-replicas-to-write 0, and in redis.conf: Kache keeps the copies.");
  }

  void CheckPersistence() {
    if (Text(fields_, "rdb_last_bgsave_status") == "err" ||
        Text(fields_, "aof_last_write_status") == "err") {
      Add(Level::kFailure, "cannot save to disk",
          "It will refuse writes (MISCONF): see its log, free the disk, or turn saving off.");
    }
  }

  void CheckClock() {
    const absl::Duration skew = absl::AbsDuration(redis_.clock_offset) - redis_.clock_error;
    if (skew <= kMaxClockSkew) return;
    Add(Level::kWarning,
        Concat("its clock is ", DurationText(redis_.clock_offset),
               redis_.clock_offset > absl::ZeroDuration() ? " ahead of" : " behind", " ours"),
        "Keys expire by its clock and by the Kache servers': run NTP on all hosts.");
  }

  const RedisReport& redis_;
  const Fields fields_;
  const absl::Duration ping_interval_;
  std::vector<Finding>* const findings_;
};

void CheckOneProcess(const std::vector<RedisReport>& redis, std::vector<Finding>* findings) {
  std::map<std::string, std::string> addresses;
  for (const RedisReport& report : redis) {
    const std::string run_id = Text(ParseInfo(report.info), "run_id");
    if (!report.reached.ok() || run_id.empty()) continue;
    const auto [other, is_new] = addresses.emplace(run_id, report.address);
    if (is_new) continue;
    findings->push_back({Level::kFailure, "redis",
                         Concat(other->second, " and ", report.address, " are one Redis server"),
                         "Name each Redis server once."});
  }
}

// Never names the command line, which others can read, as the place of a password.
std::string_view AdviceForRefusal(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnauthenticated:
      return "Correct user and password in REDIS_URLS, or REDIS_USERNAME and REDIS_PASSWORD_FILE, "
             "in the environment or in --env-file FILE; "
             "docs/configuration.md says what to percent-encode.";
    case absl::StatusCode::kPermissionDenied:
      return "Let this user run INFO and TIME: ACL SETUSER with +info and +time.";
    case absl::StatusCode::kInvalidArgument:
      return "Correct REDIS_TLS_CA_FILE, REDIS_TLS_CERT_FILE or REDIS_TLS_KEY_FILE.";
    case absl::StatusCode::kFailedPrecondition:
      return "See the log of that Redis server.";
    default:
      return "Is it running, and reachable from here?";
  }
}

}  // namespace

void DiagnoseRedis(const std::vector<RedisReport>& redis, absl::Duration ping_interval,
                   std::vector<Finding>* findings) {
  if (redis.empty()) {
    findings->push_back(
        {Level::kSkipped, "redis", "memory, eviction, persistence and clocks were not looked at",
         "Only Redis can tell: set REDIS_URLS as kache-server has it, in the environment or in "
         "--env-file FILE."});
    return;
  }
  for (const RedisReport& report : redis) {
    if (report.reached.ok()) {
      RedisCheck(report, ping_interval, findings).Run();
    } else {
      findings->push_back({Level::kFailure, "redis",
                           Concat(report.address, ": ", ToStd(report.reached.message())),
                           std::string(AdviceForRefusal(report.reached))});
    }
  }
  CheckOneProcess(redis, findings);
}

}  // namespace kache::ctl
