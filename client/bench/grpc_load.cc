#include "client/bench/grpc_load.h"

#include <utility>

#include "absl/time/clock.h"
#include "client/bench/connect.h"
#include "client/bench/precise_wait.h"

namespace kache::bench {
namespace {

Outcome OutcomeOf(const v1::GetResponse& response) {
  return {absl::StatusCode::kOk, response.found(), response.value()};
}

Outcome OutcomeOf(const v1::GetResult& result) {
  if (result.has_response()) return OutcomeOf(result.response());
  return {static_cast<absl::StatusCode>(result.error().code()), false, {}};
}

Outcome OutcomeOf(const v1::WriteResult& result) {
  if (result.has_receipt()) return {};
  return {static_cast<absl::StatusCode>(result.error().code()), false, {}};
}

}  // namespace

GrpcLoad::GrpcLoad(const GrpcLoadOptions& options) : SlottedLoad(options.slots), options_(options) {
  for (size_t i = 0; i < options.connections; ++i) {
    stubs_.push_back(Connect(options.servers[i % options.servers.size()], options.security));
  }
  for (size_t i = 0; i < slots_.size(); ++i) {
    slots_[i].index = i;
    slots_[i].stub = stubs_[i % stubs_.size()].get();
  }
}

GrpcLoad::~GrpcLoad() {
  if (running_ > 0) {
    for (const GrpcSlot& slot : slots_) {
      if (slot.context) slot.context->TryCancel();
    }
  }
  void* tag = nullptr;
  bool ok = false;
  for (; running_ > 0 && queue_.Next(&tag, &ok); --running_) {
  }
  queue_.Shutdown();
  while (queue_.Next(&tag, &ok)) {
  }
}

void GrpcLoad::Start(size_t index) {
  GrpcSlot& slot = slots_[index];
  slot.context = std::make_unique<grpc::ClientContext>();
  slot.context->set_deadline(absl::ToChronoTime(absl::Now() + options_.timeout));
  ++running_;
  if (options_.batches) {
    StartBatch(slot);
  } else {
    StartOne(slot);
  }
}

void GrpcLoad::StartOne(GrpcSlot& slot) {
  switch (slot.request.action) {
    case Action::kGet:
      slot.get.request.set_key(slot.request.keys[0]);
      slot.get.request.set_consistency(options_.consistency);
      slot.get.reader = slot.stub->AsyncGet(slot.context.get(), slot.get.request, &queue_);
      slot.get.reader->Finish(&slot.get.response, &slot.status, &slot);
      break;
    case Action::kPut:
      slot.put.request.set_key(slot.request.keys[0]);
      slot.put.request.set_value(slot.request.values[0]);
      slot.put.request.set_ttl_ms(absl::ToInt64Milliseconds(options_.ttl));
      slot.put.request.set_consistency(options_.consistency);
      slot.put.reader = slot.stub->AsyncPut(slot.context.get(), slot.put.request, &queue_);
      slot.put.reader->Finish(&slot.put.response, &slot.status, &slot);
      break;
    case Action::kDelete:
      slot.remove.request.set_key(slot.request.keys[0]);
      slot.remove.request.set_consistency(options_.consistency);
      slot.remove.reader = slot.stub->AsyncDelete(slot.context.get(), slot.remove.request, &queue_);
      slot.remove.reader->Finish(&slot.remove.response, &slot.status, &slot);
      break;
  }
}

void GrpcLoad::StartBatch(GrpcSlot& slot) {
  const Request& request = slot.request;
  switch (request.action) {
    case Action::kGet: {
      v1::BatchGetRequest& sent = slot.batch_get.request;
      sent.Clear();
      for (const std::string& key : request.keys) sent.add_keys(key);
      sent.set_consistency(options_.consistency);
      slot.batch_get.reader = slot.stub->AsyncBatchGet(slot.context.get(), sent, &queue_);
      slot.batch_get.reader->Finish(&slot.batch_get.response, &slot.status, &slot);
      break;
    }
    case Action::kPut: {
      v1::BatchPutRequest& sent = slot.batch_put.request;
      sent.Clear();
      for (size_t i = 0; i < request.keys.size(); ++i) {
        v1::BatchPutRequest::Entry* const entry = sent.add_entries();
        entry->set_key(request.keys[i]);
        entry->set_value(request.values[i]);
        entry->set_ttl_ms(absl::ToInt64Milliseconds(options_.ttl));
      }
      sent.set_consistency(options_.consistency);
      slot.batch_put.reader = slot.stub->AsyncBatchPut(slot.context.get(), sent, &queue_);
      slot.batch_put.reader->Finish(&slot.batch_put.response, &slot.status, &slot);
      break;
    }
    case Action::kDelete: {
      v1::BatchDeleteRequest& sent = slot.batch_delete.request;
      sent.Clear();
      for (const std::string& key : request.keys) sent.add_keys(key);
      sent.set_consistency(options_.consistency);
      slot.batch_delete.reader = slot.stub->AsyncBatchDelete(slot.context.get(), sent, &queue_);
      slot.batch_delete.reader->Finish(&slot.batch_delete.response, &slot.status, &slot);
      break;
    }
  }
}

bool GrpcLoad::Wait(Instant until, size_t* index) {
  void* tag = nullptr;
  bool ok = false;
  const bool came = WaitPrecisely(until, [&](Instant instant) {
    const auto deadline =
        std::chrono::system_clock::now() + std::chrono::duration_cast<std::chrono::microseconds>(
                                               instant - std::chrono::steady_clock::now());
    return queue_.AsyncNext(&tag, &ok, deadline) == grpc::CompletionQueue::GOT_EVENT;
  });
  if (!came) return false;
  --running_;
  GrpcSlot& slot = *static_cast<GrpcSlot*>(tag);
  TakeOutcomes(slot);
  *index = slot.index;
  return true;
}

void GrpcLoad::TakeOutcomes(GrpcSlot& slot) {
  slot.outcomes.clear();
  if (!slot.status.ok()) {
    NoteError(slot.status.error_message());
    slot.outcomes.assign(slot.request.keys.size(),
                         {static_cast<absl::StatusCode>(slot.status.error_code()), false, {}});
    return;
  }
  if (!options_.batches) {
    slot.outcomes.push_back(slot.request.action == Action::kGet ? OutcomeOf(slot.get.response)
                                                                : Outcome());
    return;
  }
  switch (slot.request.action) {
    case Action::kGet:
      for (const auto& result : slot.batch_get.response.results()) {
        slot.outcomes.push_back(OutcomeOf(result));
        if (result.has_error()) NoteError(result.error().message());
      }
      break;
    case Action::kPut:
      for (const auto& result : slot.batch_put.response.results()) {
        slot.outcomes.push_back(OutcomeOf(result));
      }
      break;
    case Action::kDelete:
      for (const auto& result : slot.batch_delete.response.results()) {
        slot.outcomes.push_back(OutcomeOf(result));
      }
      break;
  }
  slot.outcomes.resize(slot.request.keys.size(), {absl::StatusCode::kInternal, false, {}});
}

}  // namespace kache::bench
