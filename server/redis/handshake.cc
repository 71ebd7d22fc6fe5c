#include "server/redis/handshake.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

namespace kache::redis {
namespace {

constexpr int kOldestMajor = 6;
constexpr int kOldestMinor = 2;
// Of what a server says, in messages.
constexpr size_t kQuoted = 200;
constexpr size_t kMaxWord = 64;

// The value of `field` in the text that INFO answers; empty when it is not there.
std::string_view InfoField(std::string_view info, std::string_view field) {
  while (!info.empty()) {
    std::string_view line = info.substr(0, info.find('\n'));
    info.remove_prefix(std::min(info.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > field.size() && line.starts_with(field) && line[field.size()] == ':') {
      return line.substr(field.size() + 1);
    }
  }
  return {};
}

// Markers separate words by blanks, and messages with words in them must be UTF-8.
bool IsWord(std::string_view text) {
  return text.size() <= kMaxWord &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

bool IsNewEnough(std::string_view version) {
  int major = 0;
  int minor = 0;
  const char* end = version.data() + version.size();
  const auto [dot, major_error] = std::from_chars(version.data(), end, major);
  if (major_error != std::errc() || dot == end || *dot != '.') return false;
  if (std::from_chars(dot + 1, end, minor).ec != std::errc()) return false;
  return major > kOldestMajor || (major == kOldestMajor && minor >= kOldestMinor);
}

std::string CodeOfError(std::string_view error) {
  const ErrorKind kind = ClassifyError(error);
  switch (kind) {
    case ErrorKind::kLoading:
      return "loading";
    case ErrorKind::kMasterDown:
      return "master_down";
    case ErrorKind::kNoAuth:
    case ErrorKind::kWrongPass:
      return "auth_failed";
    case ErrorKind::kBusy:
      return "unresponsive";
    case ErrorKind::kNoPerm:
    case ErrorKind::kNoPermForKey:
    case ErrorKind::kNoCommand:
      return std::string(ErrorKindName(kind));
    default:
      break;
  }
  if (IsProtectedMode(error)) return "protected_mode";
  if (IsTooManyClients(error)) return "too_many_clients";
  return "protocol_error";
}

}  // namespace

DownReason ReasonOfErrorReply(std::string_view what, std::string_view error) {
  std::string message(what);
  message.append(" was answered with an error: ").append(ErrorForPeople(error));
  return {CodeOfError(error), std::move(message)};
}

Handshake::Handshake(const Endpoint& endpoint, const std::vector<const Script*>& scripts,
                     const Introduction& introduction) {
  const std::string password =
      endpoint.password_file ? endpoint.password_file->password() : endpoint.password;
  if (!password.empty() && endpoint.user.empty()) {
    Add(Step::kAuth, "AUTH", Command::Of({"AUTH", password}));
  } else if (!password.empty()) {
    Add(Step::kAuth, "AUTH", Command::Of({"AUTH", endpoint.user, password}));
  }
  if (endpoint.database != 0) {
    const std::string database = std::to_string(endpoint.database);
    Add(Step::kSelect, "SELECT " + database, Command::Of({"SELECT", database}));
  }
  if (!introduction.name.empty()) {
    Add(Step::kName, "CLIENT SETNAME", Command::Of({"CLIENT", "SETNAME", introduction.name}));
  }
  if (!introduction.lost_question.empty()) {
    const std::vector<std::string>& question = introduction.lost_question;
    Add(Step::kLostQuestion, question.front(),
        Command::Of(std::vector<std::string_view>(question.begin(), question.end())));
  }
  Add(Step::kInfoServer, "INFO server", Command::Of({"INFO", "server"}));
  Add(Step::kInfoReplication, "INFO replication", Command::Of({"INFO", "replication"}));
  Add(Step::kInfoCluster, "INFO cluster", Command::Of({"INFO", "cluster"}));
  for (const Script* script : scripts) {
    Add(Step::kLoad, "SCRIPT LOAD", Command::Of({"SCRIPT", "LOAD", script->source}));
  }
  Add(Step::kPing, "PING", Command::Of({"PING"}));
}

void Handshake::Add(Step step, std::string name, Command command) {
  commands_.push_back(std::move(command));
  expected_.push_back({step, std::move(name)});
}

Handshake::Progress Handshake::OnReply(const Reply& reply) {
  const Expected& expected = expected_[answered_++];
  // To the connection itself, whatever was asked first.
  const bool refuses_connection =
      reply.IsError() && (IsTooManyClients(reply.text) || IsProtectedMode(reply.text));
  const bool optional = expected.step == Step::kName || expected.step == Step::kLostQuestion;
  if (optional && !refuses_connection) {
    if (reply.IsError()) {
      NoteForbidden(reply, expected.name);
    } else if (expected.step == Step::kLostQuestion && reply.integer != 0) {
      return Refuse({kCoordinatorLost, "an operator declared this coordinator lost"});
    }
    return Progress::kMore;
  }
  if (reply.IsError()) return OnError(expected, reply.text);
  switch (expected.step) {
    case Step::kInfoServer:
      return CheckServer(reply.text);
    case Step::kInfoReplication:
      return CheckReplication(reply.text);
    case Step::kInfoCluster:
      return CheckCluster(reply.text);
    case Step::kPing:
      return Progress::kReady;
    default:
      return Progress::kMore;
  }
}

Handshake::Progress Handshake::OnError(const Expected& expected, const std::string& error) {
  DownReason reason = ReasonOfErrorReply(expected.name, error);
  // A Sentinel answers so to a password, and to SELECT.
  const bool needs_no_password = expected.step == Step::kAuth && reason.code == "protocol_error";
  const bool knows_no_databases = expected.step == Step::kSelect && reason.code == "no_command";
  if (needs_no_password) reason.code = "auth_failed";
  if (needs_no_password || knows_no_databases) {
    if (!unsure_) unsure_ = std::move(reason);
    return Progress::kMore;
  }
  return Refuse(unsure_ ? *unsure_ : std::move(reason));
}

void Handshake::NoteForbidden(const Reply& reply, const std::string& what) {
  if (facts_.unnamed.empty()) facts_.unnamed = ReasonOfErrorReply(what, reply.text).message;
}

Handshake::Progress Handshake::Refuse(DownReason reason) {
  refusal_ = std::move(reason);
  return Progress::kRefused;
}

Handshake::Progress Handshake::CheckServer(std::string_view info) {
  facts_.run_id = std::string(InfoField(info, "run_id"));
  facts_.version = std::string(InfoField(info, "redis_version"));
  if (facts_.run_id.empty() || facts_.version.empty()) {
    return Refuse({"not_redis",
                   "INFO server names no run_id and redis_version: another program listens there, "
                   "or a proxy (name the Redis servers themselves in REDIS_URLS)"});
  }
  if (InfoField(info, "redis_mode") == "sentinel") {
    return Refuse({"sentinel",
                   "a Sentinel listens there (name the Redis servers themselves in REDIS_URLS, "
                   "without their replicas)"});
  }
  if (unsure_) return Refuse(*unsure_);
  if (!IsWord(facts_.run_id) || !IsWord(facts_.version)) {
    return Refuse(
        {"protocol_error",
         "INFO server names a run_id or redis_version that is not 1 to 64 printable ASCII "
         "characters without blanks"});
  }
  if (IsNewEnough(facts_.version)) return Progress::kMore;
  return Refuse({"version_too_old",
                 "Redis " + facts_.version + " is older than 6.2, the oldest version that works"});
}

Handshake::Progress Handshake::CheckReplication(std::string_view info) {
  const std::string_view role = InfoField(info, "role");
  if (role == "master") return Progress::kMore;
  return Refuse(
      {"not_a_master", "the server's role is \"" + std::string(role.substr(0, kQuoted)) +
                           "\": only a master can be used (REPLICAOF NO ONE makes it one)"});
}

Handshake::Progress Handshake::CheckCluster(std::string_view info) {
  if (InfoField(info, "cluster_enabled") != "1") return Progress::kMore;
  return Refuse({"cluster_mode",
                 "the server runs in cluster mode: only plain servers can be used "
                 "(set cluster-enabled no)"});
}

}  // namespace kache::redis
