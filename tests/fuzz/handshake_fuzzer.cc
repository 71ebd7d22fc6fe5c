// Any texts as what a node answers to INFO on a new connection: nothing crashes, and what the
// handshake found keeps the promises of node_client.h.
//
// The input is the three answers (server, replication, cluster), with a NUL between them. An answer
// that begins with '-' is an error.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/redis/handshake.h"
#include "tests/fuzz/require.h"

namespace kache::redis {
namespace {

// For people: a log line holds it.
constexpr size_t kMaxMessageBytes = 512;

// A word of a marker, and of messages whose strings must be UTF-8.
bool IsWord(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

bool IsSnakeCase(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

void CheckReason(const DownReason& reason) {
  Require(IsSnakeCase(reason.code));
  Require(!reason.message.empty() && reason.message.size() <= kMaxMessageBytes);
}

Reply NextAnswer(std::string_view* rest) {
  std::string_view text = rest->substr(0, rest->find('\0'));
  rest->remove_prefix(std::min(rest->size(), text.size() + 1));
  if (!text.starts_with('-')) return Reply::String(std::string(text));
  text.remove_prefix(1);
  CheckReason(ReasonOfErrorReply("INFO", text));
  return Reply::Error(std::string(text));
}

void Check(std::string_view input) {
  Handshake handshake({}, {});
  Require(handshake.commands().size() == 4);  // and a PING
  for (int i = 0; i < 3; ++i) {
    const Handshake::Progress progress = handshake.OnReply(NextAnswer(&input));
    Require(progress != Handshake::Progress::kReady);
    if (progress == Handshake::Progress::kRefused) return CheckReason(handshake.refusal());
  }
  Require(handshake.OnReply(Reply::Status("PONG")) == Handshake::Progress::kReady);
  Require(IsWord(handshake.facts().run_id) && IsWord(handshake.facts().version));
}

}  // namespace
}  // namespace kache::redis

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kache::redis::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
