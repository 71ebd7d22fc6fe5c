// Who has how many of the connections to a port, and whether there is room for one more: at most
// `max` in all, and of one client address at most its fair share (base/fair_share.h): three
// quarters where it is alone, so that clients behind one proxy are served, and a client that opens
// as many as it can leaves room for every other address.
//
// Thread-compatible. Pure.
#ifndef KACHE_BASE_CONNECTION_BOOK_H_
#define KACHE_BASE_CONNECTION_BOOK_H_

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"

namespace kache {

// What connections of one client have in common: an IPv4 address (also one that is written as
// IPv6), or the first 64 bits of an IPv6 address, as a client may use any address of its network.
// Bytes, not text.
std::string ClientAddress(const sockaddr_storage& peer);
// One end of a connection: its whole address and port, as bytes. An IPv4 address that is written as
// IPv6 is the same as the IPv4 address.
std::string PeerBytes(const sockaddr_storage& peer);
// Of an address of 4 or 16 bytes.
std::string PeerBytes(const std::string& address, uint16_t port);
// The ClientAddress of a peer.
std::string ClientAddressOfPeer(const std::string& peer);
// A client address for people.
std::string ClientAddressText(const std::string& address);

class ConnectionBook {
 public:
  explicit ConnectionBook(size_t max) : max_(max) {}

  enum class Room { kThere, kFull, kAddressFull };
  // Whether one more connection of `address` has room.
  Room RoomFor(const std::string& address) const;
  void Add(const std::string& address);
  void Remove(const std::string& address);

  size_t connections() const { return connections_; }

 private:
  const size_t max_;
  size_t connections_ = 0;
  absl::flat_hash_map<std::string, size_t> of_address_;  // of those that have any
};

}  // namespace kache

#endif  // KACHE_BASE_CONNECTION_BOOK_H_
