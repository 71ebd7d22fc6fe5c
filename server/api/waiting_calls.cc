#include "server/api/waiting_calls.h"

#include <grpc/grpc.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <algorithm>
#include <utility>

namespace kache {
namespace {

using std::chrono::milliseconds;

// Of the sum of the bounds, but no less than the second.
constexpr uint64_t kGrowthParts = 32;
constexpr uint64_t kLeastGrowth = uint64_t{8} << 20;
// Of one growth: a round misses a place with the chance e^-2, three with e^-6.
constexpr int kRounds = 3;
constexpr size_t kConnectionsPerQueue = 2;
// So many that a thread which is seldom free meets most places when it is.
constexpr size_t kRunning = 512;

// A thread that waits for another queue of gRPC may read any connection of the process meanwhile,
// and for as long as it sends.
grpc_completion_queue* QueueThatReadsNothing() {
  const grpc_completion_queue_attributes attributes = {.version = GRPC_CQ_CURRENT_VERSION,
                                                       .cq_completion_type = GRPC_CQ_NEXT,
                                                       .cq_polling_type = GRPC_CQ_NON_POLLING,
                                                       .cq_shutdown_cb = nullptr};
  return grpc_completion_queue_create(grpc_completion_queue_factory_lookup(&attributes),
                                      &attributes, nullptr);
}

}  // namespace

RoundTrigger::RoundTrigger(uint64_t sum)
    : step_(std::max(sum / kGrowthParts, kLeastGrowth)), least_(UINT64_MAX) {}

bool RoundTrigger::IsDue(uint64_t resident) {
  least_ = std::min(least_, resident);
  if (resident > least_ + step_) {
    rounds_ = kRounds;
    least_ = resident;
  }
  return rounds_ > 0;
}

// Deletes itself with its last event.
struct WaitingCalls::Call {
  grpc::ClientContext context;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream;
  grpc::Status status;
  int events = 2;  // begun without a request, and over
};

WaitingCalls::WaitingCalls(Connect connect, std::vector<WaitingMethod> methods, size_t queues)
    : connect_(std::move(connect)),
      methods_(std::move(methods)),
      queues_(queues),
      events_(QueueThatReadsNothing()) {}

WaitingCalls::~WaitingCalls() {
  for (Call* call : calls_) call->context.TryCancel();
  events_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (events_.Next(&tag, &ok)) {
    auto* call = static_cast<Call*>(tag);
    if (--call->events == 0) delete call;
  }
}

void WaitingCalls::StartRound() {
  if (running() || methods_.empty()) return;
  channels_.clear();
  for (size_t i = 0; i < kConnectionsPerQueue * queues_; ++i) channels_.push_back(connect_());
  channel_ = method_ = started_ = 0;
}

void WaitingCalls::StartNext() {
  const WaitingMethod& method = methods_[method_];
  grpc::GenericStub stub(channels_[channel_]);
  auto* call = new Call();
  call->stream = stub.PrepareCall(&call->context, method.path, &events_);
  calls_.push_back(call);
  ++running_;
  call->context.set_initial_metadata_corked(true);  // goes with the word that no request follows
  call->stream->StartCall(nullptr);
  call->stream->WritesDone(call);
  call->stream->Finish(&call->status, call);
  if (++started_ < method.places) return;
  started_ = 0;
  if (++method_ < methods_.size()) return;
  method_ = 0;
  ++channel_;
}

void WaitingCalls::Continue(milliseconds time) {
  if (!running()) return;
  const auto deadline = std::chrono::system_clock::now() + time;
  while (running()) {
    while (running_ < kRunning && channel_ < channels_.size()) StartNext();
    void* tag = nullptr;
    bool ok = false;
    if (events_.AsyncNext(&tag, &ok, deadline) != grpc::CompletionQueue::GOT_EVENT) return;
    auto* call = static_cast<Call*>(tag);
    if (--call->events > 0) continue;
    std::erase(calls_, call);
    delete call;
    --running_;
  }
  channels_.clear();
  channel_ = 0;
}

}  // namespace kache
