#include "tests/testing/played_connection.h"

#include <utility>
#include <vector>

namespace kache::testing {

using redis::Reply;

void PlayedConnection::Send(redis::Command command, absl::Duration timeout,
                            redis::ReplyCallback done) {
  if (!ready_) {  // Never from inside Send: with what is delivered next.
    unsent_.push_back(std::move(done));
    return;
  }
  const MonotonicTime now = node_->Monotonic();
  auto waiting =
      std::make_shared<Waiting>(Waiting{std::move(done), now + absl::ToChronoNanoseconds(timeout)});
  waiting_.push_back(waiting);
  if (severed_) return;
  OnItsWay on_its_way{now + absl::ToChronoNanoseconds(lag_), std::move(command),
                      std::move(waiting)};
  if (lag_ == absl::ZeroDuration() && out_.empty()) return Hand(std::move(on_its_way));
  out_.push_back(std::move(on_its_way));
}

void PlayedConnection::Hand(OnItsWay command) {
  node_->Take(command.command,
              [waiting = std::move(command.waiting), back = absl::ToChronoNanoseconds(lag_),
               &node = *node_](Reply reply) {
                waiting->reply = std::move(reply);
                waiting->due = node.Monotonic() + back;
              });
}

void PlayedConnection::Sever() {
  severed_ = true;
  out_.clear();
}

void PlayedConnection::Arrive() {
  while (!out_.empty() && out_.front().due <= node_->Monotonic()) {
    OnItsWay next = std::move(out_.front());
    out_.pop_front();
    Hand(std::move(next));
  }
}

void PlayedConnection::Break() {
  ready_ = severed_ = false;
  out_.clear();
  for (const std::shared_ptr<Waiting>& waiting : std::exchange(waiting_, {})) {
    auto done = std::exchange(waiting->done, nullptr);
    if (done) done(absl::UnavailableError("the connection was lost"));
  }
}

bool PlayedConnection::Deliver() {
  bool any = !unsent_.empty();
  for (redis::ReplyCallback& done : std::exchange(unsent_, {})) {
    done(absl::UnavailableError("not connected"));
  }
  if (!ready_) return any;
  Arrive();
  const MonotonicTime now = node_->Monotonic();
  const size_t count = waiting_.size();  // not those that are caused now
  for (size_t i = 0; i < count && !waiting_.empty(); ++i) {
    const std::shared_ptr<Waiting> waiting = waiting_.front();
    if (!waiting->reply || waiting->due > now) break;
    waiting_.pop_front();
    auto done = std::exchange(waiting->done, nullptr);
    if (!done) continue;
    any = true;
    done(*std::move(waiting->reply));
  }
  // Its reply may come all the same, and is nobody's then.
  const std::vector<std::shared_ptr<Waiting>> left(waiting_.begin(), waiting_.end());
  for (const std::shared_ptr<Waiting>& waiting : left) {
    if (waiting->deadline > now || !waiting->done) continue;
    any = true;
    std::exchange(waiting->done, nullptr)(absl::DeadlineExceededError("no reply in time"));
  }
  return any;
}

}  // namespace kache::testing
