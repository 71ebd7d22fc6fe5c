// A Kache server in this process, on a real socket: kache.v1.Kache over a map, and the gRPC health
// protocol. Tests tell it what to refuse, how long to take and whether it serves.
//
// It keeps the stamps that writes carry, refuses those out of range, and names cluster time. What
// loses to a newer version is answered SUPERSEDED.
//
// Thread-safe.
#ifndef KACHE_TESTS_TESTING_FAKE_KACHE_H_
#define KACHE_TESTS_TESTING_FAKE_KACHE_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "grpcpp/server.h"
#include "kache/v1/kache.grpc.pb.h"
#include "tests/testing/fake_records.h"
#include "tests/testing/fake_writes.h"

namespace kache {

class FakeKache final : public v1::Kache::Service {
 public:
  // The one node that it has, which answers all reads.
  static constexpr char kNodeName[] = "cache-a";
  static constexpr uint32_t kNodeId = 0x536db866;

  // Listens on 127.0.0.1; port 0 = any free one. Serves, and says so, from the start.
  // Its records are its own, unless it shares those of others.
  explicit FakeKache(int port = 0, std::shared_ptr<FakeRecords> records = nullptr);
  ~FakeKache() override;

  int port() const { return port_; }
  std::string address() const { return "localhost:" + std::to_string(port_); }

  // What the health protocol says of kache.v1.Kache.
  void SetServing(bool serving);
  // The next `calls` calls of any rpc but GetStatus fail with `status`.
  void FailNext(int calls, grpc::Status status);
  // Every call but GetStatus waits that long before it is done, or until its caller gives up. Those
  // that wait already follow the change.
  void SetDelay(absl::Duration delay);
  // Whether it knows Pipeline; it does at first.
  void SetOffersPipeline(bool offers);
  // What counts as a call of Pipeline, fails and is delayed: every operation by itself, at first,
  // or a stream when it begins.
  void SetOperationsAreCalls(bool operations);
  // Every call that is there or comes waits until it is thawed, its caller given up or not, and is
  // then done.
  void Freeze();
  void Thaw();
  // GetStatus fails with `status` from now on; OK = no more.
  void FailStatus(grpc::Status status);
  // The next `writes` calls of Put or Delete are done, and fail as if the connection broke before
  // the answer.
  void LoseAnswers(int writes);
  // A write that was done waits that long before it is answered; see SetDelay.
  void SetAnswerDelay(absl::Duration delay);

  // Whether it is of a release that knows stamps and cluster time; it is at first.
  void SetKnowsStamps(bool knows) { writes_.SetKnowsStamps(knows); }
  // How far cluster time is ahead of this machine's wall clock.
  void SetClusterTimeAhead(absl::Duration ahead) { writes_.SetClusterTimeAhead(ahead); }
  // Before each of the next `writes` writes with a stamp somebody else writes the key, with a
  // version that is `ahead` of the stamp.
  void LetRivalsWrite(int writes, absl::Duration ahead = absl::Milliseconds(1)) {
    writes_.LetRivalsWrite(writes, ahead);
  }
  // What SUPERSEDED answers say; false at first.
  void SetAllHeard(bool all_heard) { writes_.SetAllHeard(all_heard); }

  // BatchGet stops filling values after this many bytes.
  void SetBatchBytes(size_t bytes);

  // Calls received so far, failed ones included. Those of GetStatus, which gateways make of their
  // own accord, are counted apart; they are neither failed nor delayed.
  int calls() const;
  int status_calls() const;
  // Pipeline streams that have ended.
  int ended_streams() const;
  // What the last Put, Get, Delete or Touch carried.
  v1::PutRequest last_put() const;
  v1::DeleteRequest last_delete() const;
  v1::GetRequest last_get() const;
  v1::TouchRequest last_touch() const;
  // The stamps of all writes in the order received; without one, an empty one. Of a batch in its
  // order, and how many there were in each.
  std::vector<v1::Stamp> stamps() const { return writes_.stamps(); }
  std::vector<int> batch_sizes() const;
  absl::Time cluster_time() const { return writes_.cluster_time(); }
  // Time that the last call was given.
  absl::Duration last_timeout() const;
  bool Holds(const std::string& key) const;
  FakeRecords& records() { return *records_; }

  grpc::Status Get(grpc::ServerContext* context, const v1::GetRequest* request,
                   v1::GetResponse* response) override;
  grpc::Status Put(grpc::ServerContext* context, const v1::PutRequest* request,
                   v1::PutResponse* response) override;
  grpc::Status Delete(grpc::ServerContext* context, const v1::DeleteRequest* request,
                      v1::DeleteResponse* response) override;
  // Changes nothing; finds what is held.
  grpc::Status Touch(grpc::ServerContext* context, const v1::TouchRequest* request,
                     v1::TouchResponse* response) override;
  // One caller at a time gets the lease of a key that is missing, until it is written. The others
  // wait on the thread that serves them.
  grpc::Status GetOrLease(grpc::ServerContext* context, const v1::GetOrLeaseRequest* request,
                          v1::GetOrLeaseResponse* response) override;
  grpc::Status BatchGet(grpc::ServerContext* context, const v1::BatchGetRequest* request,
                        v1::BatchGetResponse* response) override;
  grpc::Status BatchPut(grpc::ServerContext* context, const v1::BatchPutRequest* request,
                        v1::BatchPutResponse* response) override;
  grpc::Status BatchDelete(grpc::ServerContext* context, const v1::BatchDeleteRequest* request,
                           v1::BatchDeleteResponse* response) override;
  // Answers each message with one, its operations one after the other in the opposite order.
  grpc::Status Pipeline(
      grpc::ServerContext* context,
      grpc::ServerReaderWriter<v1::PipelineResponse, v1::PipelineRequest>* stream) override;
  grpc::Status GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest* request,
                         v1::GetStatusResponse* response) override;

 private:
  void Answer(const v1::PipelineOperation& operation, v1::PipelineResult* result)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Counts the call, and fails or delays it as told.
  grpc::Status Enter(grpc::ServerContext* context);
  void AwaitThaw();
  void Hold(grpc::ServerContext* context, absl::Duration FakeKache::*delay);
  // The status of a write that was done.
  grpc::Status AnswerWrite(const v1::WriteResult& result, v1::Receipt* receipt);
  v1::GetResponse Read(const std::string& key) const;
  v1::TouchResponse Find(const v1::TouchRequest& request) ABSL_LOCKS_EXCLUDED(mutex_);
  v1::GetOrLeaseResponse Lease(const v1::GetOrLeaseRequest& request) ABSL_LOCKS_EXCLUDED(mutex_);
  v1::GetOrLeaseResponse LeaseNow(const std::string& key) ABSL_LOCKS_EXCLUDED(mutex_);

  const std::shared_ptr<FakeRecords> records_;
  FakeWrites writes_{*records_};
  mutable std::mutex mutex_;
  int calls_ ABSL_GUARDED_BY(mutex_) = 0;
  int status_calls_ ABSL_GUARDED_BY(mutex_) = 0;
  int ended_streams_ ABSL_GUARDED_BY(mutex_) = 0;
  int failures_left_ ABSL_GUARDED_BY(mutex_) = 0;
  grpc::Status failure_ ABSL_GUARDED_BY(mutex_);
  grpc::Status status_failure_ ABSL_GUARDED_BY(mutex_);
  int answers_to_lose_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Duration delay_ ABSL_GUARDED_BY(mutex_);
  absl::Duration answer_delay_ ABSL_GUARDED_BY(mutex_);
  bool frozen_ ABSL_GUARDED_BY(mutex_) = false;
  bool offers_pipeline_ ABSL_GUARDED_BY(mutex_) = true;
  bool operations_are_calls_ ABSL_GUARDED_BY(mutex_) = true;
  size_t batch_bytes_ ABSL_GUARDED_BY(mutex_) = 3 * 1024 * 1024;
  v1::PutRequest last_put_ ABSL_GUARDED_BY(mutex_);
  v1::DeleteRequest last_delete_ ABSL_GUARDED_BY(mutex_);
  v1::GetRequest last_get_ ABSL_GUARDED_BY(mutex_);
  v1::TouchRequest last_touch_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> leased_ ABSL_GUARDED_BY(mutex_);  // keys
  std::vector<int> batch_sizes_ ABSL_GUARDED_BY(mutex_);
  absl::Duration last_timeout_ ABSL_GUARDED_BY(mutex_);
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace kache

#endif  // KACHE_TESTS_TESTING_FAKE_KACHE_H_
