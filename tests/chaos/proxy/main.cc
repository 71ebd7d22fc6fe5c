// chaos-proxy: a TCP proxy on 127.0.0.1 whose network can be made bad, for tests/chaos.
//
// usage: chaos-proxy CONTROL_PORT LISTEN_PORT:TARGET_PORT...
//
// A connection to CONTROL_PORT sends lines, each answered by "ok" or "error":
//   pass ROUTE DELAY_MS | cut ROUTE | cut_commands ROUTE | cut_replies ROUTE | reset ROUTE
// ROUTE: 0 for the first pair, and so on. What they do: route.h.
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "tests/chaos/proxy/route.h"

namespace kache::chaos {
namespace {

using Routes = std::vector<std::unique_ptr<Route>>;

std::optional<Fault> ParseFault(const std::string& verb) {
  if (verb == "pass") return Fault::kPass;
  if (verb == "cut") return Fault::kCut;
  if (verb == "cut_commands") return Fault::kCutCommands;
  if (verb == "cut_replies") return Fault::kCutReplies;
  if (verb == "reset") return Fault::kReset;
  return std::nullopt;
}

bool Obey(const std::string& line, Routes& routes) {
  std::istringstream words(line);
  std::string verb;
  size_t route = 0;
  int delay_ms = 0;
  if (!(words >> verb >> route) || route >= routes.size()) return false;
  const std::optional<Fault> fault = ParseFault(verb);
  if (!fault || (fault == Fault::kPass && !(words >> delay_ms))) return false;
  routes[route]->Set(*fault, std::chrono::milliseconds(delay_ms));
  return true;
}

// One short command a connection; whoever controls us is local and quick.
void ServeControl(int listener, Routes& routes) {
  const int client = accept(listener, nullptr, nullptr);
  if (client < 0) return;
  const timeval patience{1, 0};
  setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  char line[128];
  const ssize_t count = recv(client, line, sizeof line, 0);
  const bool obeyed = count > 0 && Obey(std::string(line, static_cast<size_t>(count)), routes);
  const std::string answer = obeyed ? "ok\n" : "error\n";
  send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
  close(client);
}

int TimeoutMs(const Routes& routes, Time now) {
  Time next = now + std::chrono::seconds(1);
  for (const auto& route : routes) next = std::min(next, route->NextDue());
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - now);
  return static_cast<int>(std::max<int64_t>(0, wait.count()));
}

void Run(int control_port, Routes routes) {
  const int control = ListenOn(control_port);
  std::vector<pollfd> waits;
  while (true) {
    Time now = std::chrono::steady_clock::now();
    waits.clear();
    for (const auto& route : routes) route->AddTo(waits, now);
    waits.push_back({control, POLLIN, 0});
    poll(waits.data(), waits.size(), TimeoutMs(routes, now));
    now = std::chrono::steady_clock::now();
    const pollfd* ready = waits.data();
    for (auto& route : routes) ready = route->Step(ready, now);
    if (ready->revents != 0) ServeControl(control, routes);
  }
}

}  // namespace
}  // namespace kache::chaos

int main(int argc, char** argv) {
  kache::chaos::Routes routes;
  for (int i = 2; i < argc; ++i) {
    int listen_port = 0;
    int target_port = 0;
    if (sscanf(argv[i], "%d:%d", &listen_port, &target_port) != 2) argc = 0;
    routes.push_back(std::make_unique<kache::chaos::Route>(listen_port, target_port));
  }
  if (argc < 3) {
    fprintf(stderr, "usage: chaos-proxy CONTROL_PORT LISTEN_PORT:TARGET_PORT...\n");
    return 2;
  }
  kache::chaos::Run(atoi(argv[1]), std::move(routes));
}
