// chaos-client: the C++ client library for tests/chaos, told by lines of JSON what to do.
//
// usage: chaos-client HOST:PORT...            (coordinators)
//
// Reads requests (request.h) from standard input and writes an answer (answer.h) to standard output
// as each call ends, in any order, until standard input ends. Exit code 2, and a line on standard
// error, when a request is malformed.
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "client/client.h"
#include "tests/chaos/client/answer.h"
#include "tests/chaos/client/request.h"

namespace kache::chaos {
namespace {

// Thread-safe: whole lines only.
class Output {
 public:
  void Write(const std::string& line) {
    const std::lock_guard lock(mutex_);
    std::cout << line << '\n' << std::flush;
  }

 private:
  std::mutex mutex_;
};

// What the library calls when a call ends: writes the answer.
template <class Result>
auto Answer(int64_t id, Output& output) {
  return [id, &output](absl::StatusOr<Result> result) {
    std::vector<absl::StatusOr<Result>> results;
    results.push_back(std::move(result));
    output.Write(AnswerLine(id, results));
  };
}

template <class Result>
auto AnswerAll(int64_t id, Output& output) {
  return [id, &output](std::vector<absl::StatusOr<Result>> results) {
    output.Write(AnswerLine(id, results));
  };
}

std::vector<std::string> KeysOf(std::vector<PutEntry> entries) {
  std::vector<std::string> keys;
  for (PutEntry& entry : entries) keys.push_back(std::move(entry.key));
  return keys;
}

void StartOne(Client& client, const Request& request, PutEntry entry, Output& output) {
  const auto [consistency, timeout] = std::pair(request.consistency, request.timeout);
  switch (request.kind) {
    case Kind::kPut:
      client.PutAsync(std::move(entry.key), std::move(entry.value),
                      {.ttl = entry.ttl, .consistency = consistency, .timeout = timeout},
                      Answer<Receipt>(request.id, output));
      break;
    case Kind::kGet:
      client.GetAsync(std::move(entry.key), {consistency, request.min_version, timeout},
                      Answer<GetResult>(request.id, output));
      break;
    case Kind::kDelete:
      client.DeleteAsync(std::move(entry.key), {consistency, timeout},
                         Answer<Receipt>(request.id, output));
      break;
    case Kind::kTouch:
      client.TouchAsync(std::move(entry.key), entry.ttl, {consistency, timeout},
                        Answer<TouchResult>(request.id, output));
      break;
  }
}

void StartBatch(Client& client, Request request, Output& output) {
  const auto [consistency, timeout] = std::pair(request.consistency, request.timeout);
  switch (request.kind) {
    case Kind::kPut:
      client.BatchPutAsync(std::move(request.entries),
                           {.consistency = consistency, .timeout = timeout},
                           AnswerAll<Receipt>(request.id, output));
      break;
    case Kind::kGet:
      client.BatchGetAsync(KeysOf(std::move(request.entries)),
                           {consistency, request.min_version, timeout},
                           AnswerAll<GetResult>(request.id, output));
      break;
    case Kind::kDelete:
      client.BatchDeleteAsync(KeysOf(std::move(request.entries)), {consistency, timeout},
                              AnswerAll<Receipt>(request.id, output));
      break;
    case Kind::kTouch:  // ParseRequest refuses it.
      break;
  }
}

int Run(ClientOptions options) {
  Output output;
  absl::StatusOr<std::unique_ptr<Client>> client = Client::Create(std::move(options));
  if (!client.ok()) {
    std::cerr << "chaos-client: " << client.status().message() << '\n';
    return 2;
  }
  for (std::string line; std::getline(std::cin, line);) {
    absl::StatusOr<Request> request = ParseRequest(line);
    if (!request.ok()) {
      std::cerr << "chaos-client: " << request.status().message() << ": " << line << '\n';
      return 2;
    }
    if (request->entries.size() == 1) {
      StartOne(**client, *request, std::move(request->entries.front()), output);
    } else {
      StartBatch(**client, *std::move(request), output);
    }
  }
  return 0;
}

}  // namespace
}  // namespace kache::chaos

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: chaos-client HOST:PORT...\n";
    return 2;
  }
  kache::ClientOptions options;
  options.servers.assign(argv + 1, argv + argc);
  return kache::chaos::Run(std::move(options));
}
