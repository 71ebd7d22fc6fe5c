#include "client/ctl/arguments.h"

#include <algorithm>
#include <functional>
#include <sstream>

#include "CLI/CLI.hpp"
#include "base/setting_names.h"
#include "base/strings.h"
#include "base/version.h"
#include "client/ctl/doctor.h"
#include "client/ctl/redis_list.h"
#include "client/ctl/terminal.h"
#include "client/server_list.h"
#include "client/units.h"
#include "client/version_text.h"
#include "security/tls_settings.h"
#include "server/bookkeeping/coordinator_id.h"

namespace kache::ctl {
namespace {

constexpr char kDoctor[] = "doctor";
// kache-server's.
constexpr char kDefaultKeyPrefix[] = "kache:";
constexpr char kFooter[] =
    "Exit codes: 0 success; 1 a failure (doctor, health: something is wrong); 2 wrong usage or "
    "settings;\n3 get: the key was not found.\n"
    "Settings: KACHE_SERVERS; KACHE_TOKEN or KACHE_TOKEN_FILE; KACHE_TLS_CA_FILE for TLS\n"
    "(docs/security.md); for doctor and declare-lost also REDIS_URLS, for its rediss:// addresses\n"
    "REDIS_TLS_CA_FILE, REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE; declare-lost: KEY_PREFIX.\n"
    "A value or key that starts with a dash stands after `--`: kachectl put -- KEY -1";

void ParseConsistency(const std::string& text, v1::Consistency* level) {
  *level = text == "all"      ? v1::CONSISTENCY_ALL
           : text == "quorum" ? v1::CONSISTENCY_QUORUM
                              : v1::CONSISTENCY_ONE;
}

// Turns a mistake into CLI11's own kind.
template <class T>
T Checked(absl::StatusOr<T> parsed) {
  if (!parsed.ok()) throw CLI::ValidationError(std::string(parsed.status().message()));
  return *std::move(parsed);
}

// Declares the options. Everything lands in `arguments`.
class CommandLine {
 public:
  CommandLine(CLI::App* app, Arguments* arguments) : app_(app), arguments_(arguments) {
    app->require_subcommand(1);
    app->fallthrough();
    app->footer(kFooter);
    app->set_version_flag("--version", std::string("kachectl ") + kVersion);
    DeclareGlobal();
    DeclareKeys();
    DeclareCluster();
    DeclareDoctor();
    DeclareNode();
    DeclareCoordinator();
  }

  const std::string& env_file() const { return env_file_; }
  const std::vector<std::string>& redis() const { return redis_; }
  bool names_servers() const { return !arguments_->servers.empty(); }

 private:
  CLI::App* Command(CLI::App* parent, const std::string& name, const std::string& what) {
    CLI::App* const command = parent->add_subcommand(name, what);
    command->fallthrough();
    const std::string full = parent == app_ ? name : parent->get_name() + " " + name;
    command->final_callback([this, full] { arguments_->command = full; });
    return command;
  }

  void DeclareGlobal() {
    app_->add_option_function<std::string>(
            "--server",
            [this](const std::string& text) {
              arguments_->servers = Checked(ParseServerList(text));
            },
            "Kache servers to ask, in this order; default KACHE_SERVERS or localhost:50051")
        ->type_name("HOST:PORT[,...]");
    AddDuration(app_, "--timeout", "How long a command may wait for answers (default 2s)",
                [this](absl::Duration d) { arguments_->timeout = d; });
    app_->add_flag("--json", arguments_->json, "JSON instead of text");
    app_->add_option("--env-file", env_file_, "Read settings from a dotenv file too")
        ->type_name("FILE");
  }

  void AddDuration(CLI::App* command, const std::string& name, const std::string& what,
                   std::function<void(absl::Duration)> set) {
    command
        ->add_option_function<std::string>(
            name, [set](const std::string& text) { set(Checked(ParseDuration(text))); }, what)
        ->type_name("DURATION");
  }

  void AddKey(CLI::App* command) {
    command->add_option("KEY", arguments_->key, "The key")->required();
  }

  void AddConsistency(CLI::App* command) {
    command
        ->add_option_function<std::string>(
            "--consistency",
            [this](const std::string& text) { ParseConsistency(text, &arguments_->consistency); },
            "Replicas that must take part: one (default), quorum or all")
        ->check(CLI::IsMember({"one", "quorum", "all"}));
  }

  void DeclareKeys() {
    CLI::App* const get = Command(app_, "get", "Print the value of a key, byte for byte");
    AddKey(get);
    AddConsistency(get);
    get->add_option_function<std::string>(
           "--min-version",
           [this](const std::string& text) {
             if (ParseVersionText(text, &arguments_->min_version)) return;
             throw CLI::ValidationError("--min-version: \"" + text +
                                        "\" is not a version, as put prints them");
           },
           "Answer nothing older than this version")
        ->type_name("VERSION");
    get->add_option("--output", arguments_->file, "Write the value to a file")->type_name("FILE");

    CLI::App* const put = Command(app_, "put", "Write a key");
    AddKey(put);
    CLI::Option* const value = put->add_option_function<std::string>(
        "VALUE", [this](const std::string& text) { arguments_->value = text; },
        "The value; without it and --file, standard input is read");
    put->add_option("--file", arguments_->file, "Read the value from a file; - = standard input")
        ->type_name("FILE")
        ->excludes(value);
    AddDuration(put, "--ttl", "Life of the value, such as 90s, 5m or 2d; default for ever",
                [this](absl::Duration d) { arguments_->ttl = d; });
    AddConsistency(put);

    CLI::App* const touch =
        Command(app_, "touch", "Give the value of a key another life, without its value");
    AddKey(touch);
    AddDuration(touch, "--ttl", "Life from now on, such as 90s, 5m or 2d; default for ever",
                [this](absl::Duration d) { arguments_->ttl = d; });
    AddConsistency(touch);

    CLI::App* const remove = Command(app_, "delete", "Remove a key; no error if it is not there");
    AddKey(remove);
    AddConsistency(remove);
    AddKey(Command(app_, "locate", "Where a key should be, and what each server really holds"));
  }

  void DeclareCluster() {
    CLI::App* const status = Command(app_, "status", "The state of every node");
    status->add_flag("--watch", arguments_->watch, "Show it again and again, until interrupted");
    AddDuration(status, "--interval", "Time between two showings of --watch (default 1s)",
                [this](absl::Duration d) { arguments_->interval = d; });
    status->add_option("--count", arguments_->count, "Showings of --watch; 0 = no end")
        ->check(CLI::NonNegativeNumber);
    Command(app_, "ring", "The share of the keys that each node has, as bars");
    Command(app_, "health", "Whether each Kache server can serve keys");
  }

  void DeclareDoctor() {
    CLI::App* const doctor =
        Command(app_, kDoctor, "Check the whole deployment, and say what to do");
    doctor
        ->add_option("--key", arguments_->sample_keys, "Compare all copies of this key; repeatable")
        ->type_name("KEY")
        ->expected(1)
        ->take_all();
    doctor
        ->add_option("--redis", redis_,
                     "Redis servers to look at directly, written as in REDIS_URLS; default\n"
                     "REDIS_URLS of the environment or of --env-file. Keep passwords there:\n"
                     "others on this machine can read a command line")
        ->type_name("URL[,...]")
        ->expected(1)
        ->take_all()
        ->allow_extra_args(false);  // else [::1] would be a list of CLI11's
  }

  void DeclareNode() {
    CLI::App* const node = app_->add_subcommand("node", "Act on one Redis server");
    node->require_subcommand(1);
    node->fallthrough();
    CLI::App* const forsake =
        Command(node, "forsake",
                "Give up a node that is lost for good, so that others need not wait for it");
    forsake->add_option("NAME", arguments_->node, "The node's name")->required();
  }

  void DeclareCoordinator() {
    CLI::App* const coordinator =
        app_->add_subcommand("coordinator", "Act on one coordinator (a kache-server process)");
    coordinator->require_subcommand(1);
    coordinator->fallthrough();
    CLI::App* const declare_lost = Command(
        coordinator, "declare-lost",
        "Cut a coordinator off from the Redis servers of REDIS_URLS, so that the others need "
        "not wait for it");
    declare_lost
        ->add_option_function<std::string>(
            "ID",
            [this](const std::string& text) {
              if (!ParseCoordinator(text)) {
                throw CLI::ValidationError(
                    "ID: a coordinator's id has 16 hexadecimal digits, as `kachectl status` shows "
                    "it where a node waits for one");
              }
              arguments_->coordinator = text;
            },
            "The coordinator's id")
        ->required();
    declare_lost->add_flag("--yes", arguments_->yes, "Do it without asking");
  }

  CLI::App* const app_;
  Arguments* const arguments_;
  std::string env_file_;
  std::vector<std::string> redis_;
};

Parsed Mistake(std::string_view message) {
  return {std::nullopt, kExitUsage, "", Concat("kachectl: ", message, "\n")};
}

// A word that may be an address with a password is not repeated.
std::string ShownWord(const std::vector<std::string>& words) {
  if (words.empty() || words.front().find('@') != std::string::npos) return "an argument";
  return Printable(words.front());
}

}  // namespace

Parsed ParseArguments(const std::vector<std::string>& words, Environment environment) {
  CLI::App app("Talks to Kache: keys, state and health. See docs/kachectl.md.", "kachectl");
  Arguments arguments;
  const CommandLine command_line(&app, &arguments);
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::RequiredError& error) {
    const std::vector<std::string> extra = app.remaining();
    if (!extra.empty()) return Mistake(Concat(ShownWord(extra), ": no such command; try --help"));
    return Mistake(Concat(error.what(), "; try --help"));
  } catch (const CLI::ExtrasError&) {
    return Mistake(Concat(ShownWord(app.remaining(true)), " was not expected; try --help"));
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = app.exit(error, out, err) == 0 ? kExitOk : kExitUsage;
    return {std::nullopt, code, out.str(), err.str()};
  }
  if (!command_line.env_file().empty()) environment.AddFile(command_line.env_file());
  SettingsReader reader(environment);
  if (!command_line.names_servers()) arguments.servers = ReadServerList(reader);
  arguments.security = ReadChannelSecurity(reader);
  arguments.redis_tls = ReadClientTls(reader, "REDIS_TLS");
  if (arguments.command == kDoctor) {
    arguments.ping_interval =
        reader.Seconds("PING_INTERVAL_SECONDS", kDefaultPingInterval, {1, 3600});
    if (command_line.redis().empty()) arguments.redis = ReadRedisUrls(environment, reader);
  }
  if (arguments.command == kDeclareCoordinatorLost) {
    arguments.redis = ReadRedisUrls(environment, reader);
    arguments.key_prefix = reader.String("KEY_PREFIX", kDefaultKeyPrefix);
    if (arguments.redis.empty()) {
      reader.AddMistake("REDIS_URLS",
                        "must be set as kache-server has it, to act on these servers");
    }
  }
  DeclareAllSettings(reader);
  if (const absl::Status mistakes = reader.Finish(); !mistakes.ok()) {
    return Mistake(Concat("wrong settings:\n", ToStd(mistakes.message())));
  }
  if (!command_line.redis().empty()) {
    absl::StatusOr<std::vector<RedisAddress>> redis = ParseRedisOption(command_line.redis());
    if (!redis.ok()) return Mistake(ToStd(redis.status().message()));
    arguments.redis = *std::move(redis);
  }
  return {std::move(arguments), kExitOk, "", ""};
}

}  // namespace kache::ctl
