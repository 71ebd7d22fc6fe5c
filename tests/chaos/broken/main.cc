// kache-server with one of its protections broken on purpose, for tests/chaos/run_broken: the
// chaos tool must notice each. Settings as kache-server's; KACHE_BREAK names what is broken:
//
//   fence            a node that may lack writes is read at once
//   marker           a node that lost its memory, or loaded an old one, is taken for whole
//   set_if_newer     writes overwrite whatever is there
//   tombstones       a delete removes the record, and leaves nothing
//   hints            a write that a home replica missed leaves no hint
//   shortened_life   a record is gone with its expiry, whatever it replaced
//   acknowledgements a write that failed on a node counts as stored there
//   read_repair      replicas that differ are not made equal, and counted as if they were
//   copies           what a resync or a sweep copies is not stored
//   copied_expiry    what they copy never ends in Redis
//   nil              a replica that holds nothing is believed: the next ones are not heard
//   drain            a resync does not wait for writes that began before the fence, and whoever
//                    missed writes raises no fence of its own; no sweep runs
//   lease            a resync ends whichever fence stands, whoever has the lease; no sweep runs
//   sweep            no sweep runs
//   stand_ins        a stand-in's copy of a short life is gone with it, whatever it shortened
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/environment.h"
#include "base/logging.h"
#include "base/settings.h"
#include "base/shutdown.h"
#include "server/config.h"
#include "server/kache_server.h"
#include "tests/chaos/broken/broken_client.h"

int main() {
  kache::ShutdownSignal shutdown;
  const char* broken = std::getenv("KACHE_BREAK");
  const auto fault = kache::testing::ParseFault(broken == nullptr ? "" : broken);
  if (!fault) {
    std::fprintf(stderr, "kache-server-broken: KACHE_BREAK names no protection\n");
    return 2;
  }
  kache::Environment environment = kache::Environment::FromProcess();
  kache::SettingsReader reader(environment);
  const kache::ServerConfig config = kache::ReadServerConfig(reader);
  if (const absl::Status mistakes = reader.Finish(); !mistakes.ok()) {
    std::fprintf(stderr, "%s\n", std::string(mistakes.message()).c_str());
    return 2;
  }
  kache::StartLogging(config.log, "kache-server-broken");
  kache::ServerSeams seams;
  seams.data_client = seams.recovery_client = [fault = *fault](kache::redis::NodeClient& client) {
    return kache::testing::Break(client, fault);
  };
  auto server = kache::KacheServer::Start(config, seams);
  if (!server.ok()) {
    std::fprintf(stderr, "%s\n", std::string(server.status().message()).c_str());
    return 1;
  }
  shutdown.Wait();
  return (*server)->Stop(config.drain) ? 0 : 1;
}
