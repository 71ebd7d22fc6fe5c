#include "base/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

namespace kache {

void OpenStandardStreams() {
  int fd = open("/dev/null", O_RDWR);  // gets the lowest number that is free
  while (fd >= 0 && fd <= STDERR_FILENO) fd = dup(fd);
  if (fd > STDERR_FILENO) close(fd);
}

}  // namespace kache
