#include "security/access_control.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error_details.h"
#include "base/strings.h"
#include "spdlog/spdlog.h"

namespace kache {
namespace {

constexpr std::string_view kNoToken = "a token is needed: send it as authorization: Bearer TOKEN";
constexpr std::string_view kUnknownToken = "the token is not known";

prometheus::Gauge& AddGauge(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Counter& Refused(prometheus::Registry& registry, const char* reason) {
  return prometheus::BuildCounter()
      .Name("kache_access_refused_total")
      .Help("Requests and operations refused: no known token, a role too low, over a limit")
      .Register(registry)
      .Add({{"reason", reason}});
}

absl::Status OverLimit(std::string_view whose, absl::Duration wait) {
  absl::Status status =
      absl::ResourceExhaustedError(Concat("over the limit of operations a second of ", whose));
  SetRetryAfter(wait, &status);
  return status;
}

}  // namespace

AccessControl::AccessControl(const AccessOptions& options, prometheus::Registry& registry)
    : options_(options),
      limit_(options.operations_per_second),
      unauthenticated_(Refused(registry, "unauthenticated")),
      forbidden_(Refused(registry, "forbidden")),
      over_limit_(Refused(registry, "over_limit")),
      tokens_(AddGauge(registry, "kache_access_tokens", "Tokens that are known")),
      file_wrong_(AddGauge(registry, "kache_access_file_wrong",
                           "1 while the file of tokens is wrong and an older one counts")),
      accounts_(std::make_shared<const Accounts>()),
      watch_(options.tokens_file.empty() ? std::vector<std::string>()
                                         : std::vector<std::string>{options.tokens_file}) {}

absl::StatusOr<std::unique_ptr<AccessControl>> AccessControl::Start(
    const AccessOptions& options, prometheus::Registry& registry) {
  std::unique_ptr<AccessControl> access(new AccessControl(options, registry));
  if (!access->asks_for_tokens()) return access;
  if (absl::Status status = access->Load(access->watch_.Read()); !status.ok()) return status;
  access->watch_.Start(
      [raw = access.get()](const FileContents& contents) { raw->Reload(contents); },
      options.watch_interval);
  return access;
}

absl::Status AccessControl::Load(const FileContents& contents) {
  const absl::StatusOr<std::string>& text = contents.front();
  if (!text.ok()) return text.status();
  absl::StatusOr<std::vector<TokenEntry>> entries = ParseTokenFile(*text);
  if (!entries.ok()) {
    return absl::InvalidArgumentError(
        Concat(options_.tokens_file, ": ", ToStd(entries.status().message())));
  }
  const std::shared_ptr<const Accounts> old = accounts();
  auto accounts = std::make_shared<Accounts>();
  for (TokenEntry& entry : *entries) {
    // One that did not change keeps what it has used up.
    const auto same = std::find_if(old->begin(), old->end(), [&entry](const auto& account) {
      return account->entry == entry;
    });
    accounts->push_back(same != old->end() ? *same
                                           : std::make_shared<const Account>(std::move(entry)));
  }
  tokens_.Set(static_cast<double>(accounts->size()));
  {
    const std::lock_guard lock(mutex_);
    accounts_ = std::move(accounts);
  }
  generation_.fetch_add(1);
  return absl::OkStatus();
}

void AccessControl::Reload(const FileContents& contents) {
  const absl::Status status = Load(contents);
  file_wrong_.Set(status.ok() ? 0 : 1);
  if (status.ok()) {
    spdlog::info("tokens were read again file={} tokens={}", options_.tokens_file,
                 accounts()->size());
  } else {
    spdlog::warn("the file of tokens is wrong; those known before stay reason=\"{}\"",
                 std::string(status.message()));
  }
}

std::shared_ptr<const AccessControl::Accounts> AccessControl::accounts() const {
  const std::lock_guard lock(mutex_);
  return accounts_;
}

Caller AccessControl::Identify(std::string_view authorization, Schemes schemes) const {
  Caller caller;
  if (!asks_for_tokens()) return caller;
  const std::optional<std::string> token = TokenOf(authorization, schemes);
  caller.mistake_ = token ? kUnknownToken : kNoToken;
  if (!token) return caller;
  // Before the accounts are read: a change in between is then seen by IsKnown.
  caller.generation_ = generation_.load();
  const Sha256 digest = Sha256Of(*token);
  const std::shared_ptr<const Accounts> known = accounts();
  // All of them, whatever was found: the time tells nothing.
  for (const std::shared_ptr<const Account>& account : *known) {
    if (EqualInConstantTime(account->entry.digest, digest)) caller.account_ = account;
  }
  return caller;
}

bool AccessControl::IsKnown(Caller& caller) const {
  if (!asks_for_tokens()) return true;
  if (!caller.has_token()) return false;
  const uint64_t generation = generation_.load();
  if (caller.generation_ == generation) return true;
  caller.generation_ = generation;
  const std::shared_ptr<const Accounts> known = accounts();
  const auto found = std::find_if(known->begin(), known->end(), [&caller](const auto& account) {
    return EqualInConstantTime(account->entry.digest, caller.account_->entry.digest);
  });
  caller.account_ = found == known->end() ? nullptr : *found;
  caller.mistake_ = kUnknownToken;
  return caller.has_token();
}

absl::Status AccessControl::CheckRole(const Caller& caller, Role needed) const {
  if (!asks_for_tokens()) return absl::OkStatus();
  if (!caller.has_token()) {
    unauthenticated_.Increment();
    const std::string_view mistake = caller.mistake_.empty() ? kNoToken : caller.mistake_;
    return absl::UnauthenticatedError(ToAbsl(mistake));
  }
  if (caller.account_->entry.role < needed) {
    forbidden_.Increment();
    return absl::PermissionDeniedError(Concat("the token's role is ",
                                              RoleName(caller.account_->entry.role),
                                              "; this needs ", RoleName(needed)));
  }
  return absl::OkStatus();
}

absl::Status AccessControl::Admit(const Caller& caller, Role needed, int64_t operations,
                                  MonotonicTime now) const {
  if (needed == Role::kNone) return absl::OkStatus();
  absl::Status allowed = CheckRole(caller, needed);
  if (!allowed.ok() || operations == 0) return allowed;
  // The token's own first: what it refuses is not taken from the others.
  if (caller.has_token()) {
    const absl::Duration wait = caller.account_->limit.Take(operations, now);
    if (wait > absl::ZeroDuration()) {
      over_limit_.Increment();
      return OverLimit("this token", wait);
    }
  }
  const absl::Duration wait = limit_.Take(operations, now);
  if (wait == absl::ZeroDuration()) return absl::OkStatus();
  over_limit_.Increment();
  return OverLimit("all callers", wait);
}

void AccessControl::Charge(const Caller& caller, int64_t operations, MonotonicTime now) const {
  if (caller.has_token()) caller.account_->limit.TakeAnyway(operations, now);
  limit_.TakeAnyway(operations, now);
}

}  // namespace kache
