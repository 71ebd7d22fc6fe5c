// Commands on their way out of one connection, in order: small ones copied into one contiguous
// buffer, so that a turn's commands leave in one system call; large ones referenced.
//
// Thread-compatible.
#ifndef KACHE_SERVER_REDIS_WRITE_BATCH_H_
#define KACHE_SERVER_REDIS_WRITE_BATCH_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "server/redis/command.h"

namespace kache::redis {

class WriteBatch {
 public:
  // From this size on a copy costs more than one more piece in the system call.
  static constexpr size_t kReferencedBytes = size_t{16} << 10;

  void Add(const Command& command);
  bool empty() const { return bytes_ == 0; }
  size_t bytes() const { return bytes_; }
  // The batch without its first `skip` bytes, in as few pieces as it has. They live until the
  // batch changes.
  void Pieces(size_t skip, std::vector<std::string_view>& pieces) const;
  // Keeps a buffer of ordinary size for the next batch.
  void Clear();

 private:
  struct Referenced {
    size_t position;  // in copied_: goes out before the byte there
    Command command;
  };
  std::string copied_;
  std::vector<Referenced> referenced_;
  size_t bytes_ = 0;
};

}  // namespace kache::redis

#endif  // KACHE_SERVER_REDIS_WRITE_BATCH_H_
