// Work that other threads hand to a completion queue's thread: finished calls, above all, so that
// only that thread writes to its connections (docs/adr/0007 says what it saves).
//
//   box.Post(&work);     // any thread; work.RunPosted() follows on the queue's thread
//
// A lock-free list and one alarm of gRPC: the queue is woken only when the list was empty, and its
// thread takes everything that is in the list in one go. A shard wakes it at the end of its turn,
// for all that it has posted (DeferredWakes). Nothing is allocated.
//
// Guarantees: each work runs once for each Post; works of one thread run in the order of its posts.
// Requires: while something is posted the queue is not shut down (a call that is not over yet holds
// it open). Whoever posts must have returned from Post before the box is destroyed.
// Unbounded by itself: whoever posts bounds what it has in flight, as AdmissionControl does.
#ifndef KACHE_SERVER_API_POST_BOX_H_
#define KACHE_SERVER_API_POST_BOX_H_

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include <atomic>

#include "server/api/call_tag.h"

namespace kache {

class Posted {
 public:
  // On the queue's thread. May delete this, and may post it again.
  virtual void RunPosted() = 0;

 protected:
  ~Posted() = default;

 private:
  friend class PostBox;
  Posted* next_posted_ = nullptr;  // while in the list
};

class PostBox {
 public:
  // `queue` outlives the box; whoever takes its events calls OnEvent of their tags.
  explicit PostBox(grpc::CompletionQueue& queue) : queue_(queue) {}
  PostBox(const PostBox&) = delete;
  PostBox& operator=(const PostBox&) = delete;

  // Thread-safe. `work` must live until it has run.
  void Post(Posted* work);
  // From within RunPosted only: `work` runs once all that was taken together has run, so that it
  // can deal with the outcome as a whole.
  void RunLast(Posted* work);

 private:
  class WakeTag final : public CallTag {
   public:
    explicit WakeTag(PostBox& box) : box_(box) {}
    void OnEvent(bool) override { box_.RunAll(); }

   private:
    PostBox& box_;
  };

  void Wake();
  void RunAll();

  grpc::CompletionQueue& queue_;
  std::atomic<Posted*> newest_{nullptr};
  Posted* last_works_ = nullptr;  // the queue's thread only
  WakeTag wake_tag_{*this};
  // Set only by who found the list empty. From then on the list is not empty until the alarm's
  // event has come, so nobody sets it twice.
  grpc::Alarm wake_;
};

}  // namespace kache

#endif  // KACHE_SERVER_API_POST_BOX_H_
