#include "tests/testing/ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace kache::testing {
namespace {

int BindToFreePort(uint16_t* port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::perror("no free port");
    std::abort();
  }
  *port = ntohs(address.sin_port);
  return fd;
}

}  // namespace

int ListenOnFreePort(uint16_t* port, int backlog) {
  const int fd = BindToFreePort(port);
  if (listen(fd, backlog) != 0) {
    std::perror("can't listen");
    std::abort();
  }
  return fd;
}

uint16_t FreePort() {
  uint16_t port = 0;
  close(BindToFreePort(&port));
  return port;
}

}  // namespace kache::testing
