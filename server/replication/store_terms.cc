#include "server/replication/store_terms.h"

#include "base/big_endian.h"

namespace kache {
namespace {

constexpr size_t kLimitOffset = 8;
constexpr size_t kLatestOffset = 16;
constexpr size_t kLeastOffset = 24;
constexpr size_t kWholeOffset = 32;

}  // namespace

std::string EncodeTerms(const StoreTerms& terms) {
  char instants[kWholeOffset];
  PutBigEndian(instants, static_cast<uint64_t>(terms.ends_ms));
  PutBigEndian(instants + kLimitOffset, static_cast<uint64_t>(terms.limit_ms));
  PutBigEndian(instants + kLatestOffset, static_cast<uint64_t>(terms.latest_ms));
  PutBigEndian(instants + kLeastOffset, static_cast<uint64_t>(terms.least_ms));

  std::string bytes;
  bytes.reserve(kWholeOffset + terms.whole.size());
  bytes.append(instants, kWholeOffset);
  bytes.append(terms.whole);
  return bytes;
}

StoreTerms DecodeTerms(std::string_view bytes) {
  return {static_cast<int64_t>(GetBigEndian(bytes.data())),
          static_cast<int64_t>(GetBigEndian(bytes.data() + kLimitOffset)),
          static_cast<int64_t>(GetBigEndian(bytes.data() + kLatestOffset)),
          bytes.substr(kWholeOffset),
          static_cast<int64_t>(GetBigEndian(bytes.data() + kLeastOffset))};
}

}  // namespace kache
