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
    KindOfError{ErrorKind::kNoPermForKey, "", "no_perm_for_key"},
    KindOfError{ErrorKind::kNoCommand, "", "no_command"},
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

// What a user is told who may not use a key: Redis 6.2, 7.0 (of a script's command), 7.0 and newer.
constexpr std::array<std::string_view, 3> kKeyDenied = {
    "to access one of the keys", "access at least one of the keys", "to access a key"};

// Of a command that is renamed or disabled; and of one that a script calls.
constexpr std::string_view kUnknownCommand = "ERR unknown command";
constexpr std::string_view kUnknownInScript = "Unknown Redis command called from";

// What a script is told whose user may not run an inner command: Redis 7.0, and 7.2 and newer.
constexpr std::array<std::string_view, 2> kScriptDenied = {
    "ERR The user executing the script can't", "ERR ACL failure in script"};

ErrorKind KindOfCode(std::string_view text) {
  const std::string_view code = text.substr(0, text.find(' '));
  if (code.empty()) return ErrorKind::kOther;
  for (const KindOfError& known : kKinds) {
    if (code == known.code) return known.kind;
  }
  return ErrorKind::kOther;
}

ErrorKind KindOfText(std::string_view text) {
  if (text.starts_with(kUnknownCommand)) return ErrorKind::kNoCommand;
  if (text.starts_with("ERR ") && text.find(kUnknownInScript) != text.npos) {
    return ErrorKind::kNoCommand;
  }
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

// After a blank, in parentheses; empty where Redis says it all.
std::string_view RemedyOfError(std::string_view text) {
  switch (ClassifyError(text)) {
    case ErrorKind::kNoPerm:
      return " (grant the user this command by ACL SETUSER; docs/operations.md has the whole line)";
    case ErrorKind::kNoPermForKey:
      return " (grant the user the keys below KEY_PREFIX by ACL SETUSER; docs/operations.md has "
             "the whole line)";
    case ErrorKind::kNoCommand:
      return " (the command is renamed or disabled there; Kache needs it by its own name)";
    case ErrorKind::kNoAuth:
    case ErrorKind::kWrongPass:
      return " (correct user and password in REDIS_URLS, or in their files)";
    default:
      break;
  }
  if (IsTooManyClients(text)) return " (raise maxclients there, or let fewer clients connect)";
  if (IsProtectedMode(text)) {
    return " (set a password there and in REDIS_URLS)";
  }
  return "";
}

}  // namespace

ErrorKind ClassifyError(std::string_view text) {
  const ErrorKind kind = KindOfText(text);
  if (kind != ErrorKind::kNoPerm) return kind;
  const bool of_a_key = std::ranges::any_of(
      kKeyDenied, [text](std::string_view denial) { return text.find(denial) != text.npos; });
  return of_a_key ? ErrorKind::kNoPermForKey : kind;
}

std::string_view QuotableError(std::string_view text) {
  constexpr size_t kMaxQuoted = 200;
  return text.substr(0, std::min(text.find(", with args beginning with"), kMaxQuoted));
}

std::string ErrorForPeople(std::string_view text) {
  return std::string(QuotableError(text)).append(RemedyOfError(text));
}

bool IsTooManyClients(std::string_view text) {
  return text.starts_with("ERR max number of clients");
}

bool IsProtectedMode(std::string_view text) { return text.starts_with("DENIED"); }

bool IsWriteRefused(ErrorKind kind) {
  return kind == ErrorKind::kOom || kind == ErrorKind::kMisconf || kind == ErrorKind::kReadOnly ||
         kind == ErrorKind::kNoPerm || kind == ErrorKind::kNoPermForKey ||
         kind == ErrorKind::kNoCommand || kind == ErrorKind::kNoReplicas;
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
