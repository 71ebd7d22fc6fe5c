#include "client/bench/workload.h"

namespace kache::bench {
namespace {

struct NamedMix {
  std::string_view name;
  OperationMix mix;
};

// In the order of Kind: get, put, delete, insert, read-modify-write.
constexpr NamedMix kMixes[] = {
    {"a", {{0.5, 0.5, 0, 0, 0}, Distribution::kZipfian}},
    {"b", {{0.95, 0.05, 0, 0, 0}, Distribution::kZipfian}},
    {"c", {{1, 0, 0, 0, 0}, Distribution::kZipfian}},
    {"d", {{0.95, 0, 0, 0.05, 0}, Distribution::kLatest}},
    {"f", {{0.5, 0, 0, 0, 0.5}, Distribution::kZipfian}},
    {"get", {{1, 0, 0, 0, 0}, Distribution::kUniform}},
    {"put", {{0, 1, 0, 0, 0}, Distribution::kUniform}},
    {"delete", {{0, 0, 1, 0, 0}, Distribution::kUniform}},
};

}  // namespace

std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kGet:
      return "get";
    case Kind::kPut:
      return "put";
    case Kind::kDelete:
      return "delete";
    case Kind::kInsert:
      return "insert";
    case Kind::kReadModifyWrite:
      break;
  }
  return "read-modify-write";
}

std::optional<OperationMix> FindMix(std::string_view name) {
  for (const NamedMix& named : kMixes) {
    if (named.name == name) return named.mix;
  }
  return std::nullopt;
}

Kind Workload::NextKind() {
  double random = chooser_.Uniform();
  Kind last = Kind::kGet;
  for (size_t i = 0; i < kKinds; ++i) {
    if (mix_.parts[i] == 0) continue;
    last = static_cast<Kind>(i);
    if (random < mix_.parts[i]) return last;
    random -= mix_.parts[i];
  }
  return last;  // where rounding left a little over
}

uint64_t Workload::NextKey(Kind kind) {
  if (kind == Kind::kInsert) return keys_->fetch_add(1, std::memory_order_relaxed);
  return chooser_.Next(keys_->load(std::memory_order_relaxed));
}

}  // namespace kache::bench
