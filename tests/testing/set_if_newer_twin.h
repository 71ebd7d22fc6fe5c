// What the script set-if-newer does, as a pure C++ model of one key on one server: for tests that
// need thousands of servers, and to check the script against.
#ifndef KACHE_TESTS_TESTING_SET_IF_NEWER_TWIN_H_
#define KACHE_TESTS_TESTING_SET_IF_NEWER_TWIN_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "server/replication/record.h"

namespace kache::testing {

class SetIfNewerTwin {
 public:
  struct Held {
    std::string bytes;
    int64_t ends_ms = 0;  // 0 = never
    friend bool operator==(const Held&, const Held&) = default;
  };

  // The version that is held, where that is newer. Nothing when the record was stored, or was
  // there, or was not stored as its life is over: then nothing is held.
  std::optional<Version> Apply(const std::string& record, int64_t ends_ms, int64_t grace_ms,
                               int64_t now_ms, int64_t least_ms = 0) {
    if (held_ && held_->ends_ms != 0 && held_->ends_ms <= now_ms) held_.reset();
    std::optional<Version> beaten;
    if (held_ && DecodeRecord(held_->bytes).kind != RecordKind::kForeign) {
      beaten = DecodeRecord(held_->bytes).record.version;
    }
    const Version version = DecodeRecord(record).record.version;
    // A home replica's copy replaces a stand-in's.
    const bool comes_home = beaten && DecodeRecord(held_->bytes).record.stand_in &&
                            !DecodeRecord(record).record.stand_in;
    if (beaten == version && !comes_home) return std::nullopt;
    if (beaten && *beaten > version) return beaten;
    if (ends_ms != 0 && beaten && grace_ms > 0) {
      const int64_t old_end = held_->ends_ms == 0 ? INT64_MAX : held_->ends_ms;
      if (old_end > ends_ms) ends_ms = std::min(old_end, ends_ms + grace_ms);
    }
    held_.reset();
    if (ends_ms == 0 || ends_ms > now_ms) {
      held_ = Held{record, ends_ms == 0 ? 0 : std::max(ends_ms, now_ms + least_ms)};
    }
    return std::nullopt;
  }

  const std::optional<Held>& held() const { return held_; }
  void Hold(std::optional<Held> held) { held_ = std::move(held); }

 private:
  std::optional<Held> held_;
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_SET_IF_NEWER_TWIN_H_
