// Who has how many of a port's connections (base/connection_book.h), for several threads, and the
// bytes that the connections of each client address hold (held_bytes.h).
//
// Thread-safe.
#ifndef KACHE_HTTP_CONNECTION_ROOM_H_
#define KACHE_HTTP_CONNECTION_ROOM_H_

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "base/connection_book.h"
#include "http/held_bytes.h"

namespace kache {

class ConnectionRoom {
 public:
  explicit ConnectionRoom(size_t max) : book_(max) {}
  ConnectionRoom(const ConnectionRoom&) = delete;
  ConnectionRoom& operator=(const ConnectionRoom&) = delete;

  // One connection, which counts until this is destroyed. The room outlives it. An empty place, as
  // it is made and as it is left by a move, counts nothing.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept { *this = std::move(other); }
    Place& operator=(Place&& other) noexcept {
      std::swap(room_, other.room_);
      std::swap(address_, other.address_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Place() {
      bytes_.reset();
      if (room_ != nullptr) room_->GiveBack(address_);
    }

    // Of all connections of the same client address.
    const std::shared_ptr<HeldBytes::OfAddress>& bytes() const { return bytes_; }

   private:
    friend class ConnectionRoom;
    ConnectionRoom* room_ = nullptr;
    std::string address_;
    std::shared_ptr<HeldBytes::OfAddress> bytes_;
  };

  // kThere: `place` is one, and was empty before.
  ConnectionBook::Room Take(const std::string& address, Place* place) {
    const std::lock_guard lock(mutex_);
    const ConnectionBook::Room room = book_.RoomFor(address);
    if (room == ConnectionBook::Room::kThere) *place = Add(address);
    return room;
  }
  // A place, whether there is room or not.
  Place Count(const std::string& address) {
    const std::lock_guard lock(mutex_);
    return Add(address);
  }

 private:
  Place Add(const std::string& address) {
    book_.Add(address);
    std::shared_ptr<HeldBytes::OfAddress>& bytes = bytes_[address];
    if (bytes == nullptr) bytes = std::make_shared<HeldBytes::OfAddress>();
    Place place;
    place.room_ = this;
    place.address_ = address;
    place.bytes_ = bytes;
    return place;
  }
  void GiveBack(const std::string& address) {
    const std::lock_guard lock(mutex_);
    book_.Remove(address);
    const auto found = bytes_.find(address);
    // Copies are made under the lock only, and gone before their place: the last place finds none.
    if (found != bytes_.end() && found->second.use_count() == 1) bytes_.erase(found);
  }

  std::mutex mutex_;
  ConnectionBook book_;
  // Of the addresses that have a place. Shared: with their places and connections.
  absl::flat_hash_map<std::string, std::shared_ptr<HeldBytes::OfAddress>> bytes_;
};

}  // namespace kache

#endif  // KACHE_HTTP_CONNECTION_ROOM_H_
