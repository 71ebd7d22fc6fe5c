// The largest messages that the settings lead to, against the room that a channel has for them.
#include "client/channel.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "base/limits.h"
#include "kache/v1/kache.pb.h"

namespace kache {
namespace {

constexpr uint64_t kMany = std::numeric_limits<uint64_t>::max();
constexpr size_t kValueBytes = size_t{1} << 20;  // its length takes as many bytes as a larger one's

void Fill(v1::Version* version) {
  version->set_timestamp(kMany);
  version->set_clock(kMany);
}

void Fill(v1::Stamp* stamp) {
  stamp->set_timestamp(kMany);
  stamp->set_clock(kMany);
  stamp->set_made_at_unix_ms(int64_t{1} << 45);
  Fill(stamp->mutable_above());
}

void Fill(v1::Receipt* receipt) {
  Fill(receipt->mutable_version());
  receipt->set_acknowledged(1000);
  receipt->set_required(1000);
  receipt->set_degraded(true);
  receipt->set_node_id(std::numeric_limits<uint32_t>::max());
  receipt->set_expires_at_unix_ms(int64_t{1} << 45);
}

template <class Message>
int64_t BytesOf(const Message& message) {
  return static_cast<int64_t>(message.ByteSizeLong());
}

TEST(Channel, HasRoomForWhatABatchAddsToEachKey) {
  v1::BatchGetResponse got;
  v1::GetResponse* response = got.add_results()->mutable_response();
  response->set_found(true);
  response->set_value(std::string(kValueBytes, 'v'));
  response->set_ttl_ms(kMaxTtlMs);
  Fill(response->mutable_receipt());
  EXPECT_LE(BytesOf(got) - static_cast<int64_t>(kValueBytes), kFramingBytesPerKey);

  v1::BatchPutRequest put;
  v1::BatchPutRequest::Entry* entry = put.add_entries();
  entry->set_key("k");
  entry->set_value(std::string(kValueBytes, 'v'));
  entry->set_ttl_ms(kMaxTtlMs);
  Fill(entry->mutable_stamp());
  EXPECT_LE(BytesOf(put) - static_cast<int64_t>(kValueBytes), kFramingBytesPerKey);

  v1::BatchDeleteRequest erase;
  erase.add_keys("k");
  Fill(erase.add_stamps());
  EXPECT_LE(BytesOf(erase), kFramingBytesPerKey);

  v1::BatchGetRequest get;
  get.add_keys("k");
  Fill(get.add_min_versions());
  EXPECT_LE(BytesOf(get), kFramingBytesPerKey);
}

TEST(Channel, HasRoomForTheErrorOfEachKey) {
  v1::BatchPutResponse response;
  v1::Error* error = response.add_results()->mutable_error();
  error->set_code(10);
  error->set_message(std::string(100, 'm'));
  error->set_reason("SUPERSEDED");
  Fill(error->mutable_receipt());
  Fill(error->mutable_superseded()->mutable_held());
  error->mutable_superseded()->set_all_heard(true);
  EXPECT_LE(BytesOf(response), kFramingBytesPerKey);
}

}  // namespace
}  // namespace kache
