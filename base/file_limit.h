// How many files (connections among them) the process may have open, and what that means for the
// connections of its clients.
#ifndef KACHE_BASE_FILE_LIMIT_H_
#define KACHE_BASE_FILE_LIMIT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kache {

// Raises the soft limit of open files to the hard one, as far as the system lets it, and returns
// the limit now in force. Soft limits are low (often 1024) for programs that use select(), which
// none of ours does. Thread-safe.
uint64_t RaiseFileLimit();

struct FileRoom {
  uint64_t limit = 0;    // of open files
  uint64_t reserve = 0;  // kept for everything but the clients' connections
};

// Lowers `connections`, the value of `setting`, to what `room` leaves for them, at least 1.
// `shortage` then says so, and what to do; otherwise it stays as it is. Pure.
void FitConnectionsIntoFiles(const FileRoom& room, std::string_view setting, size_t* connections,
                             std::string* shortage);

}  // namespace kache

#endif  // KACHE_BASE_FILE_LIMIT_H_
