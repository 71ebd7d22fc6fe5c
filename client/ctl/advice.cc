#include "client/ctl/advice.h"

#include "absl/strings/match.h"
#include "base/strings.h"

namespace kache::ctl {
namespace {

struct ReasonAdvice {
  std::string_view reason;
  std::string_view advice;
};

constexpr ReasonAdvice kReasons[] = {
    {"connection_refused",
     "Nothing listens there: start the Redis server, or correct its address "
     "in REDIS_URLS."},
    {"connection_lost", "The Redis server went away: see its log, and start it again."},
    {"closed_unanswered",
     "It ends connections without an answer: a TLS port (write rediss:// in REDIS_URLS), a proxy "
     "without its Redis, or another program."},
    {"connect_timeout", "No answer to a connection: look for a firewall, or a host that is down."},
    {"tls_failed",
     "No TLS with it: see kache-server's log for why. Its certificate must be valid, for the host "
     "as REDIS_URLS writes it, and of REDIS_TLS_CA_FILE; a plain port wants redis://; and a Redis "
     "that asks for a certificate wants REDIS_TLS_CERT_FILE."},
    {"name_not_found", "The host name does not resolve: correct REDIS_URLS, or the DNS."},
    {"unresponsive",
     "Connected, but silent: a frozen process, a slow command (SLOWLOG GET), or "
     "swapping. If it never was UP, perhaps another program."},
    {"loading", "Redis is loading its data from disk: wait."},
    {"master_down", "It is a replica without its master: give Kache independent masters only."},
    {"no_auth", "Redis wants a password: redis://user:password@host:port in REDIS_URLS."},
    {"wrong_pass", "The password in REDIS_URLS is not Redis's: correct it."},
    {"auth_failed", "User and password in REDIS_URLS do not fit Redis: correct them."},
    {"protected_mode",
     "Redis serves its own host only, as it has no password (protected-mode): set a password "
     "there and in REDIS_URLS."},
    {"no_perm",
     "The Redis user may not run a command that Kache needs: ACL SETUSER, with the line of "
     "docs/operations.md (What a Redis server needs)."},
    {"no_perm_for_key",
     "The Redis user may not use the keys below KEY_PREFIX: ACL SETUSER, with the line of "
     "docs/operations.md (What a Redis server needs)."},
    {"no_command",
     "A command is renamed or disabled there (rename-command), or a proxy does not know it; "
     "kache-server's log names it. Kache needs it by its own name."},
    {"too_many_clients",
     "Redis has as many clients as maxclients allows: raise that, or let fewer clients connect."},
    {"sentinel",
     "A Sentinel listens there: name the Redis servers themselves in REDIS_URLS, without their "
     "replicas."},
    {"not_redis",
     "Another program listens there, or TLS is spoken (rediss://); kache-server's log has its "
     "answer: correct the address in REDIS_URLS. Where it is a proxy, name the Redis servers "
     "themselves."},
    {"not_a_master", "It is a replica: REPLICAOF NO ONE, or name a master in REDIS_URLS."},
    {"cluster_mode", "It runs in cluster mode: start it with cluster-enabled no."},
    {"version_too_old", "Kache needs Redis 6.2 or newer: upgrade it."},
    {"oom",
     "Redis is full and refuses writes: raise maxmemory, or set maxmemory-policy to "
     "allkeys-lru."},
    {"misconf", "Redis cannot save to disk and refuses writes: see its log; free the disk."},
    {"read_only", "It is a read-only replica: name a master in REDIS_URLS."},
    {"no_replicas",
     "Redis refuses writes, as it has fewer replicas of its own than min-replicas-to-write: set "
     "that to 0 (CONFIG SET, and redis.conf)."},
    {"write_refused", "Redis refuses writes: kache-server's log has its answer."},
    {"busy", "A script or function blocks Redis: SCRIPT KILL or FUNCTION KILL, or wait."},
    {"inspection_refused", "Redis refuses to be inspected: kache-server's log has its answer."},
    {"several_processes",
     "Several living Redis processes answer under this name: give its entry in REDIS_URLS the "
     "address of one server, not of a balancer, and stop an old server that lives on."},
    {"process_changed",
     "Its connections reached different Redis processes, as after a restart, and are made anew. "
     "Wait."},
    {"coordinator_lost",
     "An operator declared this coordinator lost, and it ends itself. A new process may take its "
     "place."},
    {"queue_full", "Redis takes commands too slowly: look at its load (SLOWLOG GET)."},
    {"protocol_error", "Redis answered in an unexpected way: kache-server's log has its answer."},
    {"no_marker",
     "It came back without its memory and is refilled from the others; takes writes, is "
     "not read. Wait."},
    {"restarted", "It was restarted and is compared with the others before it is read. Wait."},
    {"fence_lost", "It lost Kache's bookkeeping (evicted, flushed) and is compared. Wait."},
    {"renamed", "It had another name in REDIS_URLS and is given what belongs on it now. Wait."},
    {"ring_changed", "It is given what belongs on it by the new ring. Wait."},
    {"declared_lost", "An operator declared its memory lost, and it is refilled. Wait."},
    {"first_start", "It is used for the first time. Wait."},
    {"connecting", "No connection has been made yet. Wait."},
    {"slow",
     "It answers far later than the others: look at its load (SLOWLOG GET), its host and network."},
    {"foreign_cluster",
     "Another Kache cluster uses it: correct REDIS_URLS, or give each cluster a KEY_PREFIX."},
    {"missed_writes", "It is given what it missed before it is read again. Wait."},
    {"resync", "It is refilled from the others; takes writes, is not read. Wait."},
    {"checking", "It is looked at after an absence. Wait."},
    {"clock_skew",
     "Its clock is further than MAX_CLOCK_SKEW_MS from the median of all nodes' clocks, so values "
     "would end at the wrong time there: repair its host's time synchronisation."},
    {"ring_mismatch",
     "It carries the marker of another ring: give all Kache servers equal "
     "REDIS_URLS (names), VNODES_PER_NODE and REPLICATION_FACTOR; or, where the "
     "change is meant, start one with the ACCEPT_RING that its log names."},
    {"returned", "It was away and may lack what was written meanwhile; reads know. Wait."},
};

}  // namespace

std::string_view AdviceFor(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      if (absl::StrContains(status.message(), "connect")) {
        return "Is kache-server running there? Name servers by --server host:port or "
               "KACHE_SERVERS.";
      }
      return "The server could not serve this: `kachectl status` shows its nodes. Try again.";
    case absl::StatusCode::kDeadlineExceeded:
      return "No answer in time; a write may have been applied. A longer --timeout, or `kachectl "
             "doctor`, may tell more.";
    case absl::StatusCode::kResourceExhausted:
      return "A limit of the server is reached; nothing was done. Wait, then try again.";
    case absl::StatusCode::kAborted:
      return "Fewer replicas than asked for took part; `kachectl locate` shows what each holds.";
    case absl::StatusCode::kUnimplemented:
      return "This server's release does not offer that; `kachectl status` shows its version.";
    case absl::StatusCode::kUnauthenticated:
      return "The server asks for a token: set KACHE_TOKEN, or KACHE_TOKEN_FILE to a file with it.";
    case absl::StatusCode::kPermissionDenied:
      return "The token may not do this: another one, of a higher role, is needed.";
    default:
      return "";
  }
}

std::string_view AdviceForReason(std::string_view reason) {
  if (reason.starts_with("first_start_waits_for:")) {
    return "Nothing is served until the node that it names can be asked, for that may hold the "
           "data: start it, or, where its data may be lost, kachectl node forsake NAME.";
  }
  if (reason.starts_with("duplicate_of:")) {
    return "Two entries of REDIS_URLS reach one Redis server: remove one.";
  }
  for (const ReasonAdvice& entry : kReasons) {
    if (entry.reason == reason) return entry.advice;
  }
  return "See kache-server's log, and docs/operations.md for the reason.";
}

}  // namespace kache::ctl
