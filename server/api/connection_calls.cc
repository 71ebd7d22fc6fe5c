#include "server/api/connection_calls.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "base/connection_book.h"

namespace kache {
namespace {

// A connection that has more to be read may be about to open many calls.
constexpr int64_t kUnreadMax = 4096;

struct AddressCalls {
  int64_t calls = 0;
  int64_t ending = 0;
  std::vector<const ConnectionCalls*> connections;
};

}  // namespace

std::vector<std::string> ConnectionsToClose(std::span<const ConnectionCalls> connections,
                                            int64_t max) {
  int64_t all = 0;
  int64_t ending = 0;
  absl::flat_hash_map<std::string, AddressCalls> of_address;
  for (const ConnectionCalls& connection : connections) {
    AddressCalls& address = of_address[ClientAddressOfPeer(connection.peer)];
    if (connection.is_ending) {
      ending += connection.calls;
      address.ending += connection.calls;
      continue;
    }
    all += connection.calls;
    address.calls += connection.calls;
    address.connections.push_back(&connection);
  }
  std::vector<std::string> result;
  std::vector<AddressCalls> heap;
  for (auto& [name, address] : of_address) {
    if (address.ending > max / 2) {
      std::erase_if(address.connections, [&](const ConnectionCalls* connection) {
        if (connection->unread <= kUnreadMax) return false;
        result.push_back(connection->peer);
        address.calls -= connection->calls;
        all -= connection->calls;
        return true;
      });
    }
    if (address.connections.empty()) continue;
    std::sort(address.connections.begin(), address.connections.end(),
              [](const auto* a, const auto* b) { return a->calls < b->calls; });
    heap.push_back(std::move(address));
  }
  const auto fewer = [](const AddressCalls& a, const AddressCalls& b) { return a.calls < b.calls; };
  std::make_heap(heap.begin(), heap.end(), fewer);
  const int64_t room = max - std::min(ending, max / 2);
  while (all > room && !heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), fewer);
    AddressCalls& most = heap.back();
    const ConnectionCalls& closed = *most.connections.back();
    most.connections.pop_back();
    most.calls -= closed.calls;
    all -= closed.calls;
    result.push_back(closed.peer);
    if (most.connections.empty()) {
      heap.pop_back();
    } else {
      std::push_heap(heap.begin(), heap.end(), fewer);
    }
  }
  return result;
}

}  // namespace kache
