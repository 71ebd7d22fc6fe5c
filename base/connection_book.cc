#include "base/connection_book.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/fair_share.h"
#include "base/strings.h"

namespace kache {
namespace {

constexpr size_t kIpv4Bytes = 4;
constexpr size_t kIpv6Bytes = 16;
constexpr size_t kIpv6NetworkBytes = 8;
constexpr size_t kMappedPrefixBytes = 12;

std::string Bytes(const void* from, size_t count) {
  return {static_cast<const char*>(from), count};
}

}  // namespace

std::string PeerBytes(const std::string& address, uint16_t port) {
  std::string result = address;
  result.push_back(static_cast<char>(port >> 8));
  result.push_back(static_cast<char>(port & 0xFF));
  return result;
}

std::string PeerBytes(const sockaddr_storage& peer) {
  if (peer.ss_family == AF_INET) {
    sockaddr_in address;
    std::memcpy(&address, &peer, sizeof(address));
    return PeerBytes(Bytes(&address.sin_addr, kIpv4Bytes), ntohs(address.sin_port));
  }
  if (peer.ss_family != AF_INET6) return "";
  sockaddr_in6 address;
  std::memcpy(&address, &peer, sizeof(address));
  const uint8_t* const bytes = address.sin6_addr.s6_addr;
  return PeerBytes(IN6_IS_ADDR_V4MAPPED(&address.sin6_addr)
                       ? Bytes(bytes + kMappedPrefixBytes, kIpv4Bytes)
                       : Bytes(bytes, kIpv6Bytes),
                   ntohs(address.sin6_port));
}

std::string ClientAddressOfPeer(const std::string& peer) {
  const size_t address = peer.size() - std::min(peer.size(), sizeof(uint16_t));
  return peer.substr(0, address == kIpv6Bytes ? kIpv6NetworkBytes : address);
}

std::string ClientAddress(const sockaddr_storage& peer) {
  return ClientAddressOfPeer(PeerBytes(peer));
}

std::string ClientAddressText(const std::string& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.size() == kIpv4Bytes) {
    inet_ntop(AF_INET, address.data(), text, sizeof(text));
    return text;
  }
  if (address.size() != kIpv6NetworkBytes) return "unknown";
  in6_addr network{};
  std::memcpy(&network, address.data(), address.size());
  inet_ntop(AF_INET6, &network, text, sizeof(text));
  return Concat(text, "/64");
}

ConnectionBook::Room ConnectionBook::RoomFor(const std::string& address) const {
  if (connections_ >= max_) return Room::kFull;
  const auto found = of_address_.find(address);
  const size_t own = found == of_address_.end() ? 0 : found->second;
  const bool has_share = HasFairShare(
      static_cast<int64_t>(max_), static_cast<int64_t>(connections_), static_cast<int64_t>(own), 1);
  return has_share ? Room::kThere : Room::kAddressFull;
}

void ConnectionBook::Add(const std::string& address) {
  ++of_address_[address];
  ++connections_;
}

void ConnectionBook::Remove(const std::string& address) {
  const auto found = of_address_.find(address);
  if (--found->second == 0) of_address_.erase(found);
  --connections_;
}

}  // namespace kache
