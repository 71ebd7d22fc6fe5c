// A blocking client of one Pipeline stream.
//
//   PipelineClient client(cluster.kache());
//   client.Send({Put(1, "k", "v"), Get(2, "k")});
//   std::map<uint64_t, v1::PipelineResult> results = client.Read(2);
//
// Thread-compatible; Send and Read may run at the same time.
#ifndef KACHE_TESTS_TESTING_PIPELINE_CLIENT_H_
#define KACHE_TESTS_TESTING_PIPELINE_CLIENT_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "kache/v1/kache.grpc.pb.h"

namespace kache::testing {

inline v1::PipelineOperation Put(uint64_t id, const std::string& key, const std::string& value) {
  v1::PipelineOperation operation;
  operation.set_id(id);
  operation.mutable_put()->set_key(key);
  operation.mutable_put()->set_value(value);
  return operation;
}

inline v1::PipelineOperation Get(uint64_t id, const std::string& key) {
  v1::PipelineOperation operation;
  operation.set_id(id);
  operation.mutable_get()->set_key(key);
  return operation;
}

class PipelineClient {
 public:
  // The stream's deadline is one that no test should reach.
  explicit PipelineClient(v1::Kache::Stub& stub) {
    context_.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(30)));
    stream_ = stub.Pipeline(&context_);
  }
  ~PipelineClient() {
    if (finished_) return;
    context_.TryCancel();
    Finish();
  }
  PipelineClient(const PipelineClient&) = delete;
  PipelineClient& operator=(const PipelineClient&) = delete;

  // One message.
  void Send(const std::vector<v1::PipelineOperation>& operations) {
    v1::PipelineRequest request;
    for (const v1::PipelineOperation& operation : operations) {
      *request.add_operations() = operation;
    }
    stream_->Write(request);
  }
  void WritesDone() {
    if (!writes_done_) stream_->WritesDone();
    writes_done_ = true;
  }

  // The next `count` results, by id; fewer when the stream ends before.
  std::map<uint64_t, v1::PipelineResult> Read(size_t count) {
    std::map<uint64_t, v1::PipelineResult> results;
    while (results.size() < count) {
      if (unread_.empty() && !ReadMessage()) {
        ADD_FAILURE() << "the stream ended after " << results.size() << " of " << count
                      << " results";
        return results;
      }
      const v1::PipelineResult& result = unread_.begin()->second;
      EXPECT_TRUE(results.emplace(result.id(), result).second) << "answered twice";
      unread_.erase(unread_.begin());
    }
    return results;
  }
  // Messages read so far.
  int messages() const { return messages_; }

  void Cancel() { context_.TryCancel(); }
  // Says that it sends nothing more, drops what is still answered, and waits for the end.
  grpc::Status Finish() {
    WritesDone();
    return AwaitEnd();
  }
  // Waits until the server ends the stream.
  grpc::Status AwaitEnd() {
    finished_ = true;
    while (ReadMessage()) {
    }
    return stream_->Finish();
  }

 private:
  bool ReadMessage() {
    v1::PipelineResponse response;
    if (!stream_->Read(&response)) return false;
    ++messages_;
    for (const v1::PipelineResult& result : response.results()) {
      unread_.emplace(result.id(), result);
    }
    return true;
  }

  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::PipelineRequest, v1::PipelineResponse>> stream_;
  std::multimap<uint64_t, v1::PipelineResult> unread_;
  int messages_ = 0;
  bool writes_done_ = false;
  bool finished_ = false;
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_PIPELINE_CLIENT_H_
