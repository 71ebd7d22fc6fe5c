#include "base/redis_login.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "base/strings.h"

namespace kache {
namespace {

std::string NamesOf(const std::vector<RedisAddress>& servers) {
  std::string names;
  for (const RedisAddress& server : servers) {
    names.append(names.empty() ? "" : ", ").append(server.name);
  }
  return names;
}

// The values of a list of `VALUE` (for all) and `NAME=VALUE`, by server.
std::vector<std::string> ReadForEach(SettingsReader& reader, std::string_view setting,
                                     const std::vector<RedisAddress>& servers) {
  std::vector<std::string> own(servers.size());
  std::string common;
  for (const std::string& item : reader.List(setting, "")) {
    if (item.empty()) continue;  // List has told of it
    if (std::any_of(item.begin(), item.end(), absl::ascii_iscntrl)) {
      reader.AddMistake(setting, "must not hold control characters, such as the end of a line");
      continue;
    }
    const size_t equals = item.find('=');
    const auto named =
        std::find_if(servers.begin(), servers.end(), [&](const RedisAddress& server) {
          return equals != std::string::npos &&
                 server.name == std::string_view(item).substr(0, equals);
        });
    if (named != servers.end()) {
      std::string& value = own[static_cast<size_t>(named - servers.begin())];
      if (!value.empty()) {
        reader.AddMistake(setting, Concat("names the server ", named->name, " twice"));
      }
      value = item.substr(equals + 1);
      if (value.empty()) {
        reader.AddMistake(setting, Concat("says nothing for the server ", named->name));
      }
    } else if (equals != std::string::npos && item.find('/') > equals) {
      reader.AddMistake(setting, Concat("names no server of REDIS_URLS: ", item.substr(0, equals),
                                        ". Their names: ", NamesOf(servers)));
    } else if (common.empty()) {
      common = item;
    } else {
      reader.AddMistake(
          setting,
          "must hold one value for all servers at most, and NAME=VALUE for servers of "
          "REDIS_URLS");
    }
  }
  for (std::string& value : own) {
    if (value.empty()) value = common;
  }
  return own;
}

}  // namespace

void ReadRedisLogins(SettingsReader& reader, std::vector<RedisAddress>* servers) {
  const std::vector<std::string> users = ReadForEach(reader, "REDIS_USERNAME", *servers);
  const std::vector<std::string> files = ReadForEach(reader, "REDIS_PASSWORD_FILE", *servers);
  for (size_t i = 0; i < servers->size(); ++i) {
    RedisAddress& server = (*servers)[i];
    if (!server.user.empty() || !server.password.empty()) continue;
    if (!users[i].empty() && files[i].empty()) {
      reader.AddMistake("REDIS_USERNAME",
                        Concat("needs REDIS_PASSWORD_FILE for the server ", server.name));
    }
    server.user = users[i];
    server.password_file = files[i];
  }
}

}  // namespace kache
