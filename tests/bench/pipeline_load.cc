// A closed-loop load on Pipeline: keeps messages of Gets in flight on some streams for some
// seconds, then prints one line of name=value pairs like unary_load's.
#include <grpcpp/create_channel.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "kache/v1/kache.grpc.pb.h"

namespace kache {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string target;
  size_t streams = 4;
  size_t messages = 4;
  size_t operations = 16;
  double seconds = 5;
  uint64_t keys = 10000;
  int pid = 0;
};

// User and system time of a process so far.
double CpuSeconds(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(text.substr(name_end + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

struct Counts {
  uint64_t answers = 0;
  uint64_t errors = 0;
  uint64_t messages = 0;
};

// One stream: for every `operations` answers, another message.
Counts Load(const Options& options, uint32_t seed, Clock::time_point end) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection each
  const auto stub = v1::Kache::NewStub(
      grpc::CreateCustomChannel(options.target, grpc::InsecureChannelCredentials(), arguments));
  grpc::ClientContext context;
  const auto stream = stub->Pipeline(&context);
  std::mt19937_64 random(seed);
  v1::PipelineRequest request;
  for (size_t i = 0; i < options.operations; ++i) request.add_operations();
  uint64_t sent = 0;
  const auto send = [&] {
    for (v1::PipelineOperation& operation : *request.mutable_operations()) {
      operation.set_id(++sent);
      operation.mutable_get()->set_key("key:" + std::to_string(random() % options.keys));
    }
    stream->Write(request);
  };
  for (size_t i = 0; i < options.messages; ++i) send();
  Counts counts;
  v1::PipelineResponse response;
  while (counts.answers < sent && stream->Read(&response)) {
    ++counts.messages;
    for (const v1::PipelineResult& result : response.results()) {
      ++counts.answers;
      if (result.has_error()) ++counts.errors;
    }
    if (Clock::now() >= end) continue;
    while (sent - counts.answers <= (options.messages - 1) * options.operations) send();
  }
  stream->WritesDone();
  while (stream->Read(&response)) {
  }
  if (!stream->Finish().ok()) ++counts.errors;
  return counts;
}

void Run(const Options& options) {
  const Clock::time_point start = Clock::now();
  const double cpu_before = CpuSeconds(options.pid);
  const Clock::time_point end = start + std::chrono::duration_cast<Clock::duration>(
                                            std::chrono::duration<double>(options.seconds));
  std::vector<Counts> all(options.streams);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < options.streams; ++i) {
    threads.emplace_back([&, i] { all[i] = Load(options, static_cast<uint32_t>(i), end); });
  }
  for (std::thread& thread : threads) thread.join();
  Counts sum;
  for (const Counts& counts : all) {
    sum.answers += counts.answers;
    sum.errors += counts.errors;
    sum.messages += counts.messages;
  }
  const double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
  const double cpu = CpuSeconds(options.pid) - cpu_before;
  const auto answers = static_cast<double>(sum.answers);
  std::printf(
      "operation=pipeline_get calls=%.0f errors=%llu per_second=%.0f results_per_message=%.1f "
      "server_cpu_us=%.2f server_cores=%.2f\n",
      answers, static_cast<unsigned long long>(sum.errors), answers / elapsed,
      answers / static_cast<double>(sum.messages), 1e6 * cpu / answers, cpu / elapsed);
}

}  // namespace
}  // namespace kache

int main(int argc, char** argv) {
  kache::Options options;
  CLI::App app("Keeps messages of Gets in flight on Pipeline streams and measures the server.");
  app.add_option("target", options.target, "host:port")->required();
  app.add_option("--streams", options.streams, "Streams, with a connection each (4)");
  app.add_option("--messages", options.messages, "Messages in flight on each stream (4)");
  app.add_option("--operations", options.operations, "Operations of each message (16)");
  app.add_option("--seconds", options.seconds, "How long (5)");
  app.add_option("--keys", options.keys, "Different keys, as unary_load fills them (10000)");
  app.add_option("--pid", options.pid, "Process whose CPU time is measured");
  CLI11_PARSE(app, argc, argv);
  kache::Run(options);
  return 0;
}
