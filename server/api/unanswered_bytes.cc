#include "server/api/unanswered_bytes.h"

#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <functional>

#include "base/unique_fd.h"

namespace kache {

std::optional<ConnectionTraffic> ReadTraffic(int fd) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  constexpr size_t kNeeded = offsetof(tcp_info, tcpi_bytes_sent) + sizeof(info.tcpi_bytes_sent);
  if (size < kNeeded) return std::nullopt;
  int unread = 0;
  if (ioctl(fd, FIONREAD, &unread) != 0) return std::nullopt;
  const uint64_t received = info.tcpi_bytes_received;
  return ConnectionTraffic{.read_bytes = received - std::min<uint64_t>(received, unread),
                           .sent_bytes = info.tcpi_bytes_sent};
}

std::vector<int> ConnectionsWithoutAnswer(std::span<const UnansweredConnection> connections,
                                          bool in_need) {
  const uint64_t most = in_need ? kMaxUnansweredBytesInNeed : kMaxUnansweredBytes;
  std::vector<UnansweredConnection> over;
  for (const UnansweredConnection& each : connections) {
    if (each.bytes > most) over.push_back(each);
  }
  std::ranges::sort(over, std::ranges::greater(), &UnansweredConnection::bytes);
  std::vector<int> fds;
  for (const UnansweredConnection& each : over) fds.push_back(each.fd);
  return fds;
}

uint64_t ResidentBytes() {
  static const UniqueFd statm(open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  static const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  std::array<char, 128> text{};
  if (pread(statm.get(), text.data(), text.size() - 1, 0) <= 0) return 0;
  char* end = nullptr;
  strtoull(text.data(), &end, 10);  // the size
  return strtoull(end, nullptr, 10) * page;
}

}  // namespace kache
