#include "security/token_file.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "base/strings.h"

namespace kache {
namespace {

constexpr size_t kMaxNameBytes = 64;
constexpr std::string_view kLimit = "operations_per_second=";

absl::Status Wrong(std::string_view message) { return absl::InvalidArgumentError(ToAbsl(message)); }

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameBytes &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' ||
                  c == '-';
         });
}

std::optional<int64_t> ParseLimit(std::string_view text) {
  if (!text.starts_with(kLimit)) return std::nullopt;
  text.remove_prefix(kLimit.size());
  int64_t limit = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, limit);
  if (error != std::errc() || stop != end || limit < 1 || limit > kMaxOperationsPerSecond) {
    return std::nullopt;
  }
  return limit;
}

absl::StatusOr<TokenEntry> ParseLine(std::string_view line) {
  const std::vector<absl::string_view> words =
      absl::StrSplit(ToAbsl(line), absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
  if (words.size() < 3 || words.size() > 4) {
    return Wrong("a line is NAME ROLE SHA256 [operations_per_second=N]");
  }
  TokenEntry entry;
  if (!IsName(ToStd(words[0]))) {
    return Wrong("the name must be 1 to 64 letters, digits, '.', '_' and '-'");
  }
  entry.name = std::string(words[0]);
  const std::optional<Role> role = RoleFromName(ToStd(words[1]));
  if (!role) return Wrong("the role must be read, write or admin");
  entry.role = *role;
  const std::optional<Sha256> digest = Sha256FromHex(ToStd(words[2]));
  if (!digest) return Wrong("the token must stand there as its SHA-256: 64 hex digits");
  entry.digest = *digest;
  if (words.size() == 4) {
    const std::optional<int64_t> limit = ParseLimit(ToStd(words[3]));
    if (!limit) return Wrong("after the SHA-256 may stand operations_per_second=N only");
    entry.operations_per_second = *limit;
  }
  return entry;
}

absl::Status CheckDistinct(const std::vector<TokenEntry>& earlier, const TokenEntry& entry) {
  for (const TokenEntry& other : earlier) {
    if (other.name == entry.name) return Wrong("the name stands there twice");
    if (other.digest == entry.digest) return Wrong("the token stands there twice");
  }
  return earlier.size() < kMaxTokens
             ? absl::OkStatus()
             : Wrong(Concat("more than ", kMaxTokens, " tokens are not offered"));
}

}  // namespace

absl::StatusOr<std::vector<TokenEntry>> ParseTokenFile(std::string_view text) {
  std::vector<TokenEntry> entries;
  size_t number = 0;
  for (const absl::string_view whole : absl::StrSplit(ToAbsl(text), '\n')) {
    ++number;
    const std::string_view line = Trimmed(ToStd(whole));
    if (line.empty() || line.front() == '#') continue;
    absl::StatusOr<TokenEntry> entry = ParseLine(line);
    absl::Status status = entry.ok() ? CheckDistinct(entries, *entry) : entry.status();
    if (!status.ok()) return Wrong(Concat("line ", number, ": ", ToStd(status.message())));
    entries.push_back(*std::move(entry));
  }
  if (entries.empty()) return Wrong("there is no token in it");
  return entries;
}

}  // namespace kache
