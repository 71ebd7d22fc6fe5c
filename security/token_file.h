// The file of API tokens: one a line, as the SHA-256 of the token.
//
//   # name    role   SHA-256 of the token (64 hex digits)   limit
//   web       write  9f86d081884c7d659a2feaa0c55ad015...     operations_per_second=5000
//   grafana   read   60303ae22b998861bce3b28f33eec1be...
//
// A plain hash is enough for tokens that a random generator made (256 bits): nobody can try them
// all. It would not be enough for passwords that people choose.
#ifndef KACHE_SECURITY_TOKEN_FILE_H_
#define KACHE_SECURITY_TOKEN_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "security/role.h"
#include "security/sha256.h"

namespace kache {

struct TokenEntry {
  std::string name;  // for logs and messages; distinct
  Role role = Role::kRead;
  Sha256 digest{};                    // distinct
  int64_t operations_per_second = 0;  // 0 = no limit of its own

  bool operator==(const TokenEntry&) const = default;
};

// Every request is compared with all of them.
inline constexpr size_t kMaxTokens = 256;
inline constexpr int64_t kMaxOperationsPerSecond = 1'000'000'000;

// INVALID_ARGUMENT names the first line that is wrong, and repeats nothing of it: somebody may have
// put a token there. A file without any token is wrong, too.
absl::StatusOr<std::vector<TokenEntry>> ParseTokenFile(std::string_view text);

}  // namespace kache

#endif  // KACHE_SECURITY_TOKEN_FILE_H_
