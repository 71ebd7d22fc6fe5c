// A file descriptor that is closed when its owner goes.
//
// Thread-compatible.
#ifndef KACHE_BASE_UNIQUE_FD_H_
#define KACHE_BASE_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace kache {

class UniqueFd {
 public:
  UniqueFd() = default;
  // Owns `fd`; a negative one is none.
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd() {
    if (fd_ >= 0) ::close(fd_);
  }

  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }
  // The caller's from now on.
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

}  // namespace kache

#endif  // KACHE_BASE_UNIQUE_FD_H_
