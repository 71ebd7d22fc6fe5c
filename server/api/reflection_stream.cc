#include "server/api/reflection_stream.h"

#include <utility>

#include "server/api/call_metadata.h"
#include "server/api/message_bytes.h"
#include "server/api/status_map.h"

namespace kache {
namespace {

// A name in a question is no longer.
constexpr size_t kQuestionBytesMax = 4096;

}  // namespace

void ReflectionStream::Accept(AsyncReflection& service, ReflectionEnvironment& environment,
                              CallQueue& queue) {
  auto* stream = new ReflectionStream(service, environment, queue);
  stream->context_.AsyncNotifyWhenDone(static_cast<CallTag*>(&stream->done_tag_));
  service.RequestStream(&stream->context_, &stream->stream_, queue.grpc_queue(),
                        static_cast<CallTag*>(&stream->accepted_tag_));
}

ReflectionStream::ReflectionStream(AsyncReflection& service, ReflectionEnvironment& environment,
                                   CallQueue& queue)
    : service_(service), environment_(environment), queue_(queue), stream_(&context_) {
  queue_.AddCall();
}

ReflectionStream::~ReflectionStream() { queue_.RemoveCall(); }

void ReflectionStream::OnEvent(Event event, bool ok) {
  // gRPC's own work, and on the queue's thread alone.
  if (event == &ReflectionStream::OnAccepted && ok) Accept(service_, environment_, queue_);
  {
    const std::lock_guard lock(environment_.mutex);
    (this->*event)(ok);
    if (--events_ > 0) return;
  }
  delete this;
}

void ReflectionStream::OnAccepted(bool ok) {
  if (!ok) return;  // the server shuts down
  ++events_;        // OnDone comes for every stream that began
  if (absl::Status metadata = CheckMetadata(context_); !metadata.ok()) return End(metadata);
  std::string connection = context_.peer();
  const absl::Status room = environment_.room.Take(connection, /*has_token=*/false);
  if (!room.ok()) return End(room);
  connection_ = std::move(connection);
  environment_.streams.insert(this);
  if (environment_.closed) return End(absl::UnavailableError("the server is stopping"));
  Read();
}

void ReflectionStream::Read() {
  ++events_;
  stream_.Read(&arriving_, static_cast<CallTag*>(&read_tag_));
}

void ReflectionStream::OnRead(bool ok) {
  if (over_) return;
  if (!ok) return End(absl::OkStatus());  // the client has asked all that it wants
  grpc::reflection::v1alpha::ServerReflectionRequest question;
  if (arriving_.Length() > kQuestionBytesMax || !ParseMessage(arriving_, question).ok()) {
    return End(absl::InvalidArgumentError("the message is not a ServerReflectionRequest"));
  }
  ++events_;
  stream_.Write(environment_.reflection.Answer(question), static_cast<CallTag*>(&written_tag_));
}

void ReflectionStream::OnWritten(bool ok) {
  if (ok && !over_) Read();
}

void ReflectionStream::End(const absl::Status& status) {
  if (std::exchange(over_, true)) return;
  ++events_;
  stream_.Finish(ToGrpcStatus(status), static_cast<CallTag*>(&finished_tag_));
}

void ReflectionStream::OnDone(bool /*ok*/) {
  over_ = true;
  environment_.streams.erase(this);
  if (!connection_.empty()) environment_.room.GiveBack(std::exchange(connection_, ""));
}

}  // namespace kache
