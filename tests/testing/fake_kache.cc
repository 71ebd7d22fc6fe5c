#include "tests/testing/fake_kache.h"

#include <chrono>

#include "absl/time/clock.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"

namespace kache {
namespace {

constexpr char kService[] = "kache.v1.Kache";
constexpr uint64_t kCoordinator = 0xabcdef0123456789;

}  // namespace

FakeKache::FakeKache(int port) {
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

void FakeKache::SetDelay(absl::Duration delay) {
  const std::lock_guard lock(mutex_);
  delay_ = delay;
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

int FakeKache::ended_streams() const {
  const std::lock_guard lock(mutex_);
  return ended_streams_;
}

v1::PutRequest FakeKache::last_put() const {
  const std::lock_guard lock(mutex_);
  return last_put_;
}

v1::GetRequest FakeKache::last_get() const {
  const std::lock_guard lock(mutex_);
  return last_get_;
}

absl::Duration FakeKache::last_timeout() const {
  const std::lock_guard lock(mutex_);
  return last_timeout_;
}

bool FakeKache::Holds(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  return records_.count(key) > 0;
}

grpc::Status FakeKache::Enter(grpc::ServerContext* context) {
  const absl::Time start = absl::Now();
  {
    const std::lock_guard lock(mutex_);
    ++calls_;
    last_timeout_ = absl::FromChrono(context->deadline() - std::chrono::system_clock::now());
    if (failures_left_ > 0) {
      --failures_left_;
      return failure_;
    }
  }
  const auto waits = [&] {
    const std::lock_guard lock(mutex_);
    return absl::Now() < start + delay_;
  };
  while (waits() && !context->IsCancelled()) absl::SleepFor(absl::Milliseconds(2));
  return grpc::Status::OK;
}

v1::Receipt FakeKache::Write(const std::string& key, const std::string& value, int64_t ttl_ms) {
  Record& record = records_[key];
  record.value = value;
  record.ttl_ms = ttl_ms;
  record.version.set_timestamp(++clock_);
  record.version.set_clock(kCoordinator);
  v1::Receipt receipt;
  *receipt.mutable_version() = record.version;
  receipt.set_acknowledged(1);
  receipt.set_required(1);
  if (ttl_ms > 0) receipt.set_expires_at_unix_ms(1'700'000'000'000 + ttl_ms);
  return receipt;
}

v1::Receipt FakeKache::Erase(const std::string& key) {
  v1::Receipt receipt = Write(key, "", 0);
  records_.erase(key);
  return receipt;
}

v1::GetResponse FakeKache::Read(const std::string& key) {
  v1::GetResponse response;
  response.mutable_receipt()->set_acknowledged(1);
  response.mutable_receipt()->set_required(1);
  response.mutable_receipt()->set_node(2);
  const auto found = records_.find(key);
  if (found == records_.end()) return response;
  const Record& record = found->second;
  response.set_found(true);
  response.set_value(record.value);
  response.set_ttl_ms(record.ttl_ms);
  *response.mutable_receipt()->mutable_version() = record.version;
  if (record.ttl_ms > 0) {
    response.mutable_receipt()->set_expires_at_unix_ms(1'700'000'000'000 + record.ttl_ms);
  }
  return response;
}

grpc::Status FakeKache::Get(grpc::ServerContext* context, const v1::GetRequest* request,
                            v1::GetResponse* response) {
  if (const grpc::Status status = Enter(context); !status.ok()) return status;
  const std::lock_guard lock(mutex_);
  last_get_ = *request;
  *response = Read(request->key());
  return grpc::Status::OK;
}

grpc::Status FakeKache::Put(grpc::ServerContext* context, const v1::PutRequest* request,
                            v1::PutResponse* response) {
  if (const grpc::Status status = Enter(context); !status.ok()) return status;
  const std::lock_guard lock(mutex_);
  last_put_ = *request;
  *response->mutable_receipt() = Write(request->key(), request->value(), request->ttl_ms());
  return grpc::Status::OK;
}

grpc::Status FakeKache::Delete(grpc::ServerContext* context, const v1::DeleteRequest* request,
                               v1::DeleteResponse* response) {
  if (const grpc::Status status = Enter(context); !status.ok()) return status;
  const std::lock_guard lock(mutex_);
  *response->mutable_receipt() = Erase(request->key());
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
  const std::lock_guard lock(mutex_);
  for (const v1::BatchPutRequest::Entry& entry : request->entries()) {
    v1::WriteResult* const result = response->add_results();
    if (entry.key().empty()) {
      result->mutable_error()->set_code(grpc::StatusCode::INVALID_ARGUMENT);
      result->mutable_error()->set_message("the key is empty");
      continue;
    }
    *result->mutable_receipt() = Write(entry.key(), entry.value(), entry.ttl_ms());
  }
  return grpc::Status::OK;
}

grpc::Status FakeKache::BatchDelete(grpc::ServerContext* context,
                                    const v1::BatchDeleteRequest* request,
                                    v1::BatchDeleteResponse* response) {
  if (const grpc::Status status = Enter(context); !status.ok()) return status;
  const std::lock_guard lock(mutex_);
  for (const std::string& key : request->keys()) {
    *response->add_results()->mutable_receipt() = Erase(key);
  }
  return grpc::Status::OK;
}

grpc::Status FakeKache::Pipeline(
    grpc::ServerContext* context,
    grpc::ServerReaderWriter<v1::PipelineResponse, v1::PipelineRequest>* stream) {
  bool operations_are_calls;
  {
    const std::lock_guard lock(mutex_);
    if (!offers_pipeline_) return grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "no streams");
    operations_are_calls = operations_are_calls_;
  }
  if (!operations_are_calls) {
    if (const grpc::Status status = Enter(context); !status.ok()) return status;
  }
  stream->SendInitialMetadata();
  v1::PipelineRequest request;
  while (stream->Read(&request)) {
    v1::PipelineResponse response;
    for (int i = request.operations_size(); i > 0; --i) {
      const v1::PipelineOperation& operation = request.operations(i - 1);
      v1::PipelineResult* const result = response.add_results();
      result->set_id(operation.id());
      const grpc::Status status = operations_are_calls ? Enter(context) : grpc::Status::OK;
      if (status.ok()) {
        Answer(operation, result);
      } else {
        result->mutable_error()->set_code(status.error_code());
        result->mutable_error()->set_message(status.error_message());
      }
    }
    stream->Write(response);
  }
  const std::lock_guard lock(mutex_);
  ++ended_streams_;
  return grpc::Status::OK;
}

void FakeKache::Answer(const v1::PipelineOperation& operation, v1::PipelineResult* result) {
  const std::lock_guard lock(mutex_);
  last_timeout_ = absl::Milliseconds(operation.timeout_ms());
  if (operation.has_get()) {
    last_get_ = operation.get();
    *result->mutable_get() = Read(operation.get().key());
  } else if (operation.has_put()) {
    last_put_ = operation.put();
    *result->mutable_put()->mutable_receipt() =
        Write(operation.put().key(), operation.put().value(), operation.put().ttl_ms());
  } else {
    *result->mutable_delete_()->mutable_receipt() = Erase(operation.delete_().key());
  }
}

grpc::Status FakeKache::GetStatus(grpc::ServerContext* context,
                                  const v1::GetStatusRequest* /*request*/,
                                  v1::GetStatusResponse* response) {
  if (const grpc::Status status = Enter(context); !status.ok()) return status;
  v1::Node* const node = response->add_nodes();
  node->set_name("cache-a");
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
