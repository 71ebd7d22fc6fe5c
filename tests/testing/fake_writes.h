// How a FakeKache does writes: by their stamps, against the records that it may share with others.
// Tests tell it what release it is of, what the time is, and who else writes.
//
// Thread-safe.
#ifndef KACHE_TESTS_TESTING_FAKE_WRITES_H_
#define KACHE_TESTS_TESTING_FAKE_WRITES_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "grpcpp/support/status.h"
#include "kache/v1/kache.pb.h"
#include "tests/testing/fake_records.h"

namespace kache {

// The failure of a write as that of a unary call, with its details.
grpc::Status StatusOfError(const v1::Error& error);

class FakeWrites {
 public:
  explicit FakeWrites(FakeRecords& records) : records_(records) {}

  // See FakeKache.
  void SetKnowsStamps(bool knows);
  void SetClusterTimeAhead(absl::Duration ahead);
  void LetRivalsWrite(int writes, absl::Duration ahead);
  void SetAllHeard(bool all_heard);
  std::vector<v1::Stamp> stamps() const;
  absl::Time cluster_time() const;

  // Fills in the receipt or the error.
  void Write(const std::string& key, FakeRecords::Record record, const v1::Stamp* stamp,
             v1::WriteResult* result);
  int64_t ClusterTimeMs() const;  // 0 where its release names none

 private:
  struct Order {  // what was told about one write
    bool keeps_stamp = false;
    bool rival = false;
    absl::Duration rival_ahead;
    bool all_heard = false;
  };
  Order NextOrder(const v1::Stamp* stamp);
  bool IsOutOfRange(const std::string& key, const v1::Stamp& stamp) const;
  void LetRivalWrite(const std::string& key, const v1::Stamp& stamp, absl::Duration ahead);

  FakeRecords& records_;
  mutable std::mutex mutex_;
  bool knows_stamps_ ABSL_GUARDED_BY(mutex_) = true;
  absl::Duration cluster_time_ahead_ ABSL_GUARDED_BY(mutex_);
  int rivals_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Duration rivals_ahead_ ABSL_GUARDED_BY(mutex_);
  bool all_heard_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<v1::Stamp> stamps_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kache

#endif  // KACHE_TESTS_TESTING_FAKE_WRITES_H_
