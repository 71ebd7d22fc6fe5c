// The command line of kachectl.
//
// Thread-compatible.
#ifndef KACHE_CLIENT_CTL_ARGUMENTS_H_
#define KACHE_CLIENT_CTL_ARGUMENTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/environment.h"
#include "base/redis_url.h"
#include "kache/v1/kache.pb.h"
#include "security/channel/channel_security.h"
#include "security/tls_files.h"

namespace kache::ctl {

constexpr int kExitOk = 0;
constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;
constexpr int kExitNotFound = 3;

inline constexpr char kDeclareCoordinatorLost[] = "coordinator declare-lost";

struct Arguments {
  std::string command;  // "get", "node forsake", ...
  // For all commands:
  std::vector<std::string> servers;  // host:port, at least one
  ChannelSecurityOptions security;   // never on the command line, where `ps` shows it
  absl::Duration timeout = absl::Seconds(2);
  bool json = false;
  // For those that take them:
  v1::Consistency consistency = v1::CONSISTENCY_UNSPECIFIED;
  v1::Version min_version;
  std::string key;
  std::optional<std::string> value;  // put: given as an argument
  std::string file;                  // put: read this; get: write this. Empty = standard streams
  std::optional<absl::Duration> ttl;
  bool watch = false;
  absl::Duration interval = absl::Seconds(1);
  int64_t count = 0;  // of --watch; 0 = until interrupted
  std::vector<std::string> sample_keys;
  std::vector<RedisAddress> redis;  // from REDIS_URLS; doctor: from --redis, else from there
  TlsFiles redis_tls;               // for those with rediss://
  absl::Duration ping_interval;     // doctor: PING_INTERVAL_SECONDS
  std::string node;
  std::string coordinator;  // its id, as CoordinatorText writes it
  std::string key_prefix;   // KEY_PREFIX
  bool yes = false;         // no question is asked
};

// Either arguments to act on, or what to print (help, version, a mistake) and the exit code.
struct Parsed {
  std::optional<Arguments> arguments;
  int exit_code = kExitOk;
  std::string out;
  std::string err;
};

// `words` are the arguments without the program's name. KACHE_SERVERS, KACHE_TOKEN
// and the like are taken from `environment`, to which the file of --env-file is added.
Parsed ParseArguments(const std::vector<std::string>& words, Environment environment);

}  // namespace kache::ctl

#endif  // KACHE_CLIENT_CTL_ARGUMENTS_H_
