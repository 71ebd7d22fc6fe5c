#include <algorithm>

#include "absl/time/clock.h"
#include "base/json_writer.h"
#include "base/strings.h"
#include "base/version.h"
#include "client/ctl/commands.h"
#include "client/ctl/doctor.h"
#include "client/ctl/doctor_view.h"
#include "client/ctl/redis_probe.h"
#include "client/ctl/status_view.h"
#include "client/ctl/table.h"
#include "client/ctl/terminal.h"

namespace kache::ctl {
namespace {

using Kache = v1::Kache::StubInterface;

constexpr char kService[] = "kache.v1.Kache";
constexpr char kLive[] = "live";
constexpr size_t kBarWidth = 40;
constexpr char kHomeAndClear[] = "\x1b[H\x1b[2J";

absl::Status AskStatus(Servers& servers, v1::GetStatusResponse* status) {
  return servers.Ask(&Kache::GetStatus, v1::GetStatusRequest(), status);
}

std::string StatusOutput(const Arguments& arguments, Servers& servers,
                         const v1::GetStatusResponse& status, const Console& console) {
  const std::string& by = servers.address(servers.answered_by());
  return arguments.json ? StatusJson(status, by) + "\n"
                        : StatusText(status, by, absl::Now(), console.colour);
}

// A failure is shown and outlived: --watch is for the times when servers come and go.
void WatchOnce(const Arguments& arguments, Servers& servers, const Console& console) {
  v1::GetStatusResponse status;
  const absl::Status asked = AskStatus(servers, &status);
  const bool redraw = console.is_terminal && !arguments.json;
  if (redraw) console.Print(kHomeAndClear);
  if (asked.ok()) {
    console.Print(StatusOutput(arguments, servers, status, console));
    if (!redraw && !arguments.json) console.Print("\n");
  } else {
    console.Fail(asked);
  }
  std::fflush(console.out);
}

int Watch(const Arguments& arguments, Servers& servers, const Console& console) {
  for (int64_t shown = 1;; ++shown) {
    WatchOnce(arguments, servers, console);
    if (shown == arguments.count) return kExitOk;
    absl::SleepFor(arguments.interval);
  }
}

std::string HealthText(const absl::StatusOr<std::string>& health) {
  return health.ok() ? *health : "NO_ANSWER";
}

std::vector<ServerReport> ReportServers(Servers& servers) {
  std::vector<ServerReport> reports;
  for (size_t i = 0; i < servers.size(); ++i) {
    ServerReport report;
    report.address = servers.address(i);
    report.reached = servers.AskOne(i, &Kache::GetStatus, v1::GetStatusRequest(), &report.status);
    if (report.reached.ok()) report.health = HealthText(servers.Health(i, kService));
    reports.push_back(std::move(report));
  }
  return reports;
}

KeyReport ReportKey(Servers& servers, const std::string& key) {
  KeyReport report;
  report.key = key;
  v1::LocateRequest request;
  request.set_key(key);
  report.reached = servers.Ask(&Kache::Locate, request, &report.place);
  return report;
}

RedisReport ReportRedis(const RedisAddress& redis, const Arguments& arguments) {
  RedisReport report;
  report.address = redis.address.ToString();
  if (redis.name != report.address) report.address = Concat(redis.name, " (", report.address, ")");
  absl::StatusOr<RedisAnswer> answer = AskRedis(redis, arguments.redis_tls, arguments.timeout);
  report.reached = answer.status();
  if (answer.ok()) {
    report.info = std::move(answer->info);
    report.clock_offset = answer->clock_offset;
    report.clock_error = answer->clock_error;
  }
  return report;
}

}  // namespace

int Status(const Arguments& arguments, Servers& servers, const Console& console) {
  if (arguments.watch) return Watch(arguments, servers, console);
  v1::GetStatusResponse status;
  const absl::Status asked = AskStatus(servers, &status);
  if (!asked.ok()) return console.Fail(asked);
  console.Print(StatusOutput(arguments, servers, status, console));
  return kExitOk;
}

int Ring(const Arguments& arguments, Servers& servers, const Console& console) {
  v1::GetStatusResponse status;
  const absl::Status asked = AskStatus(servers, &status);
  if (!asked.ok()) return console.Fail(asked);
  console.Print(arguments.json ? RingJson(status) + "\n"
                               : RingText(status, kBarWidth, console.colour));
  return kExitOk;
}

int Health(const Arguments& arguments, Servers& servers, const Console& console) {
  Table table({{"SERVER"}, {"KEYS"}, {"PROCESS"}});
  JsonWriter json;
  json.BeginObject().Key("servers").BeginArray();
  bool all = true;
  for (size_t i = 0; i < servers.size(); ++i) {
    const std::string keys = HealthText(servers.Health(i, kService));
    const std::string process = HealthText(servers.Health(i, kLive));
    const auto tone = [](const std::string& t) {
      return t == "SERVING" ? Tone::kGood : Tone::kBad;
    };
    all = all && keys == "SERVING";
    table.AddRow({{servers.address(i)}, {keys, tone(keys)}, {process, tone(process)}});
    json.BeginObject()
        .Member("server", servers.address(i))
        .Member("keys", keys)
        .Member("process", process)
        .EndObject();
  }
  json.EndArray().Member("healthy", all).EndObject();
  console.Print(arguments.json ? json.text() + "\n" : table.Render(console.colour));
  return all ? kExitOk : kExitFailure;
}

int Doctor(const Arguments& arguments, Servers& servers, const Console& console) {
  Observations seen;
  seen.own_version = kVersion;
  seen.servers = ReportServers(servers);
  for (const std::string& key : arguments.sample_keys) {
    seen.keys.push_back(ReportKey(servers, key));
  }
  seen.ping_interval = arguments.ping_interval;
  for (const RedisAddress& redis : arguments.redis) {
    seen.redis.push_back(ReportRedis(redis, arguments));
  }
  const std::vector<Finding> findings = Diagnose(seen);
  console.Print(arguments.json ? DoctorJson(findings) + "\n"
                               : DoctorText(findings, console.colour));
  return AnyFailure(findings) ? kExitFailure : kExitOk;
}

int ForsakeNode(const Arguments& arguments, Servers& servers, const Console& console) {
  v1::ForsakeNodeRequest request;
  request.set_name(arguments.node);
  v1::ForsakeNodeResponse response;
  const absl::Status status = servers.Ask(&Kache::ForsakeNode, request, &response);
  if (!status.ok()) return console.Fail(status);
  if (arguments.json) {
    console.PrintLine(
        JsonWriter().BeginObject().Member("forsaken", arguments.node).EndObject().text());
  } else {
    console.PrintLine(Concat("given up: ", Printable(arguments.node),
                             "; the others no longer wait for what only it may hold"));
  }
  return kExitOk;
}

}  // namespace kache::ctl
