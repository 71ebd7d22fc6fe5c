// What a Pipeline message counts for before it is parsed covers what it then takes.
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdint>
#include <memory>
#include <string>

#include "server/api/message_bytes.h"
#include "server/api/pipeline_message.h"

namespace kache {
namespace {

using namespace std::string_literals;

// Of the whole process, by glibc's malloc. 0 under a sanitizer, whose malloc does not tell.
int64_t AllocatedBytes() {
  const struct mallinfo2 all = mallinfo2();
  return static_cast<int64_t>(all.uordblks + all.hblkhd);
}

// Length-delimited field 1 of a PipelineRequest.
std::string Operation(const std::string& fields) {
  std::string length;
  size_t rest = fields.size();
  for (; rest > 127; rest >>= 7) length += static_cast<char>(rest | 0x80);
  return "\x0a" + length + static_cast<char>(rest) + fields;
}

std::string Times(int count, const std::string& part) {
  std::string all;
  for (int i = 0; i < count; ++i) all += part;
  return all;
}

struct Memory {
  int64_t counted = 0;
  int64_t held = 0;
};

Memory MemoryOf(const std::string& bytes) {
  grpc::Slice slice(bytes);
  grpc::ByteBuffer buffer(&slice, 1);
  const MessageParts parts = CountParts(buffer, *v1::PipelineRequest::descriptor()).value();
  Memory memory{.counted = static_cast<int64_t>(PipelineMessage::MemoryBytes(bytes.size(), parts))};
  const int64_t before = AllocatedBytes();
  const auto message = std::make_unique<PipelineMessage>(parts);
  EXPECT_TRUE(ParseMessage(buffer, message->request()).ok());
  message->Arrive(MonotonicTime(), bytes.size());
  for (int i = 0; i < message->request().operations_size(); ++i) {
    auto* const result =
        google::protobuf::Arena::CreateMessage<v1::PipelineResult>(&message->arena());
    if (message->request().operations(i).has_touch()) {
      result->mutable_touch()->mutable_receipt()->mutable_version();
    } else {
      result->mutable_get()->mutable_receipt()->mutable_version();
    }
  }
  memory.held = AllocatedBytes() - before;
  return memory;
}

void ExpectCovered(const std::string& bytes) {
  MemoryOf(Operation(""));  // what is allocated once
  const Memory memory = MemoryOf(bytes);
  EXPECT_LE(memory.held, memory.counted) << bytes.size() << " bytes";
}

const std::string kGet = "\x08\x01\x1a\x05\x0a\x03key"s;

TEST(PipelineMemory, OfOneOperationIsCovered) { ExpectCovered(Operation(kGet)); }

TEST(PipelineMemory, OfManyOperationsIsCovered) {
  for (const int operations : {2, 10, 60, 250, 1000}) {
    ExpectCovered(Times(operations, Operation(kGet)));
    ExpectCovered(Times(operations, Operation("")));
  }
}

TEST(PipelineMemory, OfTouchesIsCovered) {
  v1::PipelineOperation operation;
  operation.set_id(1);
  operation.mutable_touch()->set_key("key");
  operation.mutable_touch()->set_ttl_ms(60'000);
  operation.mutable_touch()->mutable_stamp()->mutable_above()->set_timestamp(5);
  for (const int operations : {1, 10, 1000}) {
    ExpectCovered(Times(operations, Operation(operation.SerializeAsString())));
    ExpectCovered(Times(operations, Operation("\x4a\x00"s)));
  }
}

TEST(PipelineMemory, OfLargeValuesIsCovered) {
  const std::string value = "\x12\x80\x80\x04"s + std::string(65536, 'v');
  ExpectCovered(Times(20, Operation("\x22\x84\x80\x04" + value)));
}

TEST(PipelineMemory, OfFieldsThatAreNotKnownIsCovered) {
  ExpectCovered(Operation(kGet + Times(50'000, "\xfa\x01\x00"s)));      // empty strings
  ExpectCovered(Operation(kGet + Times(50'000, "\xf8\x01\x07"s)));      // numbers
  ExpectCovered(Operation(kGet + Times(50'000, "\xfb\x01\xfc\x01"s)));  // groups
  ExpectCovered(Operation(kGet + Times(50'000, "\x0a\x00"s)));          // a number's field
  ExpectCovered(Operation("\x1a\xe8\x07" + Times(500, "\x7a\x00"s)));   // within the Get
}

TEST(PipelineMemory, OfFieldsThatComeAgainIsCovered) {
  ExpectCovered(Operation(Times(50'000, "\x1a\x00\x22\x00"s)));  // a Get, then a Put instead
  ExpectCovered(Operation(Times(50'000, "\x22\x04\x2a\x02\x22\x00\x1a\x00"s)));
  ExpectCovered(Operation(Times(50'000, "\x32\x01x\x39\x01\x02\x03\x04\x05\x06\x07\x08"s)));
}

}  // namespace
}  // namespace kache
