#include "client/ctl/coordinator_cut.h"

#include <hiredis/hiredis.h>

#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "base/strings.h"
#include "client/ctl/redis_login.h"
#include "server/bookkeeping/coordinator_id.h"
#include "server/bookkeeping/heartbeat.h"
#include "server/bookkeeping/lost_coordinator.h"

namespace kache::ctl {
namespace {

// New connections end by themselves once they have asked whether they are let in: a few may be seen
// in between.
constexpr int kRounds = 20;
constexpr absl::Duration kPause = absl::Milliseconds(100);

std::string_view Text(const redisReply* reply) {
  if (reply->str == nullptr) return {};
  return {reply->str, static_cast<size_t>(reply->len)};
}

}  // namespace

std::string ClientField(std::string_view line, std::string_view field) {
  for (const absl::string_view part : absl::StrSplit(ToAbsl(line), ' ')) {
    if (part.size() <= field.size() || part[field.size()] != '=') continue;
    if (ToStd(part.substr(0, field.size())) == field) {
      return std::string(part.substr(field.size() + 1));
    }
  }
  return "";
}

CoordinatorCut::CoordinatorCut(std::unique_ptr<RedisConnection> connection, const KeySpace& keys,
                               uint64_t coordinator)
    : connection_(std::move(connection)), keys_(keys), coordinator_(coordinator) {}

absl::StatusOr<std::unique_ptr<CoordinatorCut>> CoordinatorCut::Open(const RedisAddress& redis,
                                                                     const TlsFiles& files,
                                                                     absl::Duration timeout,
                                                                     const KeySpace& keys,
                                                                     uint64_t coordinator) {
  auto connection = LogIn(redis, files, timeout);
  if (!connection.ok()) return connection.status();
  return std::unique_ptr<CoordinatorCut>(
      new CoordinatorCut(*std::move(connection), keys, coordinator));
}

absl::StatusOr<CoordinatorTraces> CoordinatorCut::Look() {
  const auto named = connection_->Call({"CLIENT", "SETNAME", "kachectl"});
  if (!named.ok()) return named.status();
  const absl::StatusOr<int64_t> now_ms = NowMs();
  if (!now_ms.ok()) return now_ms.status();
  const auto connections = Connections();
  if (!connections.ok()) return connections.status();
  CoordinatorTraces traces;
  traces.connections = connections->size();
  const auto heartbeats = connection_->Call({"HGETALL", keys_.Heartbeats()});
  if (!heartbeats.ok()) return heartbeats.status();
  for (size_t i = 0; i + 1 < (*heartbeats)->elements; i += 2) {
    const std::string_view id = Text((*heartbeats)->element[i]);
    const auto heartbeat = ParseHeartbeat(id, Text((*heartbeats)->element[i + 1]));
    if (!heartbeat) continue;
    if (heartbeat->coordinator == coordinator_) {
      traces.heartbeat_age = absl::Milliseconds(*now_ms - heartbeat->at_ms);
    } else {
      traces.others.emplace_back(id);
    }
  }
  const auto lost =
      connection_->Call({"HGET", keys_.LostCoordinators(), CoordinatorText(coordinator_)});
  if (!lost.ok()) return lost.status();
  const auto parsed = ParseLostCoordinator(CoordinatorText(coordinator_), Text(lost->get()));
  traces.is_lost = parsed && parsed->is_cut_off;
  return traces;
}

absl::Status CoordinatorCut::Close() { return Mark(/*is_cut_off=*/false); }

absl::Status CoordinatorCut::MarkCutOff() { return Mark(/*is_cut_off=*/true); }

absl::StatusOr<size_t> CoordinatorCut::EndConnections() {
  size_t ended = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto connections = Connections();
    if (!connections.ok()) return connections.status();
    if (connections->empty()) return ended;
    for (const std::string& id : *connections) {
      const auto killed = connection_->Call({"CLIENT", "KILL", "ID", id});
      if (!killed.ok()) return killed.status();
      ended += static_cast<size_t>((*killed)->integer);
    }
    absl::SleepFor(kPause);
  }
  return absl::FailedPreconditionError(
      "it makes new connections again and again: is it of an earlier release? Stop it there");
}

absl::StatusOr<int64_t> CoordinatorCut::NowMs() {
  const auto time = connection_->Call({"TIME"});
  if (!time.ok()) return time.status();
  int64_t seconds = 0;
  int64_t micros = 0;
  if ((*time)->elements != 2 || !absl::SimpleAtoi(ToAbsl(Text((*time)->element[0])), &seconds) ||
      !absl::SimpleAtoi(ToAbsl(Text((*time)->element[1])), &micros)) {
    return absl::UnavailableError("TIME was answered with something else");
  }
  return seconds * 1000 + micros / 1000;
}

absl::StatusOr<std::vector<std::string>> CoordinatorCut::Connections() {
  const auto list = connection_->Call({"CLIENT", "LIST", "TYPE", "normal"});
  if (!list.ok()) return list.status();
  std::vector<std::string> ids;
  for (const absl::string_view line : absl::StrSplit(ToAbsl(Text(list->get())), '\n')) {
    if (ClientField(ToStd(line), "name") != ConnectionName(coordinator_)) continue;
    ids.push_back(ClientField(ToStd(line), "id"));
  }
  return ids;
}

absl::Status CoordinatorCut::Mark(bool is_cut_off) {
  const absl::StatusOr<int64_t> now_ms = NowMs();
  if (!now_ms.ok()) return now_ms.status();
  return connection_
      ->Call({"HSET", keys_.LostCoordinators(), CoordinatorText(coordinator_),
              LostCoordinatorText({coordinator_, *now_ms, is_cut_off})})
      .status();
}

}  // namespace kache::ctl
