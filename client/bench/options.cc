#include "client/bench/options.h"

#include <algorithm>
#include <functional>
#include <map>
#include <sstream>

#include "CLI/CLI.hpp"
#include "base/setting_names.h"
#include "base/strings.h"
#include "base/version.h"
#include "client/server_list.h"
#include "client/units.h"

namespace kache::bench {
namespace {

constexpr char kFooter[] =
    "Workloads: a (50% get, 50% put), b (95/5), c (get), all zipfian; d (95% get, 5% insert, "
    "latest);\nf (50% get, 50% read-modify-write, zipfian); get, put, delete (uniform).\n"
    "Exit codes: 0 measured; 1 no request succeeded, or --check found wrong values; 2 wrong usage.";

constexpr size_t kDefaultBatch = 100;
constexpr size_t kDefaultMessage = 16;

const std::map<std::string, Mode> kModes = {{"unary", Mode::kUnary},
                                            {"batch", Mode::kBatch},
                                            {"pipeline", Mode::kPipeline},
                                            {"client", Mode::kClient},
                                            {"rest", Mode::kRest}};
const std::map<std::string, Distribution> kDistributions = {{"uniform", Distribution::kUniform},
                                                            {"zipfian", Distribution::kZipfian},
                                                            {"latest", Distribution::kLatest}};

// What stands on the command line and is not an option's value yet.
struct Words {
  std::string server;
  std::string gateway = "localhost:8080";
  std::optional<Distribution> distribution;
  std::string consistency;
  bool no_fill = false;
  size_t batch = 0;  // 0 = the mode's default
};

void AddDuration(CLI::App* app, const std::string& name, const std::string& what,
                 absl::Duration* target) {
  app->add_option_function<std::string>(
         name,
         [target](const std::string& text) {
           if (text == "0" || text == "0s") {
             *target = absl::ZeroDuration();
             return;
           }
           const absl::StatusOr<absl::Duration> parsed = ParseDuration(text);
           if (!parsed.ok()) throw CLI::ValidationError(std::string(parsed.status().message()));
           *target = *parsed;
         },
         what)
      ->type_name("DURATION");
}

void DeclareTarget(CLI::App* app, Options* options, Words* words) {
  app->add_option("--mode", options->mode,
                  "How requests travel: unary (default), batch, pipeline, client, rest")
      ->transform(CLI::CheckedTransformer(kModes));
  app->add_option("--server", words->server,
                  "Kache servers; default KACHE_SERVERS or localhost:50051")
      ->type_name("HOST:PORT[,...]");
  app->add_option("--gateway", words->gateway, "The gateway of --mode rest (localhost:8080)")
      ->type_name("HOST:PORT");
  app->add_option("--connections", options->connections,
                  "gRPC connections (4); in rest mode each request in flight has its own")
      ->check(CLI::Range(1, 10'000));
  app->add_option("--streams", options->streams,
                  "Pipeline streams of --mode client to each server (1); 0 = unary calls")
      ->check(CLI::Range(0, 64));
  app->add_option("--concurrency", options->concurrency, "Requests in flight (64)")
      ->check(CLI::Range(1, 100'000));
  app->add_option("--threads", options->threads, "Threads that make the load (1)")
      ->check(CLI::Range(1, 256));
  AddDuration(app, "--timeout", "Deadline of a request (1s)", &options->timeout);
  app->add_option("--consistency", words->consistency, "one (default), quorum or all")
      ->check(CLI::IsMember({"one", "quorum", "all"}));
}

void DeclareLoad(CLI::App* app, Options* options, Words* words) {
  app->add_option("--workload", options->workload_name, "The mix of operations (b)")
      ->check(CLI::IsMember({"a", "b", "c", "d", "f", "get", "put", "delete"}));
  app->add_option("--distribution", words->distribution,
                  "Of keys, in the place of the workload's: uniform, zipfian, latest")
      ->transform(CLI::CheckedTransformer(kDistributions));
  app->add_option("--keys", options->keys, "Different keys (100000)")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1'000'000'000}));
  app->add_option("--value-size", options->value_size_text,
                  "Bytes of values: 100, 10-1000, 4KiB, or with weights 100:99,1MiB:1 (100)");
  app->add_option("--key-prefix", options->key_prefix, "(kache-bench:)");
  AddDuration(app, "--ttl", "Life of what is written; 0 = for ever (1h)", &options->ttl);
  app->add_option("--batch", words->batch,
                  "Keys of a request of --mode batch (100), or of a message of pipeline (16)")
      ->check(CLI::Range(1, 100'000));
  app->add_option("--rate", options->rate,
                  "Requests a second, at fixed instants (open loop); 0 = as fast as answers come "
                  "(0)")
      ->check(CLI::NonNegativeNumber);
  AddDuration(app, "--duration", "How long to measure (10s)", &options->duration);
  AddDuration(app, "--warmup", "How long to run before that (2s)", &options->warmup);
  app->add_flag("--no-fill", words->no_fill, "Do not put every key once first");
  app->add_flag("--check", options->check, "Verify every value read, byte for byte");
  app->add_option("--seed", options->seed, "Of the random choices (1)");
  app->add_option("--pid", options->pids, "Measure the CPU time of these processes too")
      ->type_name("PID[,...]")
      ->delimiter(',');
  app->add_flag("--json", options->json, "JSON instead of text");
}

absl::Status CheckPrefix(const std::string& prefix) {
  const auto plain = [](char c) { return absl::ascii_isalnum(c) || strchr("-._:", c) != nullptr; };
  if (std::all_of(prefix.begin(), prefix.end(), plain)) return absl::OkStatus();
  return absl::InvalidArgumentError("--key-prefix: only letters, digits and - . _ : are allowed");
}

size_t BatchOf(Mode mode, size_t wanted) {
  if (mode == Mode::kBatch) return wanted > 0 ? wanted : kDefaultBatch;
  if (mode == Mode::kPipeline) return wanted > 0 ? wanted : kDefaultMessage;
  return 1;
}

absl::Status ReadServers(const Words& words, const Environment& environment, Options* options) {
  SettingsReader reader(environment);
  if (words.server.empty()) {
    options->servers = ReadServerList(reader);
  } else {
    absl::StatusOr<std::vector<std::string>> servers = ParseServerList(words.server);
    if (!servers.ok()) return servers.status();
    options->servers = *std::move(servers);
  }
  options->security = ReadChannelSecurity(reader);
  DeclareAllSettings(reader);
  return reader.Finish();
}

absl::Status Complete(const Words& words, const Environment& environment, Options* options) {
  if (absl::Status status = ReadServers(words, environment, options); !status.ok()) return status;
  if (absl::Status status = ParseHostPort(words.gateway, false, &options->gateway); !status.ok()) {
    return absl::InvalidArgumentError(Concat("--gateway: ", ToStd(status.message())));
  }
  absl::StatusOr<ValueSizes> sizes = ValueSizes::Parse(options->value_size_text);
  if (!sizes.ok()) return sizes.status();
  options->value_sizes = *std::move(sizes);
  options->mix = *FindMix(options->workload_name);
  if (words.distribution) options->mix.distribution = *words.distribution;
  options->consistency = words.consistency == "all"      ? v1::CONSISTENCY_ALL
                         : words.consistency == "quorum" ? v1::CONSISTENCY_QUORUM
                                                         : v1::CONSISTENCY_ONE;
  options->fill = !words.no_fill && options->mix.Reads();
  options->threads = std::min(options->threads, options->concurrency);
  if (options->duration == absl::ZeroDuration()) {
    return absl::InvalidArgumentError("--duration: must be positive");
  }
  if (options->mode == Mode::kRest && options->consistency > v1::CONSISTENCY_ONE) {
    return absl::InvalidArgumentError("--consistency is not offered by --mode rest");
  }
  options->batch = BatchOf(options->mode, words.batch);
  if (options->mode == Mode::kBatch &&
      options->mix.parts[static_cast<size_t>(Kind::kReadModifyWrite)] > 0) {
    return absl::InvalidArgumentError("workload f has no batches");
  }
  return CheckPrefix(options->key_prefix);
}

}  // namespace

const char* ModeName(Mode mode) {
  for (const auto& [name, named] : kModes) {
    if (named == mode) return name.c_str();
  }
  return "";
}

Parsed ParseOptions(const std::vector<std::string>& words, const Environment& environment) {
  CLI::App app("Measures Kache under load. See docs/kache-bench.md.", "kache-bench");
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("kache-bench ") + kVersion);
  Options options;
  Words more;
  DeclareTarget(&app, &options, &more);
  DeclareLoad(&app, &options, &more);
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = app.exit(error, out, err) == 0 ? kExitOk : kExitUsage;
    return {std::nullopt, code, out.str(), err.str()};
  }
  const absl::Status status = Complete(more, environment, &options);
  if (!status.ok()) {
    return {std::nullopt, kExitUsage, "", Concat("kache-bench: ", ToStd(status.message()), "\n")};
  }
  return {std::move(options), kExitOk, "", ""};
}

}  // namespace kache::bench
