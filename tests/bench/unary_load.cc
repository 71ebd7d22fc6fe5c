// A closed-loop load on Get or Put: keeps a number of calls in flight for some seconds, then prints
// one line of name=value pairs: calls, errors, throughput, latencies, and the CPU time that a
// server's process took for each call.
#include <grpcpp/create_channel.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "kache/v1/kache.grpc.pb.h"

namespace kache {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string target;
  std::string operation = "get";
  size_t in_flight = 64;
  size_t channels = 4;
  double seconds = 5;
  uint64_t keys = 10000;
  size_t value_bytes = 100;
  bool fill = false;
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

class Load {
 public:
  explicit Load(const Options& options) : options_(options), value_(options.value_bytes, 'v') {
    for (size_t i = 0; i < options.channels; ++i) {
      grpc::ChannelArguments arguments;
      arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection each
      stubs_.push_back(v1::Kache::NewStub(grpc::CreateCustomChannel(
          options.target, grpc::InsecureChannelCredentials(), arguments)));
    }
  }

  // Puts every key once.
  void Fill() {
    next_key_ = 0;
    Run(
        "put", [this] { return next_key_ < options_.keys; }, [this] { return next_key_++; });
  }

  void Measure() {
    latencies_.reserve(1 << 22);
    errors_ = 0;
    const Clock::time_point start = Clock::now();
    const Clock::time_point end = start + std::chrono::duration_cast<Clock::duration>(
                                              std::chrono::duration<double>(options_.seconds));
    const double cpu_before = CpuSeconds(options_.pid);
    std::uniform_int_distribution<uint64_t> any_key(0, options_.keys - 1);
    Run(
        options_.operation, [end] { return Clock::now() < end; }, [&] { return any_key(random_); });
    const double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
    Print(elapsed, CpuSeconds(options_.pid) - cpu_before);
  }

 private:
  struct Call {
    std::unique_ptr<grpc::ClientContext> context;
    v1::GetResponse get_response;
    v1::PutResponse put_response;
    std::unique_ptr<grpc::ClientAsyncResponseReader<v1::GetResponse>> get;
    std::unique_ptr<grpc::ClientAsyncResponseReader<v1::PutResponse>> put;
    grpc::Status status;
    Clock::time_point start;
  };

  template <class More, class NextKey>
  void Run(const std::string& operation, More more, NextKey next_key) {
    std::vector<Call> calls(options_.in_flight);
    latencies_.clear();
    size_t running = 0;
    for (size_t i = 0; i < calls.size() && more(); ++i, ++running) {
      Start(calls[i], *stubs_[i % stubs_.size()], operation, next_key());
    }
    void* tag;
    bool ok;
    while (running > 0 && queue_.Next(&tag, &ok)) {
      Call& call = *static_cast<Call*>(tag);
      latencies_.push_back(std::chrono::duration<float>(Clock::now() - call.start).count());
      if (!call.status.ok() && errors_++ == 0) {
        std::fprintf(stderr, "first error: %s\n", call.status.error_message().c_str());
      }
      if (more()) {
        const auto index = static_cast<size_t>(&call - calls.data());
        Start(call, *stubs_[index % stubs_.size()], operation, next_key());
      } else {
        --running;
      }
    }
  }

  void Start(Call& call, v1::Kache::Stub& stub, const std::string& operation, uint64_t number) {
    const std::string key = "key:" + std::to_string(number);
    call.context = std::make_unique<grpc::ClientContext>();
    call.context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
    call.start = Clock::now();
    if (operation == "get") {
      get_request_.set_key(key);
      call.get = stub.AsyncGet(call.context.get(), get_request_, &queue_);
      call.get->Finish(&call.get_response, &call.status, &call);
    } else {
      put_request_.set_key(key);
      put_request_.set_value(value_);
      call.put = stub.AsyncPut(call.context.get(), put_request_, &queue_);
      call.put->Finish(&call.put_response, &call.status, &call);
    }
  }

  void Print(double elapsed, double cpu_seconds) {
    std::sort(latencies_.begin(), latencies_.end());
    const auto count = static_cast<double>(latencies_.size());
    const auto percentile_us = [&](double part) {
      return latencies_.empty() ? 0.0 : 1e6 * latencies_[static_cast<size_t>(part * (count - 1))];
    };
    std::printf(
        "operation=%s calls=%.0f errors=%zu per_second=%.0f p50_us=%.0f p99_us=%.0f "
        "p999_us=%.0f server_cpu_us=%.2f server_cores=%.2f\n",
        options_.operation.c_str(), count, errors_, count / elapsed, percentile_us(0.5),
        percentile_us(0.99), percentile_us(0.999), 1e6 * cpu_seconds / count,
        cpu_seconds / elapsed);
  }

  const Options options_;
  const std::string value_;
  std::vector<std::unique_ptr<v1::Kache::Stub>> stubs_;
  grpc::CompletionQueue queue_;
  v1::GetRequest get_request_;
  v1::PutRequest put_request_;
  std::mt19937_64 random_{1};
  std::vector<float> latencies_;  // seconds
  size_t errors_ = 0;
  uint64_t next_key_ = 0;
};

}  // namespace
}  // namespace kache

int main(int argc, char** argv) {
  kache::Options options;
  CLI::App app("Keeps calls in flight against a server of kache.v1 and measures it.");
  app.add_option("target", options.target, "host:port")->required();
  app.add_option("operation", options.operation, "get or put")
      ->check(CLI::IsMember({"get", "put"}));
  app.add_option("--in-flight", options.in_flight, "Calls at a time (64)");
  app.add_option("--channels", options.channels, "Connections (4)");
  app.add_option("--seconds", options.seconds, "How long (5)");
  app.add_option("--keys", options.keys, "Different keys (10000)");
  app.add_option("--value-bytes", options.value_bytes, "Size of the values put (100)");
  app.add_option("--pid", options.pid, "Process whose CPU time is measured");
  app.add_flag("--fill", options.fill, "Put every key once before measuring");
  CLI11_PARSE(app, argc, argv);
  kache::Load load(options);
  if (options.fill) load.Fill();
  load.Measure();
  return 0;
}
