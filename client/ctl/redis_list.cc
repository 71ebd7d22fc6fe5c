#include "client/ctl/redis_list.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_join.h"
#include "base/environment.h"
#include "base/redis_login.h"
#include "base/strings.h"
#include "security/password_file.h"

namespace kache::ctl {
namespace {

constexpr std::string_view kSetting = "REDIS_URLS";
constexpr std::string_view kOption = "--redis";

std::vector<RedisAddress> ReadList(SettingsReader& reader, std::string_view name) {
  std::vector<RedisAddress> result;
  const std::vector<std::string> entries = reader.List(name, "");
  for (size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].empty()) continue;  // List has told of it
    absl::StatusOr<RedisAddress> address = ParseRedisUrl(entries[i]);
    if (address.ok()) {
      result.push_back(*std::move(address));
    } else {
      reader.AddMistake(name, Concat("entry ", i + 1, ": ", ToStd(address.status().message())));
    }
  }
  return result;
}

}  // namespace

std::vector<RedisAddress> ReadRedisUrls(const Environment& environment, SettingsReader& reader) {
  if (!environment.variables().contains(kSetting)) return {};
  std::vector<RedisAddress> servers = ReadList(reader, kSetting);
  ReadRedisLogins(reader, &servers);
  std::map<std::string, std::string> passwords;  // by file: one that is a pipe can be read once
  for (RedisAddress& server : servers) {
    const std::string& file = server.password_file;
    if (file.empty()) continue;
    const auto [known, is_new] = passwords.try_emplace(file);
    if (is_new) {
      absl::StatusOr<std::string> password = PasswordIn(ReadSmallFile(file), file);
      if (!password.ok()) {
        reader.AddMistake("REDIS_PASSWORD_FILE", ToStd(password.status().message()));
        continue;
      }
      known->second = *std::move(password);
    }
    server.password = known->second;
  }
  return servers;
}

absl::StatusOr<std::vector<RedisAddress>> ParseRedisOption(const std::vector<std::string>& values) {
  // The rules of a list are the reader's, so that both lists have the same.
  const Environment option = Environment::Of({{std::string(kOption), absl::StrJoin(values, ",")}});
  SettingsReader reader(option);
  std::vector<RedisAddress> result = ReadList(reader, kOption);
  if (absl::Status mistakes = reader.Finish(); !mistakes.ok()) return mistakes;
  return result;
}

}  // namespace kache::ctl
