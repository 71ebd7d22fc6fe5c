#include "tests/testing/redis_server.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <sstream>
#include <thread>
#include <utility>

#include "base/strings.h"
#include "tests/testing/blocking_redis.h"
#include "tests/testing/ports.h"

namespace kache::testing {
namespace {

constexpr int kTriesToStart = 5;
constexpr std::chrono::seconds kStartTimeout{20};

[[noreturn]] void GiveUp(const std::string& what) {
  std::cerr << what << std::endl;
  std::abort();
}

std::string NewDirectory() {
  std::string path = (std::filesystem::temp_directory_path() / "kache-redis-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) GiveUp("can't make a directory for redis-server");
  return path;
}

std::string FileText(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Another process may have been quicker to take the port: its answers do not count. One that asks
// for a password tells no process id, and is taken for ours.
bool IsAnswerOf(pid_t process, const std::optional<redis::Reply>& info) {
  if (!info || redis::ClassifyError(info->text) == redis::ErrorKind::kLoading) return false;
  return info->IsError() ||
         info->text.find("process_id:" + std::to_string(process) + "\r") != std::string::npos;
}

// In the child of a fork: only calls that are safe there.
[[noreturn]] void BecomeRedisServer(pid_t parent, const std::string& log,
                                    const std::vector<char*>& arguments) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);  // the parent was quicker to die
  const int fd = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(fd, STDOUT_FILENO);
  dup2(fd, STDERR_FILENO);
  execvp("redis-server", arguments.data());
  _exit(127);
}

}  // namespace

RedisServer::RedisServer(std::vector<std::string> options)
    : options_(std::move(options)), directory_(NewDirectory()) {
  Start();
}

RedisServer::~RedisServer() {
  Kill();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void RedisServer::Start() {
  for (int i = 0; i < kTriesToStart; ++i) {
    if (StartOn(port_ == 0 ? FreePort() : port_)) return;
  }
  GiveUp("redis-server does not start:\n" + FileText(directory_ + "/log"));
}

bool RedisServer::StartOn(uint16_t port) {
  std::vector<std::string> arguments = {
      "redis-server", "--port",   std::to_string(port), "--bind", "127.0.0.1", "--save", "",
      "--dir",        directory_, "--appendonly",       "no"};
  arguments.insert(arguments.end(), options_.begin(), options_.end());
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  const std::string log = directory_ + "/log";
  const pid_t parent = getpid();
  process_ = fork();
  if (process_ < 0) GiveUp("fork failed");
  if (process_ == 0) BecomeRedisServer(parent, log, pointers);
  const uint16_t earlier = std::exchange(port_, port);
  if (WaitUntilItAnswers()) return true;
  Kill();
  port_ = earlier;
  return false;
}

bool RedisServer::WaitUntilItAnswers() {
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  while (std::chrono::steady_clock::now() < deadline) {
    BlockingRedis client(port_);
    if (client.connected()) {
      if (IsAnswerOf(process_, client.Run({"INFO", "server"}))) return true;
    }
    if (waitpid(process_, nullptr, WNOHANG) == process_) {
      process_ = 0;
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

void RedisServer::Kill() {
  if (process_ <= 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = 0;
}

void RedisServer::Restart() {
  Kill();
  Start();
}

void RedisServer::Freeze() {
  kill(process_, SIGSTOP);
  waitpid(process_, nullptr, WUNTRACED);  // returns once it has truly stopped
}

void RedisServer::Thaw() { kill(process_, SIGCONT); }

void RedisServer::CloseConnections() const {
  Run({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
}

void RedisServer::CloseConnectionsNamed(std::string_view name) const {
  // One line each: id=7 addr=127.0.0.1:50312 ... name=NAME ...
  std::istringstream clients(Run({"CLIENT", "LIST", "TYPE", "normal"}).text);
  const std::string wanted = Concat(" name=", name, " ");
  std::string id;
  std::string rest;
  while (clients >> id && std::getline(clients, rest)) {
    if (rest.find(wanted) != std::string::npos) {
      Run({"CLIENT", "KILL", "ID", id.substr(std::strlen("id="))});
    }
  }
}

redis::Reply RedisServer::Run(const std::vector<std::string>& arguments) const {
  const std::optional<redis::Reply> reply = BlockingRedis(port_).Run(arguments);
  if (!reply) GiveUp("redis-server at " + address() + " does not answer to " + arguments.front());
  return *reply;
}

redis::Reply RedisServer::RunAs(const std::string& user, const std::string& password,
                                const std::vector<std::string>& arguments) const {
  BlockingRedis client(port_);
  client.Run({"AUTH", user, password});
  const std::optional<redis::Reply> reply = client.Run(arguments);
  if (!reply) GiveUp("redis-server at " + address() + " does not answer to " + arguments.front());
  return *reply;
}

}  // namespace kache::testing
