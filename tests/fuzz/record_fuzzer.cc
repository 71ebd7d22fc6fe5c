// The record decoder: what stands in Redis may be anything.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "server/replication/record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const kache::DecodedRecord decoded = kache::DecodeRecord(text);
  kache::DecodeVersion(text);
  decoded.record.ExpiredAt(0);
  if (decoded.kind != kache::RecordKind::kRecord) {
    if (!decoded.record.value.empty() || decoded.record.tombstone) std::abort();
    return 0;
  }
  // What was read is written as it was, but for flags that this release does not know.
  const std::string again = kache::EncodeRecord(decoded.record);
  if (again.size() != size) std::abort();
  for (size_t i = 0; i < size; ++i) {
    const bool flags = i == 3;
    if (!flags && static_cast<uint8_t>(again[i]) != bytes[i]) std::abort();
  }
  return 0;
}
