#include "tests/chaos/proxy/route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace kache::chaos {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

void SetNoDelay(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

int ListenOn(int port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = Loopback(port);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, 128) != 0) {
    perror("chaos-proxy: listen");
    exit(1);
  }
  return listener;
}

Route::Route(int listen_port, int target_port)
    : target_port_(target_port), listener_(ListenOn(listen_port)) {}

Route::~Route() {
  for (auto& link : links_) Close(*link, false);
  close(listener_);
}

void Route::Set(Fault fault, std::chrono::milliseconds delay) {
  fault_ = fault;
  delay_ = delay;
  if (fault == Fault::kReset) {
    for (auto& link : links_) Close(*link, true);
    links_.clear();
  }
}

void Route::AddTo(std::vector<pollfd>& waits, Time now) const {
  waits.push_back({listener_, POLLIN, 0});
  for (const auto& link : links_) {
    short client = 0;
    short server = 0;
    if (link->connecting) {
      if (fault_ == Fault::kPass) server = POLLOUT;
    } else if (link->server >= 0) {
      if (CommandsPass() && link->to_server.WantsToRead()) client |= POLLIN;
      if (CommandsPass() && link->to_server.WantsToWrite(now)) server |= POLLOUT;
      if (RepliesPass() && link->to_client.WantsToRead()) server |= POLLIN;
      if (RepliesPass() && link->to_client.WantsToWrite(now)) client |= POLLOUT;
    }
    // A socket that is waited for nothing would still report its hang-up, for ever.
    waits.push_back({client != 0 ? link->client : -1, client, 0});
    waits.push_back({server != 0 ? link->server : -1, server, 0});
  }
}

const pollfd* Route::Step(const pollfd* ready, Time now) {
  const bool can_accept = (ready++)->revents != 0;
  for (auto& link : links_) {
    const short client_events = (ready++)->revents;
    const short server_events = (ready++)->revents;
    if (!CommandsPass() && !RepliesPass()) continue;
    if (link->server >= 0) {
      StepLink(*link, client_events, server_events, now);
    } else if (fault_ == Fault::kPass) {
      Connect(*link);
    }
    const bool finished = link->to_server.Finished() && link->to_client.Finished();
    if (link->broken || finished) Close(*link, link->broken);
  }
  std::erase_if(links_, [](const auto& link) { return link->client < 0; });
  if (can_accept) Accept();
  return ready;
}

Time Route::NextDue() const {
  Time next = Time::max();
  for (const auto& link : links_) {
    if (CommandsPass()) next = std::min(next, link->to_server.NextDue());
    if (RepliesPass()) next = std::min(next, link->to_client.NextDue());
  }
  return next;
}

void Route::Accept() {
  const int client = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (client < 0) return;
  SetNoDelay(client);
  auto link = std::make_unique<Link>();
  link->client = client;
  if (fault_ == Fault::kReset) {
    Close(*link, true);
    return;
  }
  if (fault_ == Fault::kPass) Connect(*link);
  if (link->broken) {
    Close(*link, true);
  } else {
    links_.push_back(std::move(link));
  }
}

void Route::Connect(Link& link) {
  link.server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  SetNoDelay(link.server);
  const sockaddr_in address = Loopback(target_port_);
  if (connect(link.server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return;
  }
  link.connecting = errno == EINPROGRESS;
  link.broken = !link.connecting;
}

void Route::StepLink(Link& link, short client_events, short server_events, Time now) {
  if (link.connecting) {
    if (server_events == 0 || fault_ != Fault::kPass) return;
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(link.server, SOL_SOCKET, SO_ERROR, &error, &size);
    link.connecting = false;
    link.broken = error != 0;
    return;
  }
  const Time due = now + delay_;
  bool alive = true;
  if (CommandsPass() && client_events & (POLLIN | POLLHUP | POLLERR)) {
    alive = !link.to_server.WantsToRead() || link.to_server.ReadFrom(link.client, due);
  }
  if (alive && RepliesPass() && server_events & (POLLIN | POLLHUP | POLLERR)) {
    alive = !link.to_client.WantsToRead() || link.to_client.ReadFrom(link.server, due);
  }
  // What has arrived still gets through to a server whose client is gone.
  if (CommandsPass()) alive = link.to_server.WriteTo(link.server, now) && alive;
  if (RepliesPass()) alive = link.to_client.WriteTo(link.client, now) && alive;
  link.broken = !alive;
}

void Route::Close(Link& link, bool reset) {
  for (int* socket : {&link.client, &link.server}) {
    if (*socket < 0) continue;
    if (reset) {
      const linger at_once{1, 0};
      setsockopt(*socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    close(*socket);
    *socket = -1;
  }
}

}  // namespace kache::chaos
