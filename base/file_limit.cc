#include "base/file_limit.h"

#include <sys/resource.h>

#include "base/strings.h"

namespace kache {

uint64_t RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return RLIM_INFINITY;
  rlimit raised = limit;
  raised.rlim_cur = raised.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

void FitConnectionsIntoFiles(const FileRoom& room, std::string_view setting, size_t* connections,
                             std::string* shortage) {
  const uint64_t left = room.limit > room.reserve ? room.limit - room.reserve : 1;
  if (*connections <= left) return;
  *shortage = Concat("the limit of open files is low: ", setting, " is ", *connections,
                     ", but of the limit of ", room.limit, " files ", room.reserve,
                     " are kept for other uses, so ", left,
                     " connections are served; raise the hard limit (ulimit -Hn, LimitNOFILE=) to ",
                     *connections + room.reserve, ", or lower the setting");
  *connections = left;
}

}  // namespace kache
