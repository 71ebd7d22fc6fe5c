#include "client/client.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

#include "base/environment.h"
#include "base/host_port.h"
#include "base/strings.h"
#include "client/awaited_answer.h"
#include "client/batch_run.h"
#include "client/batches.h"
#include "client/flights.h"
#include "client/get_or_fill.h"
#include "client/grpc_transport.h"
#include "client/messages.h"
#include "client/server_list.h"
#include "client/transport.h"

namespace kache {
namespace {

// Longer ones count as so long: a deadline must not overflow.
constexpr absl::Duration kMaxTimeout = absl::Hours(24);

// Each thread that calls has a lane of its own, as far as there are as many streams.
size_t Lane() {
  static std::atomic<size_t> next = 0;
  thread_local const size_t lane = next.fetch_add(1, std::memory_order_relaxed);
  return lane;
}

size_t BytesOf(const std::vector<std::string>& keys) {
  size_t bytes = 0;
  for (const std::string& key : keys) bytes += key.size();
  return bytes;
}

size_t BytesOf(const std::vector<PutEntry>& entries) {
  size_t bytes = 0;
  for (const PutEntry& entry : entries) bytes += entry.key.size() + entry.value.size();
  return bytes;
}

absl::Status CheckOptions(const ClientOptions& options) {
  if (options.servers.empty()) return absl::InvalidArgumentError("there is no server");
  for (const std::string& server : options.servers) {
    HostPort address;
    const absl::Status status = ParseHostPort(server, /*allow_port_zero=*/false, &address);
    if (!status.ok()) {
      return absl::InvalidArgumentError(Concat("\"", server, "\": ", ToStd(status.message())));
    }
  }
  if (options.timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("the timeout is not positive");
  }
  if (options.max_batch_keys == 0) return absl::InvalidArgumentError("max_batch_keys is 0");
  return absl::OkStatus();
}

}  // namespace

// Counts the calls under way and their bytes.
class Client::InFlight {
 public:
  explicit InFlight(const ClientOptions& options) : options_(options) {}

  absl::Status Enter(size_t bytes) {
    const size_t calls = calls_.fetch_add(1, std::memory_order_relaxed) + 1;
    const size_t all_bytes = bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    if (calls <= options_.max_in_flight && all_bytes <= options_.max_in_flight_bytes) {
      return absl::OkStatus();
    }
    Leave(bytes);
    return absl::ResourceExhaustedError("too many calls of this client are under way");
  }
  void Leave(size_t bytes) {
    calls_.fetch_sub(1, std::memory_order_relaxed);
    bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  }

 private:
  const ClientOptions& options_;
  std::atomic<size_t> calls_ = 0;
  std::atomic<size_t> bytes_ = 0;
};

absl::StatusOr<std::unique_ptr<Client>> Client::Create(ClientOptions options) {
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  absl::StatusOr<ChannelSecurity> security = ChannelSecurity::Make(options.security);
  if (!security.ok()) return security.status();
  auto transport = std::make_unique<GrpcTransport>(GrpcTransportOptions{
      .servers = options.servers, .security = *std::move(security), .lanes = options.streams});
  return std::make_unique<Client>(std::move(options), std::move(transport));
}

absl::StatusOr<std::unique_ptr<Client>> Client::FromEnvironment() {
  const Environment environment = Environment::FromProcess();
  SettingsReader reader(environment);
  ClientOptions options;
  options.servers = ReadServerList(reader);
  options.security = ReadChannelSecurity(reader);
  if (absl::Status mistakes = reader.Finish(); !mistakes.ok()) return mistakes;
  return Create(std::move(options));
}

Client::Client(ClientOptions options, std::unique_ptr<Transport> transport)
    : options_(std::move(options)),
      in_flight_(std::make_unique<InFlight>(options_)),
      flights_(std::make_unique<Flights>()),
      transport_(std::move(transport)) {}

Client::~Client() { transport_->Stop(); }

MonotonicTime Client::Deadline(absl::Duration timeout) const {
  if (timeout <= absl::ZeroDuration()) timeout = options_.timeout;
  return std::chrono::steady_clock::now() +
         absl::ToChronoNanoseconds(std::min(timeout, kMaxTimeout));
}

void Client::GetAsync(std::string key, const GetOptions& options, GetDone done) {
  const size_t bytes = key.size();
  if (absl::Status full = in_flight_->Enter(bytes); !full.ok()) return done(std::move(full));
  v1::GetRequest request;
  request.set_key(std::move(key));
  request.set_consistency(ToMessage(options.consistency));
  if (options.min_version.IsSet()) *request.mutable_min_version() = ToMessage(options.min_version);
  transport_->Get(
      std::move(request), {Deadline(options.timeout), Lane()},
      [this, bytes, done = std::move(done)](absl::StatusOr<v1::GetResponse> response) mutable {
        in_flight_->Leave(bytes);
        if (!response.ok()) return done(std::move(response).status());
        done(FromMessage(*std::move(response)));
      });
}

void Client::PutAsync(std::string key, std::string value, const PutOptions& options,
                      WriteDone done) {
  const absl::StatusOr<int64_t> ttl_ms = TtlMs(options.ttl);
  if (!ttl_ms.ok()) return done(ttl_ms.status());
  const size_t bytes = key.size() + value.size();
  if (absl::Status full = in_flight_->Enter(bytes); !full.ok()) return done(std::move(full));
  v1::PutRequest request;
  request.set_key(std::move(key));
  request.set_value(std::move(value));
  request.set_ttl_ms(*ttl_ms);
  request.set_consistency(ToMessage(options.consistency));
  transport_->Put(
      std::move(request), {Deadline(options.timeout), Lane()},
      [this, bytes, done = std::move(done)](absl::StatusOr<v1::PutResponse> response) mutable {
        in_flight_->Leave(bytes);
        if (!response.ok()) return done(std::move(response).status());
        done(FromMessage(response->receipt()));
      });
}

void Client::DeleteAsync(std::string key, const DeleteOptions& options, WriteDone done) {
  const size_t bytes = key.size();
  if (absl::Status full = in_flight_->Enter(bytes); !full.ok()) return done(std::move(full));
  v1::DeleteRequest request;
  request.set_key(std::move(key));
  request.set_consistency(ToMessage(options.consistency));
  transport_->Delete(
      std::move(request), {Deadline(options.timeout), Lane()},
      [this, bytes, done = std::move(done)](absl::StatusOr<v1::DeleteResponse> response) mutable {
        in_flight_->Leave(bytes);
        if (!response.ok()) return done(std::move(response).status());
        done(FromMessage(response->receipt()));
      });
}

void Client::TouchAsync(std::string key, absl::Duration ttl, const TouchOptions& options,
                        TouchDone done) {
  const absl::StatusOr<int64_t> ttl_ms = TtlMs(ttl);
  if (!ttl_ms.ok()) return done(ttl_ms.status());
  const size_t bytes = key.size();
  if (absl::Status full = in_flight_->Enter(bytes); !full.ok()) return done(std::move(full));
  v1::TouchRequest request;
  request.set_key(std::move(key));
  request.set_ttl_ms(*ttl_ms);
  request.set_consistency(ToMessage(options.consistency));
  transport_->Touch(
      std::move(request), {Deadline(options.timeout), Lane()},
      [this, bytes, done = std::move(done)](absl::StatusOr<v1::TouchResponse> response) mutable {
        in_flight_->Leave(bytes);
        if (!response.ok()) return done(std::move(response).status());
        done(TouchResult{response->found(), FromMessage(response->receipt())});
      });
}

void Client::BatchGetAsync(std::vector<std::string> keys, const GetOptions& options,
                           absl::AnyInvocable<void(GetResults)> done) {
  const size_t bytes = BytesOf(keys);
  if (absl::Status full = in_flight_->Enter(bytes); !full.ok()) {
    return done(GetResults(keys.size(), full));
  }
  BatchRun<GetBatch>::Start({transport_.get(), options, Deadline(options.timeout)}, std::move(keys),
                            {options_.max_batch_keys, options_.max_batch_bytes},
                            [this, bytes, done = std::move(done)](GetResults results) mutable {
                              in_flight_->Leave(bytes);
                              done(std::move(results));
                            });
}

void Client::BatchPutAsync(std::vector<PutEntry> entries, const PutOptions& options,
                           absl::AnyInvocable<void(WriteResults)> done) {
  for (const PutEntry& entry : entries) {
    const absl::StatusOr<int64_t> ttl_ms = TtlMs(entry.ttl);
    if (!ttl_ms.ok()) return done(WriteResults(entries.size(), ttl_ms.status()));
  }
  const size_t bytes = BytesOf(entries);
  if (absl::Status full = in_flight_->Enter(bytes); !full.ok()) {
    return done(WriteResults(entries.size(), full));
  }
  BatchRun<PutBatch>::Start({transport_.get(), options, Deadline(options.timeout)},
                            std::move(entries), {options_.max_batch_keys, options_.max_batch_bytes},
                            [this, bytes, done = std::move(done)](WriteResults results) mutable {
                              in_flight_->Leave(bytes);
                              done(std::move(results));
                            });
}

void Client::BatchDeleteAsync(std::vector<std::string> keys, const DeleteOptions& options,
                              absl::AnyInvocable<void(WriteResults)> done) {
  const size_t bytes = BytesOf(keys);
  if (absl::Status full = in_flight_->Enter(bytes); !full.ok()) {
    return done(WriteResults(keys.size(), full));
  }
  BatchRun<DeleteBatch>::Start({transport_.get(), options, Deadline(options.timeout)},
                               std::move(keys), {options_.max_batch_keys, options_.max_batch_bytes},
                               [this, bytes, done = std::move(done)](WriteResults results) mutable {
                                 in_flight_->Leave(bytes);
                                 done(std::move(results));
                               });
}

absl::StatusOr<GetResult> Client::Get(std::string_view key, const GetOptions& options) {
  AwaitedAnswer<absl::StatusOr<GetResult>> answer;
  GetAsync(std::string(key), options, answer.Callback());
  return answer.Wait();
}

absl::StatusOr<Receipt> Client::Put(std::string_view key, std::string_view value,
                                    const PutOptions& options) {
  AwaitedAnswer<absl::StatusOr<Receipt>> answer;
  PutAsync(std::string(key), std::string(value), options, answer.Callback());
  return answer.Wait();
}

absl::StatusOr<Receipt> Client::Delete(std::string_view key, const DeleteOptions& options) {
  AwaitedAnswer<absl::StatusOr<Receipt>> answer;
  DeleteAsync(std::string(key), options, answer.Callback());
  return answer.Wait();
}

absl::StatusOr<TouchResult> Client::Touch(std::string_view key, absl::Duration ttl,
                                          const TouchOptions& options) {
  AwaitedAnswer<absl::StatusOr<TouchResult>> answer;
  TouchAsync(std::string(key), ttl, options, answer.Callback());
  return answer.Wait();
}

absl::StatusOr<FilledValue> Client::GetOrFill(std::string_view key,
                                              absl::FunctionRef<absl::StatusOr<std::string>()> fill,
                                              const FillOptions& options) {
  const absl::StatusOr<int64_t> ttl_ms = TtlMs(options.ttl);
  if (!ttl_ms.ok()) return ttl_ms.status();
  if (options.lease <= absl::ZeroDuration() || options.wait < absl::ZeroDuration()) {
    return absl::InvalidArgumentError("a lease is positive, and a wait is not negative");
  }
  if (absl::Status full = in_flight_->Enter(key.size()); !full.ok()) return full;
  const absl::Duration timeout =
      options.timeout > absl::ZeroDuration() ? options.timeout : options_.timeout;
  absl::StatusOr<FilledValue> filled = kache::GetOrFill(
      {*transport_, *flights_, Lane()},
      {key, *ttl_ms, options.lease, options.wait, std::min(timeout, kMaxTimeout)}, fill);
  in_flight_->Leave(key.size());
  return filled;
}

Client::GetResults Client::BatchGet(std::vector<std::string> keys, const GetOptions& options) {
  AwaitedAnswer<GetResults> answer;
  BatchGetAsync(std::move(keys), options, answer.Callback());
  return answer.Wait();
}

Client::WriteResults Client::BatchPut(std::vector<PutEntry> entries, const PutOptions& options) {
  AwaitedAnswer<WriteResults> answer;
  BatchPutAsync(std::move(entries), options, answer.Callback());
  return answer.Wait();
}

Client::WriteResults Client::BatchDelete(std::vector<std::string> keys,
                                         const DeleteOptions& options) {
  AwaitedAnswer<WriteResults> answer;
  BatchDeleteAsync(std::move(keys), options, answer.Callback());
  return answer.Wait();
}

}  // namespace kache
