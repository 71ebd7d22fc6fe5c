// What FakeKache servers store: one record for each key, the newest version wins. Several servers
// may share one, as coordinators share their nodes.
//
// Thread-safe.
#ifndef KACHE_TESTS_TESTING_FAKE_RECORDS_H_
#define KACHE_TESTS_TESTING_FAKE_RECORDS_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "client/version_text.h"
#include "kache/v1/kache.pb.h"

namespace kache {

class FakeRecords {
 public:
  struct Record {
    std::string value = {};
    int64_t ttl_ms = 0;
    v1::Version version = {};
    bool deleted = false;
  };

  // What is held that is newer, and then nothing is stored; nullopt when it was stored, or was
  // before.
  std::optional<v1::Version> Store(const std::string& key, Record record) {
    const std::lock_guard lock(mutex_);
    Record& held = records_[key];
    if (IsNewer(held.version, record.version)) return held.version;
    newest_ = std::max<uint64_t>(newest_, record.version.timestamp());
    held = std::move(record);
    return std::nullopt;
  }
  // Stores under a version above all that were ever held, and returns that.
  v1::Version StoreAboveAll(const std::string& key, Record record, uint64_t clock) {
    const std::lock_guard lock(mutex_);
    record.version.set_timestamp(++newest_);
    record.version.set_clock(clock);
    return (records_[key] = std::move(record)).version;
  }
  // Tombstones, too.
  std::optional<Record> Find(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = records_.find(key);
    if (found == records_.end()) return std::nullopt;
    return found->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Record> records_ ABSL_GUARDED_BY(mutex_);
  uint64_t newest_ ABSL_GUARDED_BY(mutex_) = 0x0190'0000'0000'0000;
};

}  // namespace kache

#endif  // KACHE_TESTS_TESTING_FAKE_RECORDS_H_
