#include "server/api/validate.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "base/limits.h"

namespace kache {
namespace {

constexpr RequestLimits kLimits{
    .max_key_bytes = 8, .max_value_bytes = 16, .max_batch_keys = 3, .max_batch_bytes = 40};

// What a refusal must be: this code, and a message with this in it.
template <class Request>
::testing::AssertionResult Refuses(const Request& request, absl::StatusCode code,
                                   const std::string& message) {
  const absl::Status status = Validate(request, kLimits);
  if (status.code() != code) {
    return ::testing::AssertionFailure() << "code is that of " << status;
  }
  if (status.message().find(message) == absl::string_view::npos) {
    return ::testing::AssertionFailure() << "message is that of " << status;
  }
  return ::testing::AssertionSuccess();
}

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

v1::GetRequest Get(const std::string& key) {
  v1::GetRequest request;
  request.set_key(key);
  return request;
}

v1::PutRequest Put(const std::string& key, const std::string& value, int64_t ttl_ms = 0) {
  v1::PutRequest request;
  request.set_key(key);
  request.set_value(value);
  request.set_ttl_ms(ttl_ms);
  return request;
}

TEST(Validate, AcceptsKeysOfAnyBytesUpToTheLimit) {
  EXPECT_TRUE(Validate(Get("k"), kLimits).ok());
  EXPECT_TRUE(Validate(Get(std::string("\0\xff", 2)), kLimits).ok());
  EXPECT_TRUE(Validate(Get(std::string(8, 'k')), kLimits).ok());
}

TEST(Validate, RefusesEmptyAndLongKeys) {
  const std::string too_long = "MAX_KEY_BYTES (8)";
  const std::string nine(9, 'k');
  EXPECT_TRUE(Refuses(Get(""), kInvalid, "key: empty"));
  EXPECT_TRUE(Refuses(Get(nine), kInvalid, too_long));
  EXPECT_TRUE(Refuses(Put(nine, "v"), kInvalid, too_long));
  v1::DeleteRequest remove;
  EXPECT_TRUE(Refuses(remove, kInvalid, "key: empty"));
  remove.set_key(nine);
  EXPECT_TRUE(Refuses(remove, kInvalid, too_long));
  v1::LocateRequest locate;
  EXPECT_TRUE(Refuses(locate, kInvalid, "key: empty"));
}

TEST(Validate, AcceptsValuesFromNothingToTheLimit) {
  EXPECT_TRUE(Validate(Put("k", ""), kLimits).ok());
  EXPECT_TRUE(Validate(Put("k", std::string(16, '\0')), kLimits).ok());
  EXPECT_TRUE(Refuses(Put("k", std::string(17, 'v')), kInvalid, "value: 17 bytes"));
}

TEST(Validate, AcceptsTtlsFromZeroTo100Years) {
  EXPECT_TRUE(Validate(Put("k", "v", 1), kLimits).ok());
  EXPECT_TRUE(Validate(Put("k", "v", kMaxTtlMs), kLimits).ok());
  EXPECT_TRUE(Refuses(Put("k", "v", -1), kInvalid, "ttl_ms: -1 is negative"));
  EXPECT_TRUE(Refuses(Put("k", "v", kMaxTtlMs + 1), kInvalid, "ttl_ms: "));
  EXPECT_TRUE(Refuses(Put("k", "v", std::numeric_limits<int64_t>::min()), kInvalid, "is negative"));
  EXPECT_TRUE(Refuses(Put("k", "v", std::numeric_limits<int64_t>::max()), kInvalid, "100 years"));
}

TEST(Validate, ChecksTouches) {
  v1::TouchRequest touch;
  EXPECT_TRUE(Refuses(touch, kInvalid, "key: empty"));
  touch.set_key("k");
  EXPECT_TRUE(Validate(touch, kLimits).ok());
  touch.set_ttl_ms(-1);
  EXPECT_TRUE(Refuses(touch, kInvalid, "ttl_ms: -1 is negative"));
  touch.set_ttl_ms(kMaxTtlMs);
  touch.mutable_stamp()->set_timestamp(1);
  EXPECT_TRUE(Refuses(touch, kInvalid, "stamp"));
  touch.clear_stamp();
  touch.set_consistency(static_cast<v1::Consistency>(9));
  EXPECT_TRUE(Refuses(touch, kInvalid, "consistency"));
  v1::BatchTouchRequest batch;
  EXPECT_TRUE(Validate(batch, kLimits).ok());
  for (int i = 0; i < 4; ++i) batch.add_entries()->set_key("k");
  EXPECT_TRUE(Refuses(batch, kInvalid, "entries: 4 of them, at most MAX_BATCH_KEYS (3)"));
}

TEST(Validate, KnowsConsistencyLevels) {
  v1::GetRequest request = Get("k");
  request.set_consistency(v1::CONSISTENCY_ONE);
  EXPECT_TRUE(Validate(request, kLimits).ok());
  request.set_consistency(v1::CONSISTENCY_QUORUM);
  EXPECT_TRUE(Validate(request, kLimits).ok());
  request.set_consistency(v1::CONSISTENCY_ALL);
  EXPECT_TRUE(Validate(request, kLimits).ok());
  request.set_consistency(static_cast<v1::Consistency>(4));
  EXPECT_TRUE(Refuses(request, kInvalid, "consistency: 4 is not a known level"));
  request.set_consistency(static_cast<v1::Consistency>(-1));
  EXPECT_TRUE(Refuses(request, kInvalid, "consistency: -1 is not a known level"));
}

TEST(Validate, ChecksConsistencyOfWritesAndBatches) {
  v1::PutRequest put = Put("k", "v");
  put.set_consistency(static_cast<v1::Consistency>(9));
  EXPECT_TRUE(Refuses(put, kInvalid, "consistency"));
  v1::DeleteRequest remove;
  remove.set_key("k");
  remove.set_consistency(static_cast<v1::Consistency>(9));
  EXPECT_TRUE(Refuses(remove, kInvalid, "consistency"));
  v1::BatchGetRequest batch_get;
  batch_get.set_consistency(static_cast<v1::Consistency>(9));
  EXPECT_TRUE(Refuses(batch_get, kInvalid, "consistency"));
  v1::BatchPutRequest batch_put;
  batch_put.set_consistency(static_cast<v1::Consistency>(9));
  EXPECT_TRUE(Refuses(batch_put, kInvalid, "consistency"));
  v1::BatchDeleteRequest batch_delete;
  batch_delete.set_consistency(static_cast<v1::Consistency>(9));
  EXPECT_TRUE(Refuses(batch_delete, kInvalid, "consistency"));
}

TEST(Validate, WantsOneMinVersionForEachKey) {
  v1::BatchGetRequest request;
  request.add_keys("a");
  request.add_keys("b");
  request.add_min_versions();
  EXPECT_TRUE(Refuses(request, kInvalid, "min_versions: 1 for 2 keys"));
  request.add_min_versions();
  EXPECT_TRUE(Validate(request, kLimits).ok());
}

TEST(Validate, LimitsTheKeysOfABatch) {
  v1::BatchGetRequest get;
  v1::BatchPutRequest put;
  v1::BatchDeleteRequest remove;
  for (int i = 0; i < 3; ++i) {
    get.add_keys("k");
    put.add_entries()->set_key("k");
    remove.add_keys("k");
  }
  EXPECT_TRUE(Validate(get, kLimits).ok());
  EXPECT_TRUE(Validate(put, kLimits).ok());
  EXPECT_TRUE(Validate(remove, kLimits).ok());
  get.add_keys("k");
  put.add_entries()->set_key("k");
  remove.add_keys("k");
  EXPECT_TRUE(Refuses(get, kInvalid, "keys: 4 of them, at most MAX_BATCH_KEYS (3)"));
  EXPECT_TRUE(Refuses(put, kInvalid, "entries: 4 of them, at most MAX_BATCH_KEYS (3)"));
  EXPECT_TRUE(Refuses(remove, kInvalid, "keys: 4 of them, at most MAX_BATCH_KEYS (3)"));
}

TEST(Validate, LimitsTheBytesOfABatch) {
  v1::BatchPutRequest put;
  for (int i = 0; i < 2; ++i) {
    put.add_entries()->set_key("1234");
    put.mutable_entries(i)->set_value(std::string(16, 'v'));
  }
  EXPECT_TRUE(Validate(put, kLimits).ok());
  put.add_entries()->set_key("k");
  EXPECT_TRUE(Refuses(put, kInvalid, "entries: 41 bytes together, at most MAX_BATCH_BYTES (40)"));
  v1::BatchDeleteRequest remove;
  remove.add_keys(std::string(41, 'k'));
  EXPECT_TRUE(Refuses(remove, kInvalid, "keys: 41 bytes together"));
}

TEST(Validate, LeavesWrongEntriesOfABatchToTheirOwnErrors) {
  v1::BatchPutRequest put;
  put.add_entries()->set_ttl_ms(-5);
  EXPECT_TRUE(Validate(put, kLimits).ok());
  EXPECT_EQ(ValidateWrite("k", "v", -5, kLimits).code(), kInvalid);
  EXPECT_EQ(ValidateKey("", kLimits).code(), kInvalid);
}

TEST(Validate, AcceptsEmptyBatchesAndStatus) {
  EXPECT_TRUE(Validate(v1::BatchGetRequest(), kLimits).ok());
  EXPECT_TRUE(Validate(v1::BatchPutRequest(), kLimits).ok());
  EXPECT_TRUE(Validate(v1::BatchDeleteRequest(), kLimits).ok());
  EXPECT_TRUE(Validate(v1::GetStatusRequest(), kLimits).ok());
}

TEST(Validate, NeverRepeatsKeysOrValues) {
  const absl::Status key = Validate(Get("secret-key"), kLimits);
  EXPECT_EQ(key.message().find("secret"), absl::string_view::npos);
  const absl::Status value = Validate(Put("k", "secret-value-that-is-long"), kLimits);
  EXPECT_EQ(value.message().find("secret"), absl::string_view::npos);
}

}  // namespace
}  // namespace kache
