#include "server/api/call_census.h"

#include <grpc/grpc.h>
#include <grpc/support/alloc.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "base/connection_book.h"
#include "base/strings.h"

namespace kache {
namespace {

constexpr intptr_t kPage = 500;

// Takes the text that a function of channelz returns over; "" where there is no such thing.
std::string Text(char* text) {
  const std::unique_ptr<char, void (*)(void*)> owned(text, gpr_free);
  return text == nullptr ? "" : text;
}

// What stands behind `name` in gRPC's JSON, which has no blanks, until the next delimiter.
std::string_view After(std::string_view json, std::string_view name) {
  const size_t found = json.find(name);
  if (found == std::string_view::npos) return {};
  json.remove_prefix(found + name.size());
  return json.substr(0, json.find_first_of("\",}]"));
}

// 0 where it is not there, as gRPC leaves zeros out.
int64_t NumberAfter(std::string_view json, std::string_view name) {
  int64_t number = 0;
  return absl::SimpleAtoi(ToAbsl(After(json, name)), &number) ? number : 0;
}

std::vector<intptr_t> NumbersAfter(std::string_view json, std::string_view name) {
  std::vector<intptr_t> result;
  for (size_t at = json.find(name); at != std::string_view::npos; at = json.find(name)) {
    json.remove_prefix(at);
    result.push_back(static_cast<intptr_t>(NumberAfter(json, name)));
    json.remove_prefix(name.size());
  }
  return result;
}

}  // namespace

intptr_t LatestGrpcServer() {
  intptr_t latest = 0;
  for (;;) {
    const auto ids = NumbersAfter(Text(grpc_channelz_get_servers(latest + 1)), "\"serverId\":\"");
    if (ids.empty()) return latest;
    latest = *std::max_element(ids.begin(), ids.end());
  }
}

ServerCallCounts ParseServerCalls(std::string_view json) {
  return {.started = NumberAfter(json, "\"callsStarted\":\""),
          .ended =
              NumberAfter(json, "\"callsSucceeded\":\"") + NumberAfter(json, "\"callsFailed\":\"")};
}

std::optional<ConnectionCalls> ParseConnectionCalls(std::string_view json) {
  const size_t remote = json.find("\"remote\":{");
  if (remote == std::string_view::npos) return std::nullopt;
  const std::string_view address = json.substr(remote);
  std::string bytes;
  if (!absl::Base64Unescape(ToAbsl(After(address, "\"ip_address\":\"")), &bytes) || bytes.empty()) {
    return std::nullopt;
  }
  const int64_t port = NumberAfter(address, "\"port\":");
  const int64_t started = NumberAfter(json, "\"streamsStarted\":\"");
  return ConnectionCalls{.peer = PeerBytes(bytes, static_cast<uint16_t>(port)),
                         .calls = started - NumberAfter(json, "\"streamsSucceeded\":\"") -
                                  NumberAfter(json, "\"streamsFailed\":\""),
                         .started = started,
                         .messages = NumberAfter(json, "\"messagesReceived\":\"")};
}

std::vector<intptr_t> ParseSocketIds(std::string_view json) {
  return NumbersAfter(json, "\"socketId\":\"");
}

ServerCallCounts CallCensus::ServerCalls() const {
  return ParseServerCalls(Text(grpc_channelz_get_server(server_)));
}

int64_t CallCensus::AtMost() const {
  const ServerCallCounts now = ServerCalls();
  return counted_ + (now.started - then_.started) - (now.ended - then_.ended);
}

std::vector<ConnectionCalls> CallCensus::Count() {
  std::vector<ConnectionCalls> result;
  // Calls that begin or end meanwhile may count twice, but are never left out: so `started` is read
  // before, and `ended` after.
  then_.started = ServerCalls().started;
  counted_ = 0;
  for (intptr_t next = 0;;) {
    const auto ids = ParseSocketIds(Text(grpc_channelz_get_server_sockets(server_, next, kPage)));
    if (ids.empty()) break;
    for (const intptr_t id : ids) {
      auto connection = ParseConnectionCalls(Text(grpc_channelz_get_socket(id)));
      if (!connection.has_value()) continue;
      connection->calls = std::max<int64_t>(connection->calls, 0);
      counted_ += connection->calls;
      result.push_back(*std::move(connection));
    }
    next = ids.back() + 1;
  }
  then_.ended = ServerCalls().ended;
  return result;
}

}  // namespace kache
