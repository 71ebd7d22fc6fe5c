// What gRPC hands back when something asked of a completion queue is over.
#ifndef KACHE_SERVER_API_CALL_TAG_H_
#define KACHE_SERVER_API_CALL_TAG_H_

namespace kache {

class CallTag {
 public:
  // On the queue's thread. `ok` as in grpc::CompletionQueue::Next.
  virtual void OnEvent(bool ok) = 0;

 protected:
  ~CallTag() = default;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_CALL_TAG_H_
