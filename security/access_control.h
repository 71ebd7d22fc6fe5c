// Who may do what, and how often: the tokens of TOKENS_FILE, and the limits on operations a second.
// One for each process; limits count what this process does.
//
//   absl::StatusOr<std::unique_ptr<AccessControl>> access = AccessControl::Start(options,
//   registry); Caller caller = (*access)->Identify("Bearer ...", Schemes::kBearer); absl::Status
//   admitted = (*access)->Admit(caller, Role::kWrite, 1, now);
//
// Without a file of tokens everybody may do everything, within the limits. With one, nobody may do
// anything but what needs no role. The file is read again when it changes; one that is wrong then
// is warned of, and the tokens known before stay.
//
// Thread-safe. No message and no log line carries a token or its hash.
#ifndef KACHE_SECURITY_ACCESS_CONTROL_H_
#define KACHE_SECURITY_ACCESS_CONTROL_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"
#include "security/bearer.h"
#include "security/file_watch.h"
#include "security/rate_limit.h"
#include "security/role.h"
#include "security/sha256.h"
#include "security/token_file.h"

namespace kache {

struct AccessOptions {
  std::string tokens_file;            // empty = no tokens are asked for
  int64_t operations_per_second = 0;  // of all callers together; 0 = no limit
  absl::Duration watch_interval = absl::Seconds(1);
};

// A token and what it has used up.
struct Account {
  explicit Account(TokenEntry token)
      : entry(std::move(token)), limit(entry.operations_per_second) {}
  const TokenEntry entry;
  mutable RateLimit limit;
};

// Whom requests come from. Follows the file of tokens: see AccessControl::IsKnown.
class Caller {
 public:
  // Nobody: may do what needs no role.
  Caller() = default;
  bool has_token() const { return account_ != nullptr; }
  // Of the token; "" without one.
  std::string_view name() const { return account_ ? account_->entry.name : std::string_view(); }

 private:
  friend class AccessControl;
  std::shared_ptr<const Account> account_;  // shared: outlives a change of the file
  uint64_t generation_ = 0;                 // of the file
  std::string_view mistake_;                // why there is no account; of static duration
};

class AccessControl {
 public:
  // INVALID_ARGUMENT when the file can't be read or is wrong. `registry` outlives it.
  static absl::StatusOr<std::unique_ptr<AccessControl>> Start(const AccessOptions& options,
                                                              prometheus::Registry& registry);

  // Tokens are asked for.
  bool asks_for_tokens() const { return !options_.tokens_file.empty(); }

  // `authorization`: the header's value; empty where there is none.
  Caller Identify(std::string_view authorization, Schemes schemes) const;

  // Whether the caller's token is still the file's. Brings the caller up to date, so that a role
  // that was changed counts at once.
  bool IsKnown(Caller& caller) const;

  // Looks at the role, then at both limits; takes `operations` from them when it is OK. 0 = the
  // limits do not matter.
  //   UNAUTHENTICATED     there is no token, or none that is known
  //   PERMISSION_DENIED   the token's role does not allow it
  //   RESOURCE_EXHAUSTED  a limit on operations a second is reached; RetryAfterOf says until when
  absl::Status Admit(const Caller& caller, Role needed, int64_t operations,
                     MonotonicTime now) const;
  // Takes further operations, of a request that was admitted before its size was known.
  void Charge(const Caller& caller, int64_t operations, MonotonicTime now) const;

 private:
  using Accounts = std::vector<std::shared_ptr<const Account>>;

  AccessControl(const AccessOptions& options, prometheus::Registry& registry);
  absl::Status Load(const FileContents& contents);
  void Reload(const FileContents& contents);
  std::shared_ptr<const Accounts> accounts() const;
  absl::Status CheckRole(const Caller& caller, Role needed) const;

  const AccessOptions options_;
  mutable RateLimit limit_;
  prometheus::Counter& unauthenticated_;
  prometheus::Counter& forbidden_;
  prometheus::Counter& over_limit_;
  prometheus::Gauge& tokens_;
  prometheus::Gauge& file_wrong_;

  mutable std::mutex mutex_;
  std::shared_ptr<const Accounts> accounts_ ABSL_GUARDED_BY(mutex_);
  std::atomic<uint64_t> generation_{0};
  FileWatch watch_;  // last: its thread uses the others
};

}  // namespace kache

#endif  // KACHE_SECURITY_ACCESS_CONTROL_H_
