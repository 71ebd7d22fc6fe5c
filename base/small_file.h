// The text of a file that may be a pipe, of at most 1 MiB. A pipe that nobody writes into is not
// waited for without end.
//
// Thread-safe.
#ifndef KACHE_BASE_SMALL_FILE_H_
#define KACHE_BASE_SMALL_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace kache {

// How long ReadSmallFile waits for what comes through a pipe.
inline constexpr absl::Duration kPipeWait = absl::Seconds(2);

// The whole file. The message names the file and says why it can't be read. Takes kPipeWait at
// most.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path);

// The same, but for a pipe that has no writer: it is waited for `for_writer`, and what has not come
// by then is a text of 0 bytes. The text of a pipe ends when its writers have gone; a writer has
// kPipeWait to come to its end.
absl::StatusOr<std::string> ReadPipeOrFile(const std::string& path, absl::Duration for_writer);

bool IsPipe(const std::string& path);

}  // namespace kache

#endif  // KACHE_BASE_SMALL_FILE_H_
