// A batch of any size as calls of the size that servers take: split by keys and bytes, one call
// after another, and asked again for what an answer had no more room for. One result for each item,
// in order.
//
// Owns itself from Start until `done` was called, on the thread of the last call's `done`.
#ifndef KACHE_CLIENT_BATCH_RUN_H_
#define KACHE_CLIENT_BATCH_RUN_H_

#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace kache {

struct BatchLimits {
  size_t keys = 1000;
  size_t bytes = 3 * 1024 * 1024;
};

// `Batch` says what is special about one rpc:
//   Item, Result, Request, Response          types
//   static size_t Bytes(const Item&)         of a request, roughly
//   void Add(Item&, Request*) const          an item to a request; the item may be asked for again
//   static absl::StatusOr<Result> Take(Response*, int i)
//   static int Count(const Response&)
//   void Send(Request, Done) const           the call itself
//   static bool AskAgain(const absl::StatusOr<Result>&)    the answer was full
template <class Batch>
class BatchRun {
 public:
  using Item = typename Batch::Item;
  using Results = std::vector<absl::StatusOr<typename Batch::Result>>;

  static void Start(Batch batch, std::vector<Item> items, BatchLimits limits,
                    absl::AnyInvocable<void(Results)> done) {
    auto* const run = new BatchRun(std::move(batch), std::move(items), limits, std::move(done));
    run->Next();
  }

 private:
  BatchRun(Batch batch, std::vector<Item> items, BatchLimits limits,
           absl::AnyInvocable<void(Results)> done)
      : batch_(std::move(batch)),
        items_(std::move(items)),
        limits_(limits),
        done_(std::move(done)),
        results_(items_.size(), absl::UnknownError("not asked for")) {
    for (size_t i = 0; i < items_.size(); ++i) waiting_.push_back(i);
  }

  void Next() {
    if (waiting_.empty()) {
      done_(std::move(results_));
      delete this;
      return;
    }
    typename Batch::Request request;
    size_t bytes = 0;
    asked_.clear();
    while (!waiting_.empty() && asked_.size() < limits_.keys) {
      Item& item = items_[waiting_.front()];
      const size_t more = Batch::Bytes(item);
      if (!asked_.empty() && bytes + more > limits_.bytes) break;
      bytes += more;
      batch_.Add(item, &request);
      asked_.push_back(waiting_.front());
      waiting_.pop_front();
    }
    batch_.Send(std::move(request), [this](absl::StatusOr<typename Batch::Response> response) {
      OnAnswer(std::move(response));
    });
  }

  void OnAnswer(absl::StatusOr<typename Batch::Response> response) {
    if (response.ok() && Batch::Count(*response) != static_cast<int>(asked_.size())) {
      response = absl::InternalError("the server answered another number of keys than asked for");
    }
    if (!response.ok()) {
      Fail(response.status());
    } else {
      TakeAll(&*response);
    }
    Next();
  }

  void Fail(const absl::Status& status) {
    for (const size_t i : asked_) results_[i] = status;
    if (!absl::IsDeadlineExceeded(status) && !absl::IsCancelled(status)) return;
    // All that waits would end the same way.
    for (const size_t i : waiting_) results_[i] = status;
    waiting_.clear();
  }

  void TakeAll(typename Batch::Response* response) {
    std::vector<size_t> again;
    for (size_t i = 0; i < asked_.size(); ++i) {
      results_[asked_[i]] = Batch::Take(response, static_cast<int>(i));
      if (Batch::AskAgain(results_[asked_[i]])) again.push_back(asked_[i]);
    }
    // An answer that had room for nothing would not have more the next time.
    if (again.size() == asked_.size()) return;
    waiting_.insert(waiting_.begin(), again.begin(), again.end());
  }

  const Batch batch_;
  std::vector<Item> items_;
  const BatchLimits limits_;
  absl::AnyInvocable<void(Results)> done_;
  Results results_;
  std::deque<size_t> waiting_;  // items without a result, by index
  std::vector<size_t> asked_;   // by the call under way
};

}  // namespace kache

#endif  // KACHE_CLIENT_BATCH_RUN_H_
