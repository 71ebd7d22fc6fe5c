// What a lookup costs: a preference list of 3 for random tokens and for hashed keys.
//
//   build/release/tests/ring_bench --benchmark_repetitions=5 --benchmark_report_aggregates_only
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "ring/hash_ring.h"

namespace kache {
namespace {

constexpr size_t kTokens = 1 << 16;  // a power of two; enough that no cache learns them

HashRing RingOf(int64_t nodes, int64_t vnodes_per_node) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < nodes; ++i) names.push_back(absl::StrCat("cache-", i));
  return HashRing(std::move(names), static_cast<uint32_t>(vnodes_per_node));
}

std::vector<uint64_t> RandomTokens() {
  std::mt19937_64 random(1);
  std::vector<uint64_t> tokens(kTokens);
  for (uint64_t& token : tokens) token = random();
  return tokens;
}

void BM_PreferenceOf3(benchmark::State& state) {
  const HashRing ring = RingOf(state.range(0), state.range(1));
  const std::vector<uint64_t> tokens = RandomTokens();
  size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(ring.Preference(tokens[next++ % kTokens], 3));
  }
}
BENCHMARK(BM_PreferenceOf3)
    ->ArgNames({"nodes", "vnodes"})
    ->Args({4, 100})
    ->Args({64, 100})
    ->Args({64, 1000});

void BM_Token(benchmark::State& state) {
  const std::string key(static_cast<size_t>(state.range(0)), 'k');
  for (auto _ : state) benchmark::DoNotOptimize(HashRing::Token(key));
}
BENCHMARK(BM_Token)->ArgName("key_bytes")->Arg(16)->Arg(100)->Arg(1024);

void BM_Build(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(RingOf(state.range(0), state.range(1)));
}
BENCHMARK(BM_Build)
    ->ArgNames({"nodes", "vnodes"})
    ->Args({64, 100})
    ->Args({64, 1000})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace kache
