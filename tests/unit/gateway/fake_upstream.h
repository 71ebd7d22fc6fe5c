// An Upstream whose answers the test gives. By default each call is kept until it is answered.
#ifndef KACHE_TESTS_UNIT_GATEWAY_FAKE_UPSTREAM_H_
#define KACHE_TESTS_UNIT_GATEWAY_FAKE_UPSTREAM_H_

#include <deque>
#include <optional>
#include <utility>

#include "gateway/upstream/upstream.h"
#include "http/http_service.h"

namespace kache::gateway {

// Test thread only.
class FakeUpstream final : public Upstream {
 public:
  template <class Request, class Response>
  struct Call {
    Request request;
    CallOptions options;
    Done<Response> done;
  };
  template <class Request, class Response>
  using Calls = std::deque<Call<Request, Response>>;

  void Get(v1::GetRequest request, CallOptions options, Done<v1::GetResponse> done) override {
    gets.push_back({std::move(request), options, std::move(done)});
  }
  void Put(v1::PutRequest request, CallOptions options, Done<v1::PutResponse> done) override {
    puts.push_back({std::move(request), options, std::move(done)});
  }
  void Delete(v1::DeleteRequest request, CallOptions options,
              Done<v1::DeleteResponse> done) override {
    deletes.push_back({std::move(request), options, std::move(done)});
  }
  void Touch(v1::TouchRequest request, CallOptions options, Done<v1::TouchResponse> done) override {
    touches.push_back({std::move(request), options, std::move(done)});
  }
  void GetOrLease(v1::GetOrLeaseRequest request, CallOptions options,
                  Done<v1::GetOrLeaseResponse> done) override {
    leases.push_back({std::move(request), options, std::move(done)});
  }
  void BatchGet(v1::BatchGetRequest request, CallOptions options,
                Done<v1::BatchGetResponse> done) override {
    batch_gets.push_back({std::move(request), options, std::move(done)});
  }
  void BatchPut(v1::BatchPutRequest request, CallOptions options,
                Done<v1::BatchPutResponse> done) override {
    batch_puts.push_back({std::move(request), options, std::move(done)});
  }
  void BatchDelete(v1::BatchDeleteRequest request, CallOptions options,
                   Done<v1::BatchDeleteResponse> done) override {
    batch_deletes.push_back({std::move(request), options, std::move(done)});
  }
  void GetStatus(v1::GetStatusRequest request, CallOptions options,
                 Done<v1::GetStatusResponse> done) override {
    statuses.push_back({std::move(request), options, std::move(done)});
  }
  void Locate(v1::LocateRequest request, CallOptions options,
              Done<v1::LocateResponse> done) override {
    locates.push_back({std::move(request), options, std::move(done)});
  }
  bool Healthy() const override { return healthy; }
  void Stop() override {}

  Calls<v1::GetRequest, v1::GetResponse> gets;
  Calls<v1::PutRequest, v1::PutResponse> puts;
  Calls<v1::DeleteRequest, v1::DeleteResponse> deletes;
  Calls<v1::TouchRequest, v1::TouchResponse> touches;
  Calls<v1::GetOrLeaseRequest, v1::GetOrLeaseResponse> leases;
  Calls<v1::BatchGetRequest, v1::BatchGetResponse> batch_gets;
  Calls<v1::BatchPutRequest, v1::BatchPutResponse> batch_puts;
  Calls<v1::BatchDeleteRequest, v1::BatchDeleteResponse> batch_deletes;
  Calls<v1::GetStatusRequest, v1::GetStatusResponse> statuses;
  Calls<v1::LocateRequest, v1::LocateResponse> locates;
  bool healthy = true;
};

// Keeps the one answer that it is sent, and has room for as many bytes as it is told.
class KeptResponse final : public ResponseSink {
 public:
  void Send(HttpResponse sent) override { response = std::move(sent); }
  bool Reserve(uint64_t bytes) override {
    if (bytes > room && bytes > reserved) return false;
    reserved = bytes;
    return true;
  }
  std::optional<HttpResponse> response;
  uint64_t room = UINT64_MAX;
  uint64_t reserved = 0;
};

}  // namespace kache::gateway

#endif  // KACHE_TESTS_UNIT_GATEWAY_FAKE_UPSTREAM_H_
