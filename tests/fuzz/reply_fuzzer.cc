// Any bytes as what a Redis node sends: nothing crashes, a stream reads the same however it is cut,
// no reply takes more memory than its bound allows, and a reply that is written out reads the same
// again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "server/redis/reply.h"
#include "server/redis/reply_reader.h"
#include "tests/fuzz/require.h"

namespace kache::redis {
namespace {

using Result = ReplyReader::Result;

// So small that inputs reach it.
constexpr size_t kSmallBound = 512;

struct Stream {
  std::vector<Reply> replies;
  std::string_view error;  // empty = it waits for more
};

Stream Read(std::string_view bytes, size_t portion, size_t max_reply_bytes) {
  ReplyReader reader(max_reply_bytes);
  Stream stream;
  Result result = Result::kMore;
  while (result == Result::kMore && !bytes.empty()) {
    // A copy, so that a read beyond the portion is noticed.
    const std::string fed(bytes.substr(0, portion));
    bytes.remove_prefix(fed.size());
    Reply reply;
    reader.Feed(fed);
    while ((result = reader.Next(reply)) == Result::kReply) {
      stream.replies.push_back(std::move(reply));
      reply = Reply();
    }
  }
  Require((result == Result::kBroken) == !reader.error().empty());
  stream.error = reader.error();  // of static duration
  if (result == Result::kBroken) {
    Reply reply;
    reader.Feed("+OK\r\n");
    Require(reader.Next(reply) == Result::kBroken);
  }
  return stream;
}

bool AreEqual(const Reply& a, const Reply& b) {
  return a.type == b.type && a.integer == b.integer && a.text == b.text &&
         std::equal(a.elements.begin(), a.elements.end(), b.elements.begin(), b.elements.end(),
                    AreEqual);
}

// Whether `cut` begins as `whole` does.
void RequirePrefix(const Stream& cut, const Stream& whole) {
  Require(cut.replies.size() <= whole.replies.size());
  Require(std::equal(cut.replies.begin(), cut.replies.end(), whole.replies.begin(), AreEqual));
}

// As RESP2.
void Write(const Reply& reply, std::string* wire) {
  switch (reply.type) {
    case Reply::Type::kNil:
      return Append(wire, "$-1\r\n");
    case Reply::Type::kStatus:
      return Append(wire, "+", reply.text, "\r\n");
    case Reply::Type::kError:
      return Append(wire, "-", reply.text, "\r\n");
    case Reply::Type::kInteger:
      return Append(wire, ":", reply.integer, "\r\n");
    case Reply::Type::kString:
      return Append(wire, "$", reply.text.size(), "\r\n", reply.text, "\r\n");
    case Reply::Type::kArray:
      Append(wire, "*", reply.elements.size(), "\r\n");
      for (const Reply& element : reply.elements) Write(element, wire);
  }
}

void CheckRoundTrip(const Reply& reply) {
  std::string wire;
  Write(reply, &wire);
  const Stream again = Read(wire, SIZE_MAX, ReplyReader::kMaxReplyBytes);
  Require(again.replies.size() == 1 && again.error.empty());
  Require(AreEqual(again.replies.front(), reply));
}

size_t MemoryOf(const Reply& reply) {
  size_t bytes = sizeof(Reply) + reply.text.size();
  for (const Reply& element : reply.elements) bytes += MemoryOf(element);
  return bytes;
}

int DepthOf(const Reply& reply) {
  int depth = 0;
  for (const Reply& element : reply.elements) depth = std::max(depth, DepthOf(element));
  return depth + (reply.type == Reply::Type::kArray ? 1 : 0);
}

void CheckError(std::string_view text) {
  const ErrorKind kind = ClassifyError(text);
  Require(!(IsWriteRefused(kind) && IsServerUnusable(kind)));
  Require(!ErrorKindName(kind).empty());
}

void CheckReply(const Reply& reply) {
  Require(DepthOf(reply) <= 7);
  Require(reply.type == Reply::Type::kArray || reply.elements.empty());
  Require(reply.type == Reply::Type::kInteger || reply.integer == 0);
  if (reply.IsError()) CheckError(reply.text);
  CheckRoundTrip(reply);
}

void CheckCuts(std::string_view bytes) {
  const Stream whole = Read(bytes, SIZE_MAX, ReplyReader::kMaxReplyBytes);
  for (const Reply& reply : whole.replies) CheckReply(reply);
  for (const size_t portion : {1, 3, 64}) {
    const Stream cut = Read(bytes, portion, ReplyReader::kMaxReplyBytes);
    RequirePrefix(cut, whole);
    Require(cut.replies.size() == whole.replies.size() && cut.error == whole.error);
  }
}

// What is longer than its bound is refused before it has been buffered: how early depends on the
// cut.
void CheckBound(std::string_view bytes) {
  const Stream whole = Read(bytes, SIZE_MAX, kSmallBound);
  const Stream cut = Read(bytes, 1, kSmallBound);
  RequirePrefix(cut, whole);
  if (cut.error.empty()) Require(whole.replies.size() == cut.replies.size());
  // The last byte may bring one value more, and be beyond the bound itself.
  for (const Reply& reply : cut.replies) {
    Require(MemoryOf(reply) <= kSmallBound + sizeof(Reply) + 1);
  }
}

}  // namespace
}  // namespace kache::redis

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  kache::redis::CheckCuts(bytes);
  kache::redis::CheckBound(bytes);
  kache::redis::CheckError(bytes);
  return 0;
}
