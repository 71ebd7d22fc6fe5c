#include "server/redis/reply.h"

#include <algorithm>
#include <array>

namespace kache::redis {
namespace {

struct KindOfError {
  ErrorKind kind;
  std::string_view code;  // as Redis writes it
  std::string_view name;
};

constexpr std::array kKinds = {
    KindOfError{ErrorKind::kOom, "OOM", "oom"},
    KindOfError{ErrorKind::kMisconf, "MISCONF", "misconf"},
    KindOfError{ErrorKind::kReadOnly, "READONLY", "read_only"},
    KindOfError{ErrorKind::kNoPerm, "NOPERM", "no_perm"},
    KindOfError{ErrorKind::kNoReplicas, "NOREPLICAS", "no_replicas"},
    KindOfError{ErrorKind::kLoading, "LOADING", "loading"},
    KindOfError{ErrorKind::kMasterDown, "MASTERDOWN", "master_down"},
    KindOfError{ErrorKind::kNoAuth, "NOAUTH", "no_auth"},
    KindOfError{ErrorKind::kWrongPass, "WRONGPASS", "wrong_pass"},
    KindOfError{ErrorKind::kBusy, "BUSY", "busy"},
    KindOfError{ErrorKind::kNoScript, "NOSCRIPT", "no_script"},
    KindOfError{ErrorKind::kWrongType, "WRONGTYPE", "wrong_type"},
};

constexpr std::string_view kScriptFailed = "ERR Error running script";

// What a script is told whose user may not run an inner command: Redis 7.0, and 7.2 and newer.
constexpr std::array<std::string_view, 2> kScriptDenied = {
    "ERR The user executing the script can't", "ERR ACL failure in script"};

ErrorKind KindOfCode(std::string_view text) {
  const std::string_view code = text.substr(0, text.find(' '));
  for (const KindOfError& known : kKinds) {
    if (code == known.code) return known.kind;
  }
  return ErrorKind::kOther;
}

}  // namespace

ErrorKind ClassifyError(std::string_view text) {
  const bool denied = std::ranges::any_of(
      kScriptDenied, [text](std::string_view denial) { return text.starts_with(denial); });
  if (denied) return ErrorKind::kNoPerm;
  if (!text.starts_with(kScriptFailed)) return KindOfCode(text);
  // Redis 6.2: "ERR Error running script (call to f_<sha>): @user_script:1: -OOM command ...".
  // The inner error's code follows a blank and one dash or two.
  for (size_t dash = text.find(" -"); dash != text.npos; dash = text.find(" -", dash + 1)) {
    const size_t code = text.find_first_not_of('-', dash + 1);
    if (code == text.npos) break;
    const ErrorKind kind = KindOfCode(text.substr(code));
    if (kind != ErrorKind::kOther) return kind;
  }
  return ErrorKind::kOther;
}

bool IsWriteRefused(ErrorKind kind) {
  return kind == ErrorKind::kOom || kind == ErrorKind::kMisconf || kind == ErrorKind::kReadOnly ||
         kind == ErrorKind::kNoPerm || kind == ErrorKind::kNoReplicas;
}

bool IsServerUnusable(ErrorKind kind) {
  return kind == ErrorKind::kLoading || kind == ErrorKind::kMasterDown ||
         kind == ErrorKind::kNoAuth || kind == ErrorKind::kWrongPass;
}

std::string_view ErrorKindName(ErrorKind kind) {
  const auto* known =
      std::ranges::find_if(kKinds, [kind](const KindOfError& each) { return each.kind == kind; });
  return known == kKinds.end() ? "other" : known->name;
}

}  // namespace kache::redis
