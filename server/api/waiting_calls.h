// Takes back what gRPC keeps of calls that ended before their request came.
//
// An endpoint keeps unary calls that wait for a request (unary_call.h). When a call comes whose
// metadata is complete, or whose connection ends, but whose request never comes, gRPC's C++ layer
// puts its metadata into a waiting call, and then lets the same call wait again: the array of
// metadata, 88 bytes for each field, stays until a later call takes that place. gRPC bounds
// metadata by frame only, so clients could fill the places of all waiting calls with arrays of many
// megabytes (gRPC 1.51, `PayloadAsyncRequest::FinalizeResult` and `Server::CallData::Publish`).
//
// A round sends each method as many calls as wait there, which have no request either. Each swaps
// its own few fields with what stands in the place that it meets, and whatever was there goes with
// it. Nobody else sees these calls: no handler runs. gRPC hands the places of one queue out in the
// order in which they began to wait, and binds a connection to one queue, by chance where it is
// within the process. So a round makes some connections for each queue, and meets most of the
// places; further rounds meet the rest.
//
// Thread-compatible.
#ifndef KACHE_SERVER_API_WAITING_CALLS_H_
#define KACHE_SERVER_API_WAITING_CALLS_H_

#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace kache {

struct WaitingMethod {
  std::string path;   // "/package.Service/Method"
  size_t places = 0;  // calls of one queue that wait
};

// When a round is due: whenever the process has grown, by then also for what gRPC keeps.
class RoundTrigger {
 public:
  // `sum`: what the bounds of the process add up to; 0 = not known.
  explicit RoundTrigger(uint64_t sum);
  // `resident`: what the process takes. Call it often.
  bool IsDue(uint64_t resident);
  void Began() { --rounds_; }

 private:
  uint64_t step_;
  uint64_t least_;  // since the process grew
  int rounds_ = 0;  // that are due
};

class WaitingCalls {
 public:
  using Connect = std::function<std::shared_ptr<grpc::Channel>()>;

  // `connect` makes a connection within the process, to a server that has `queues` queues.
  WaitingCalls(Connect connect, std::vector<WaitingMethod> methods, size_t queues);
  // Gives up what runs. Requires: the server still runs.
  ~WaitingCalls();

  // Nothing while a round runs.
  void StartRound();
  // Goes on with the round for at most `time`, by calling it again and again.
  void Continue(std::chrono::milliseconds time);
  bool running() const { return running_ > 0 || channel_ < channels_.size(); }

 private:
  struct Call;

  void StartNext();

  const Connect connect_;
  const std::vector<WaitingMethod> methods_;
  const size_t queues_;
  grpc::CompletionQueue events_;
  std::vector<std::shared_ptr<grpc::Channel>> channels_;  // of the round
  size_t channel_ = 0;
  size_t method_ = 0;
  size_t started_ = 0;  // of the method
  size_t running_ = 0;
  std::vector<Call*> calls_;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_WAITING_CALLS_H_
