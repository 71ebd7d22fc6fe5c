#include "server/api/stream_room.h"

#include "base/strings.h"

namespace kache {

absl::Status StreamRoom::Take(const std::string& connection, bool has_token) {
  size_t& own = streams_[connection];
  if (own >= bounds_.of_connection) {
    refused_.Increment();
    return absl::ResourceExhaustedError(
        Concat("more than ", bounds_.of_connection, " ", what_,
               " on one connection; end one of them, or share its answers"));
  }
  if (own > 0 && further_ >= (has_token ? bounds_.further : bounds_.further_without_token())) {
    refused_.Increment();
    return absl::ResourceExhaustedError(
        Concat("too many ", what_,
               " of all clients; open one on each connection, which always has room for it"));
  }
  if (own++ > 0) ++further_;
  open_.Increment();
  return absl::OkStatus();
}

void StreamRoom::GiveBack(const std::string& connection) {
  const auto found = streams_.find(connection);
  if (--found->second > 0) {
    --further_;
  } else {
    streams_.erase(found);
  }
  open_.Decrement();
}

}  // namespace kache
