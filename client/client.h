// The C++ client library of Kache.
//
//   #include "client/client.h"                          // link kache_client
//
//   kache::ClientOptions options;
//   options.servers = {"cache-1:50051", "cache-2:50051"};
//   absl::StatusOr<std::unique_ptr<kache::Client>> client = kache::Client::Create(options);
//
//   // Blocking calls:
//   absl::StatusOr<kache::Receipt> stored =
//       (*client)->Put("user:1", "Ada", {.ttl = absl::Minutes(5)});
//   absl::StatusOr<kache::GetResult> found = (*client)->Get("user:1");
//   if (found.ok() && found->value) Use(*found->value);   // no value = a miss, which is no error
//
//   // The same without waiting; `done` runs on a thread of the library:
//   (*client)->GetAsync("user:1", {}, [](absl::StatusOr<kache::GetResult> result) { ... });
//
//   // Read your own write, or another process's, through any server: pass its version on.
//   (*client)->Get("user:1", {.min_version = stored->version});
//
//   // Many keys, however many: split into batches that the servers take.
//   std::vector<absl::StatusOr<kache::GetResult>> all = (*client)->BatchGet(keys);
//
// What a call does
//   * Keys and values are any bytes: a key 1 B to 1 KiB, a value up to 1 MiB (the servers' limits).
//   * Calls of one key that are made while a message is on its way travel together in the next one,
//     on a Pipeline stream to each server: so many callers, blocking or not, cost little. A single
//     one waits for nobody; beside many that are under way one may wait 1 ms for others. Values
//     over 64 KiB, batches, and servers that don't offer Pipeline get unary calls.
//   * The servers take turns. One that is gone, draining, or has no healthy Redis server is passed
//     over, and so is one that stands still, as its stream tells; a call that it could not take
//     (UNAVAILABLE, or no answer in half of the time that is left), and all that was under way on a
//     stream that broke, or that said nothing for 250 ms although another server does, is sent to
//     another one. Retries stay within the call's deadline and a budget over all calls, so that
//     they don't multiply the load of servers in trouble. Lost connections are made again by
//     themselves.
//   * Writes are stamped: the client chooses the version, by cluster time, and each attempt carries
//     the same one. So an attempt that was given up changes nothing, however late it arrives. The
//     first write of a client asks a server for the time first. A client must not be used on both
//     sides of a fork: a stamp is given once only, by one clock.
//   * A write that lost to a newer version is stamped above that one and sent again, five times at
//     most. So of two writes that overlap the one answered last wins, whatever the clocks say.
//   * To a server of an earlier release, which ignores stamps, a write that it may have done is not
//     sent again: the caller gets the error.
//   * A deadline covers all of that: `timeout` of the call's options, else of ClientOptions. It
//     travels to the server.
//
// Errors are those of kache.proto:
//   INVALID_ARGUMENT     the key, value or TTL is out of range. Nothing was done.
//   UNAVAILABLE          no server could be reached, or none has a replica that can serve.
//   DEADLINE_EXCEEDED    a write may have been applied.
//   RESOURCE_EXHAUSTED   a limit of the server, or of this client (max_in_flight, ...), is reached.
//                        Nothing was done, and nothing is sent again by itself; RetryAdviceOf tells
//                        how long to wait, where it is known. Of a batch, this may be single keys.
//   ABORTED              fewer replicas took part than `consistency` asks; a write may have been
//                        applied, ReceiptOfError tells to how many. Or nothing is as new as
//                        min_version. Or newer writes of the key kept winning over this one; some
//                        replicas may have had it in between. Or, with the reason LIFE_OVER
//                        (ReasonOf in base/error_details.h), its TTL had passed before it was
//                        stored.
//   FAILED_PRECONDITION  the record is of a newer release than the server; or, with the reason
//                        kNodeLimit (base/error_details.h), the Redis servers' own limits do not
//                        allow the request.
//   UNAUTHENTICATED      the servers ask for a token, and know none that this client sent.
//   PERMISSION_DENIED    the token does not allow that.
//   UNIMPLEMENTED        the server's release does not offer that.
//   CANCELLED            the client is being destroyed.
//
// Threads: thread-safe; one Client serves a whole process, and better so: each has connections,
// streams, and a thread for each of `streams` and one more, which wakes up forty times a second.
// Deadlines on streams are kept to 25 ms. Callbacks run on the library's threads, or inside the
// call itself; they must not block, so they must not make blocking calls. The destructor cancels
// what is under way, and returns about 0.1 s after the last callback has; it must not run inside
// one.
//
// Ownership: the client owns all that it needs; keys and values are copied or moved in. What a
// callback refers to must live until the callback has run.
//
// Memory: bounded by max_in_flight and max_in_flight_bytes. What is over them is refused at once.
// Of what is under way, 1,024 operations of a stream are with the server; the others wait here.
//
// Not promised: an order between calls that are under way together, not even on one key.
#ifndef KACHE_CLIENT_CLIENT_H_
#define KACHE_CLIENT_CLIENT_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "client/types.h"
#include "security/channel/channel_security.h"

namespace kache {

class Flights;
class Transport;

struct ClientOptions {
  // host:port each. A name with many addresses stands for all of them.
  std::vector<std::string> servers = {"localhost:50051"};
  // The token that the servers know this client by, and TLS.
  ChannelSecurityOptions security = {};
  // Of calls that name none. Positive.
  absl::Duration timeout = absl::Seconds(1);
  // Pipeline streams to each server. One carries what a core can send; more let a client with many
  // cores, and servers with many gRPC threads, do more. 0 = unary calls only.
  size_t streams = 1;
  // Calls under way at a time (a batch is one), and the bytes of their keys and values.
  size_t max_in_flight = 10'000;
  size_t max_in_flight_bytes = 256 * 1024 * 1024;
  // The servers' MAX_BATCH_KEYS and MAX_BATCH_BYTES.
  size_t max_batch_keys = 1000;
  size_t max_batch_bytes = 3 * 1024 * 1024;
};

class Client {
 public:
  using GetDone = absl::AnyInvocable<void(absl::StatusOr<GetResult>)>;
  using TouchDone = absl::AnyInvocable<void(absl::StatusOr<TouchResult>)>;
  using WriteDone = absl::AnyInvocable<void(absl::StatusOr<Receipt>)>;
  // As many as keys, in order.
  using GetResults = std::vector<absl::StatusOr<GetResult>>;
  using WriteResults = std::vector<absl::StatusOr<Receipt>>;

  // INVALID_ARGUMENT when the options make no sense, or a file that they name is wrong. Connects in
  // the background: servers that cannot be reached are the calls' business.
  static absl::StatusOr<std::unique_ptr<Client>> Create(ClientOptions options);
  // With the servers that KACHE_SERVERS names (default localhost:50051), the token of KACHE_TOKEN
  // or KACHE_TOKEN_FILE, and TLS as KACHE_TLS_CA_FILE and the like say (docs/security.md).
  static absl::StatusOr<std::unique_ptr<Client>> FromEnvironment();
  // Over a transport of the caller's; for tests. `options.servers` is not used.
  Client(ClientOptions options, std::unique_ptr<Transport> transport);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  absl::StatusOr<GetResult> Get(std::string_view key, const GetOptions& options = {});
  absl::StatusOr<Receipt> Put(std::string_view key, std::string_view value,
                              const PutOptions& options = {});
  // Deleting what is not there succeeds.
  absl::StatusOr<Receipt> Delete(std::string_view key, const DeleteOptions& options = {});

  // Gives the value another life, which runs from now on; infinite = it does not expire. A miss is
  // an answer. It never changes a newer value than the one that it found.
  absl::StatusOr<TouchResult> Touch(std::string_view key, absl::Duration ttl,
                                    const TouchOptions& options = {});

  // The key's value; where it is missing, what `fill` brings, of one caller at a time: the others,
  // in whatever process, wait for its value. A slow fill never replaces what was written or deleted
  // after it began. `fill` runs on this thread, at most once, and may block; its error is the
  // answer. Where no server can be asked, or the wait is over, what `fill` brings is the answer,
  // too, and is not stored.
  absl::StatusOr<FilledValue> GetOrFill(std::string_view key,
                                        absl::FunctionRef<absl::StatusOr<std::string>()> fill,
                                        const FillOptions& options = {});

  GetResults BatchGet(std::vector<std::string> keys, const GetOptions& options = {});
  // The entries' own TTLs count, not that of `options`. Of entries with one key the last one wins,
  // and all of them have its result, as long as they travel in one batch.
  WriteResults BatchPut(std::vector<PutEntry> entries, const PutOptions& options = {});
  WriteResults BatchDelete(std::vector<std::string> keys, const DeleteOptions& options = {});

  void GetAsync(std::string key, const GetOptions& options, GetDone done);
  void PutAsync(std::string key, std::string value, const PutOptions& options, WriteDone done);
  void DeleteAsync(std::string key, const DeleteOptions& options, WriteDone done);
  void TouchAsync(std::string key, absl::Duration ttl, const TouchOptions& options, TouchDone done);
  void BatchGetAsync(std::vector<std::string> keys, const GetOptions& options,
                     absl::AnyInvocable<void(GetResults)> done);
  void BatchPutAsync(std::vector<PutEntry> entries, const PutOptions& options,
                     absl::AnyInvocable<void(WriteResults)> done);
  void BatchDeleteAsync(std::vector<std::string> keys, const DeleteOptions& options,
                        absl::AnyInvocable<void(WriteResults)> done);

 private:
  class InFlight;
  MonotonicTime Deadline(absl::Duration timeout) const;

  const ClientOptions options_;
  const std::unique_ptr<InFlight> in_flight_;
  const std::unique_ptr<Flights> flights_;
  const std::unique_ptr<Transport> transport_;  // last: its calls use what stands above
};

}  // namespace kache

#endif  // KACHE_CLIENT_CLIENT_H_
