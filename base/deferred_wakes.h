// Work that a thread hands to other threads, piece by piece, is worth one wake-up together: a
// thread that is woken for each piece runs at once on a busy machine, deals with that piece alone,
// and sleeps again.
//
//   DeferredWakes wakes;
//   while (...) shard.Submit(operation);     // which calls DeferredWakes::Wake
//   wakes.Flush();                           // now the shard's thread wakes up
//
// While an object lives, its thread's wake-ups wait for Flush; and so does whoever hands over to a
// thread that he takes to be woken already. Flush soon.
//
// One object for each thread, used on that thread alone.
#ifndef KACHE_BASE_DEFERRED_WAKES_H_
#define KACHE_BASE_DEFERRED_WAKES_H_

#include <vector>

namespace kache {

class DeferredWakes {
 public:
  DeferredWakes();
  ~DeferredWakes();  // flushes
  DeferredWakes(const DeferredWakes&) = delete;
  DeferredWakes& operator=(const DeferredWakes&) = delete;

  void Flush();

  // Calls `wake(target)` now, or once the calling thread's object is flushed.
  static void Wake(void (*wake)(void* target), void* target);

 private:
  struct Waiting {
    void (*wake)(void* target);
    void* target;
  };
  std::vector<Waiting> waiting_;
};

}  // namespace kache

#endif  // KACHE_BASE_DEFERRED_WAKES_H_
