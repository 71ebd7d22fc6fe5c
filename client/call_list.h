// The calls under way, so that stopping can cancel and await them.
#ifndef KACHE_CLIENT_CALL_LIST_H_
#define KACHE_CLIENT_CALL_LIST_H_

#include <condition_variable>
#include <mutex>

namespace kache {

// What CallList needs of a call, whatever its types.
class CallBase {
 public:
  virtual ~CallBase() = default;
  // Makes the attempt under way fail soon. Any thread, while the call is on the list.
  virtual void Cancel() = 0;

 private:
  friend class CallList;
  CallBase* previous_ = nullptr;
  CallBase* next_ = nullptr;
};

// Thread-safe.
class CallList {
 public:
  // False once stopped: the call is not on the list then and must not be made.
  bool Add(CallBase* call);
  void Remove(CallBase* call);
  // Cancels all. No call is added from then on.
  void Cancel();
  // And waits until the list is empty.
  void Stop();

 private:
  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  CallBase* first_ = nullptr;
  bool stopped_ = false;
};

}  // namespace kache

#endif  // KACHE_CLIENT_CALL_LIST_H_
