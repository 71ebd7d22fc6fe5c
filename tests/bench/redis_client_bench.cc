// CPU of one shard's thread for each pipelined GET over 4 real servers, in windows as they arise
// under load: each command is sent from the callback of an earlier one, or from a posted task.
//
//   redis_client_bench [commands] [window] [value bytes]
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "server/redis/redis_client.h"
#include "tests/testing/loop_runner.h"
#include "tests/testing/observer_log.h"
#include "tests/testing/redis_server.h"

namespace kache::redis {
namespace {

constexpr size_t kServers = 4;

double ThreadCpuMicroseconds() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  const auto micros = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return micros(usage.ru_utime) + micros(usage.ru_stime);
}

class Load {
 public:
  Load(std::vector<RedisClient*> clients, std::vector<std::string> keys, size_t commands)
      : clients_(std::move(clients)), keys_(std::move(keys)), left_(commands), waiting_(commands) {}

  void Send() {
    if (left_ == 0) return;
    --left_;
    const std::string& key = keys_[left_ % keys_.size()];
    clients_[left_ % clients_.size()]->Send(Command::Of({"GET", key}), absl::Seconds(10),
                                            [this](absl::StatusOr<Reply> reply) {
                                              if (!reply.ok() || reply->IsNil()) ++failures_;
                                              --waiting_;
                                              Send();
                                            });
  }
  bool Done() const { return waiting_ == 0; }
  size_t failures() const { return failures_; }

 private:
  const std::vector<RedisClient*> clients_;
  const std::vector<std::string> keys_;
  size_t left_;
  size_t waiting_;
  size_t failures_ = 0;
};

void Measure(size_t commands, size_t window, size_t value_bytes) {
  std::vector<std::string> keys;
  for (int i = 0; i < 1000; ++i) keys.push_back("bench:key:" + std::to_string(i));
  std::vector<std::unique_ptr<kache::testing::RedisServer>> servers;
  kache::testing::LoopRunner runner;
  kache::testing::ObserverLog log;
  std::vector<std::unique_ptr<RedisClient>> clients;
  std::vector<RedisClient*> pointers;
  for (size_t i = 0; i < kServers; ++i) {
    servers.push_back(std::make_unique<kache::testing::RedisServer>());
    clients.push_back(RedisClient::Create(runner.loop(), NodeId(static_cast<uint16_t>(i)),
                                          servers[i]->endpoint(), {}, {}, log));
    pointers.push_back(clients[i].get());
    if (!runner.RunUntil([&] { return clients[i]->Ready(); })) std::abort();
    for (const std::string& key : keys) {
      clients[i]->Send(Command::Of({"SET", key, std::string(value_bytes, 'v')}), absl::Seconds(10),
                       [](absl::StatusOr<Reply>) {});
    }
    if (!runner.RunUntil([&] { return clients[i]->counters().waiting_commands == 0; })) {
      std::abort();
    }
  }
  Load load(pointers, keys, commands);
  const double before = ThreadCpuMicroseconds();
  for (size_t i = 0; i < window; ++i) load.Send();
  const bool done = runner.RunUntil([&] { return load.Done(); }, absl::Seconds(60));
  const double cpu = ThreadCpuMicroseconds() - before;
  std::printf("%zu GETs of %zu bytes over %zu servers, %zu in flight: %.3f us of CPU each%s\n",
              commands, value_bytes, kServers, window, cpu / static_cast<double>(commands),
              done && load.failures() == 0 ? "" : " (FAILED)");
}

}  // namespace
}  // namespace kache::redis

int main(int argc, char** argv) {
  const auto number = [&](int index, size_t otherwise) {
    return argc > index ? static_cast<size_t>(std::atoll(argv[index])) : otherwise;
  };
  kache::redis::Measure(number(1, 500000), number(2, 256), number(3, 100));
}
