#include "tests/testing/fake_kache.h"

#include <chrono>
#include <utility>

#include "absl/time/clock.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"

namespace kache {
namespace {

constexpr char kService[] = "kache.v1.Kache";
grpc::Status StatusOf(const v1::WriteResult& result, v1::Receipt* receipt) {
  if (result.has_error()) return StatusOfError(result.error());
  *receipt = result.receipt();
  return grpc::Status::OK;
}

}  // namespace

FakeKache::FakeKache(int port, std::shared_ptr<FakeRecords> records)
    : records_(records != nullptr ? std::move(records) : std::make_shared<FakeRecords>()) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(),
                           &port_);
  builder.SetMaxReceiveMessageSize(16 * 1024 * 1024);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
  SetServing(true);
}

FakeKache::~FakeKache() {
  Thaw();
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
}

void FakeKache::SetServing(bool serving) {
  server_->GetHealthCheckService()->SetServingStatus(kService, serving);
}

void FakeKache::FailNext(int calls, grpc::Status status) {
  const std::lock_guard lock(mutex_);
  failures_left_ = calls;
  failure_ = std::move(status);
}

void FakeKache::FailStatus(grpc::Status status) {
  const std::lock_guard lock(mutex_);
  status_failure_ = std::move(status);
}

void FakeKache::LoseAnswers(int writes) {
  const std::lock_guard lock(mutex_);
  answers_to_lose_ = writes;
}

void FakeKache::SetDelay(absl::Duration delay) {
  const std::lock_guard lock(mutex_);
  delay_ = delay;
}

void FakeKache::Freeze() {
  const std::lock_guard lock(mutex_);
  frozen_ = true;
}

void FakeKache::Thaw() {
  const std::lock_guard lock(mutex_);
  frozen_ = false;
}

void FakeKache::SetAnswerDelay(absl::Duration delay) {
  const std::lock_guard lock(mutex_);
  answer_delay_ = delay;
}

void FakeKache::SetOffersPipeline(bool offers) {
  const std::lock_guard lock(mutex_);
  offers_pipeline_ = offers;
}

void FakeKache::SetOperationsAreCalls(bool operations) {
  const std::lock_guard lock(mutex_);
  operations_are_calls_ = operations;
}

void FakeKache::SetBatchBytes(size_t bytes) {
  const std::lock_guard lock(mutex_);
  batch_bytes_ = bytes;
}

int FakeKache::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

int FakeKache::status_calls() const {
  const std::lock_guard lock(mutex_);
  return status_calls_;
}

std::vector<int> FakeKache::batch_sizes() const {
  const std::lock_guard lock(mutex_);
  return batch_sizes_;
}

int FakeKache::ended_streams() const {
  const std::lock_guard lock(mutex_);
  return ended_streams_;
}

v1::PutRequest FakeKache::last_put() const {
  const std::lock_guard lock(mutex_);
  return last_put_;
}

v1::DeleteRequest FakeKache::last_delete() const {
  const std::lock_guard lock(mutex_);
  return last_delete_;
}

v1::GetRequest FakeKache::last_get() const {
  const std::lock_guard lock(mutex_);
  return last_get_;
}

v1::TouchRequest FakeKache::last_touch() const {
  const std::lock_guard lock(mutex_);
  return last_touch_;
}

absl::Duration FakeKache::last_timeout() const {
  const std::lock_guard lock(mutex_);
  return last_timeout_;
}

bool FakeKache::Holds(const std::string& key) const {
  const auto found = records_->Find(key);
  return found && !found->deleted;
}

grpc::Status FakeKache::Enter(grpc::ServerContext* context) {
  {
    const std::lock_guard lock(mutex_);
    ++calls_;
    last_timeout_ = absl::FromChrono(context->deadline() - std::chrono::system_clock::now());
    if (failures_left_ > 0) {
      --failures_left_;
      return failure_;
    }
  }
  Hold(context, &FakeKache::delay_);
  AwaitThaw();
  return grpc::Status::OK;
}

void FakeKache::AwaitThaw() {
  const auto frozen = [&] {
    const std::lock_guard lock(mutex_);
    return frozen_;
  };
  while (frozen()) absl::SleepFor(absl::Milliseconds(2));
}

void FakeKache::Hold(grpc::ServerContext* context, absl::Duration FakeKache::*delay) {
  const absl::Time start = absl::Now();
  const auto waits = [&] {
    const std::lock_guard lock(mutex_);
    return absl::Now() < start + this->*delay;
  };
  while (waits() && !context->IsCancelled()) absl::SleepFor(absl::Milliseconds(2));
}

grpc::Status FakeKache::AnswerWrite(const v1::WriteResult& result, v1::Receipt* receipt) {
  const std::lock_guard lock(mutex_);
  if (answers_to_lose_ > 0) {
    --answers_to_lose_;
    return {grpc::StatusCode::UNAVAILABLE, "the connection broke"};
  }
  return StatusOf(result, receipt);
}

v1::GetResponse FakeKache::Read(const std::string& key) const {
  v1::GetResponse response;
  response.mutable_receipt()->set_acknowledged(1);
  response.mutable_receipt()->set_required(1);
  response.mutable_receipt()->set_node_id(kNodeId);
  const auto record = records_->Find(key);
  if (!record || record->deleted) return response;
  response.set_found(true);
  response.set_value(record->value);
  response.set_ttl_ms(record->ttl_ms);
  *response.mutable_receipt()->mutable_version() = record->version;
  if (record->ttl_ms > 0) {
    response.mutable_receipt()->set_expires_at_unix_ms(1'700'000'000'000 + record->ttl_ms);
  }
  return response;
}

grpc::Status FakeKache::Get(grpc::ServerContext* context, const v1::GetRequest* request,
                            v1::GetResponse* response) {
  if (const grpc::Status status = Enter(context); !status.ok()) return status;
  {
    const std::lock_guard lock(mutex_);
    last_get_ = *request;
  }
  *response = Read(request->key());
  return grpc::Status::OK;
}

grpc::Status FakeKache::Put(grpc::ServerContext* context, const v1::PutRequest* request,
                            v1::PutResponse* response) {
  if (const grpc::Status status = Enter(context); !status.ok()) return status;
  {
    const std::lock_guard lock(mutex_);
    last_put_ = *request;
  }
  v1::WriteResult result;
  writes_.Write(request->key(), {.value = request->value(), .ttl_ms = request->ttl_ms()},
                request->has_stamp() ? &request->stamp() : nullptr, &result);
  Hold(context, &FakeKache::answer_delay_);
  response->set_cluster_time_unix_ms(writes_.ClusterTimeMs());
  return AnswerWrite(result, response->mutable_receipt());
}

grpc::Status FakeKache::Delete(grpc::ServerContext* context, const v1::DeleteRequest* request,
                               v1::DeleteResponse* response) {
  if (const grpc::Status status = Enter(context); !status.ok()) return status;
  {
    const std::lock_guard lock(mutex_);
    last_delete_ = *request;
  }
  v1::WriteResult result;
  writes_.Write(request->key(), {.deleted = true},
                request->has_stamp() ? &request->stamp() : nullptr, &result);
  Hold(context, &FakeKache::answer_delay_);
  response->set_cluster_time_unix_ms(writes_.ClusterTimeMs());
  return AnswerWrite(result, response->mutable_receipt());
}

v1::TouchResponse FakeKache::Find(const v1::TouchRequest& request) {
  {
    const std::lock_guard lock(mutex_);
    last_touch_ = request;
  }
  v1::TouchResponse response;
  const auto record = records_->Find(request.key());
  response.set_found(record && !record->deleted);
  response.mutable_receipt()->set_required(1);
  if (!response.found()) return response;
  *response.mutable_receipt()->mutable_version() = record->version;
  response.mutable_receipt()->set_expires_at_unix_ms(1'700'000'000'000 + request.ttl_ms());
  return response;
}

grpc::Status FakeKache::Touch(grpc::ServerContext* context, const v1::TouchRequest* request,
                              v1::TouchResponse* response) {
  if (const grpc::Status status = Enter(context); !status.ok()) return status;
  *response = Find(*request);
  response->set_cluster_time_unix_ms(writes_.ClusterTimeMs());
  return grpc::Status::OK;
}

grpc::Status FakeKache::BatchGet(grpc::ServerContext* context, const v1::BatchGetRequest* request,
                                 v1::BatchGetResponse* response) {
  if (const grpc::Status status = Enter(context); !status.ok()) return status;
  const std::lock_guard lock(mutex_);
  size_t bytes = 0;
  bool any = false;
  for (const std::string& key : request->keys()) {
    v1::GetResult* const result = response->add_results();
    v1::GetResponse found = Read(key);
    if (any && bytes + found.value().size() > batch_bytes_) {
      result->mutable_error()->set_code(grpc::StatusCode::OUT_OF_RANGE);
      result->mutable_error()->set_reason("ANSWER_FULL");
      result->mutable_error()->set_message("the answer is full; ask again for this key");
      continue;
    }
    any = true;
    bytes += found.value().size();
    *result->mutable_response() = std::move(found);
  }
  return grpc::Status::OK;
}

grpc::Status FakeKache::BatchPut(grpc::ServerContext* context, const v1::BatchPutRequest* request,
                                 v1::BatchPutResponse* response) {
  if (const grpc::Status status = Enter(context); !status.ok()) return status;
  for (const v1::BatchPutRequest::Entry& entry : request->entries()) {
    writes_.Write(entry.key(), {.value = entry.value(), .ttl_ms = entry.ttl_ms()},
                  entry.has_stamp() ? &entry.stamp() : nullptr, response->add_results());
  }
  response->set_cluster_time_unix_ms(writes_.ClusterTimeMs());
  const std::lock_guard lock(mutex_);
  batch_sizes_.push_back(request->entries_size());
  return grpc::Status::OK;
}

grpc::Status FakeKache::BatchDelete(grpc::ServerContext* context,
                                    const v1::BatchDeleteRequest* request,
                                    v1::BatchDeleteResponse* response) {
  if (const grpc::Status status = Enter(context); !status.ok()) return status;
  for (int i = 0; i < request->keys_size(); ++i) {
    writes_.Write(request->keys(i), {.deleted = true},
                  i < request->stamps_size() ? &request->stamps(i) : nullptr,
                  response->add_results());
  }
  response->set_cluster_time_unix_ms(writes_.ClusterTimeMs());
  const std::lock_guard lock(mutex_);
  batch_sizes_.push_back(request->keys_size());
  return grpc::Status::OK;
}

grpc::Status FakeKache::GetStatus(grpc::ServerContext* /*context*/,
                                  const v1::GetStatusRequest* /*request*/,
                                  v1::GetStatusResponse* response) {
  {
    const std::lock_guard lock(mutex_);
    ++status_calls_;
    if (!status_failure_.ok()) return status_failure_;
  }
  AwaitThaw();
  response->set_cluster_time_unix_ms(writes_.ClusterTimeMs());
  v1::Node* const node = response->add_nodes();
  node->set_name(kNodeName);
  node->set_node_id(kNodeId);
  node->set_address("redis-0:6379");
  node->set_state(v1::NODE_STATE_UP);
  node->set_reason("ok");
  node->set_share(0.25);
  response->set_replication_factor(3);
  response->set_vnodes_per_node(100);
  response->set_server_version("1.2.3");
  return grpc::Status::OK;
}

}  // namespace kache
