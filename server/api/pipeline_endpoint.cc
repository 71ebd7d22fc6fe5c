#include "server/api/pipeline_endpoint.h"

#include <vector>

namespace kache {
namespace {

constexpr size_t kAccepts = 4;

}  // namespace

PipelineEndpoint::PipelineEndpoint(Request request, PipelineEnvironment& environment,
                                   CallQueue& queue)
    : request_(std::move(request)), environment_(environment), queue_(queue) {
  for (size_t i = 0; i < kAccepts; ++i) PipelineStream::Accept(*this);
}

void PipelineEndpoint::Add(PipelineStream* stream) {
  streams_.insert(stream);
  environment_.metrics.streams.Increment();
}

void PipelineEndpoint::Remove(PipelineStream* stream) {
  streams_.erase(stream);
  environment_.metrics.streams.Decrement();
}

void PipelineEndpoint::RunPosted() {
  closing_ = true;
  // None of them goes while it is told: their last events are yet to come.
  for (PipelineStream* stream : streams_) stream->Close();
}

}  // namespace kache
