#include "server/redis/redis_client.h"

#include <algorithm>
#include <cassert>
#include <string>

#include "server/redis/first_contact.h"
#include "server/redis/redis_client_impl.h"

namespace kache::redis {
namespace {

// The kernel gives a connection up later than we do, for it knows nothing of `suspect_self`.
std::chrono::milliseconds UnacknowledgedLimit(const ClientOptions& options) {
  return absl::ToChronoMilliseconds(options.ping_timeout * SilenceWatch::kSuspectSelfFactor);
}

// So many connections in a row that nothing was asked for, and that were lost, are made again at
// once.
constexpr int kMaxIdleLosses = 3;

absl::Status UnavailableFor(const DownReason& reason) {
  return absl::UnavailableError(reason.code + ": " + reason.message);
}

}  // namespace

std::unique_ptr<RedisClient> RedisClient::Create(EventLoop& loop, NodeId node, Endpoint endpoint,
                                                 ClientOptions options,
                                                 std::vector<const Script*> scripts,
                                                 NodeObserver& observer,
                                                 std::function<bool()> suspect_self,
                                                 MayQueue may_queue) {
  return std::make_unique<RedisClientImpl>(loop, node, std::move(endpoint), options,
                                           std::move(scripts), observer, std::move(suspect_self),
                                           std::move(may_queue));
}

RedisClientImpl::RedisClientImpl(EventLoop& loop, NodeId node, Endpoint endpoint,
                                 ClientOptions options, std::vector<const Script*> scripts,
                                 NodeObserver& observer, std::function<bool()> suspect_self,
                                 MayQueue may_queue)
    : loop_(loop),
      node_(node),
      endpoint_(std::move(endpoint)),
      options_(options),
      scripts_(std::move(scripts)),
      observer_(observer),
      suspect_self_(std::move(suspect_self)),
      may_queue_(std::move(may_queue)),
      socket_(loop.impl(), *this, UnacknowledgedLimit(options)),
      silence_(options.silence_limit, options.ping_timeout),
      backoff_(options.reconnect_min, options.reconnect_max),
      connect_timer_(loop.impl()),
      ping_timer_(loop.impl()),
      not_ready_(absl::UnavailableError("not connected yet")) {
  assert(loop_.OnLoopThread());
  // From the loop, not from here: the observer is not called before the constructor has returned.
  ScheduleConnect(absl::ZeroDuration());
}

RedisClientImpl::~RedisClientImpl() {
  assert(loop_.OnLoopThread());
  state_ = State::kWaiting;
  resuming_ = false;
  socket_.Close();
  not_ready_ = absl::UnavailableError("the client is being closed");
  AnswerAllWaiting(not_ready_);
  while (!refused_.empty()) AnswerRefused();
  loop_.impl().Leave(*this);
}

void RedisClientImpl::ScheduleConnect(absl::Duration delay) {
  connect_timer_.Start(delay, absl::ZeroDuration(), [this] { Connect(); });
}

void RedisClientImpl::Connect() {
  state_ = State::kConnecting;
  reader_ = ReplyReader();
  const absl::Duration limit = resuming_ ? std::min(options_.resume_limit, options_.connect_timeout)
                                         : options_.connect_timeout;
  connect_deadline_ = loop_.Now() + absl::ToChronoNanoseconds(limit);
  loop_.impl().StartTicks(*this);
  socket_.Connect(endpoint_.host, endpoint_.port, connect_deadline_,
                  endpoint_.tls ? endpoint_.tls->context() : nullptr);
}

void RedisClientImpl::OnOpen() {
  state_ = State::kHandshaking;
  asked_at_ = std::chrono::steady_clock::now();
  handshake_.emplace(endpoint_, scripts_, Introduction{options_.name, options_.lost_question});
  for (const Command& command : handshake_->commands()) socket_.Write(command);
  loop_.impl().CallAtTurnEnd(*this);
}

void RedisClientImpl::OnClosed(const DownReason& reason) {
  const bool idle = sent_.empty();
  const bool may_resume =
      options_.resume_limit > absl::ZeroDuration() && (!idle || ++idle_losses_ <= kMaxIdleLosses);
  if (state_ == State::kReady && may_resume) {
    StartResuming(LossCause::kUnknown);
  } else {
    Lose(reason);
  }
}

void RedisClientImpl::BecomeReady() {
  ServerFacts facts = handshake_->facts();
  facts.asked_at = asked_at_;
  handshake_.reset();
  if (resuming_ && facts.run_id != run_id_) GiveUpResuming();
  state_ = State::kReady;
  run_id_ = facts.run_id;
  ++counters_.connects;
  ping_timer_.Start(options_.ping_interval, options_.ping_interval, [this] { SendPing(); });
  if (std::exchange(resuming_, false)) {
    ++counters_.resumes;
    SendHeld();
  } else {
    observer_.OnConnected(node_, facts);
  }
}

void RedisClientImpl::StartResuming(LossCause cause) {
  const size_t under_way = sent_.size();
  PendingQueue lost = std::exchange(sent_, PendingQueue());
  for (; !resumed_.empty(); resumed_.PopFront()) lost.Push(std::move(resumed_.Front()));
  Resumption resumption = Resume(std::move(lost), under_way, cause);
  state_ = State::kWaiting;
  resuming_ = true;
  DropConnection();
  ++counters_.disconnects;
  resumed_ = std::move(resumption.waiting);
  suspects_ = resumption.suspects;
  held_.DropPingsAndLoads();
  // From the loop: this is called from inside the socket's own news.
  ScheduleConnect(absl::ZeroDuration());
  counters_.culprits += resumption.culprits.size();
  for (ReplyCallback& done : resumption.culprits) done(TooMuchForNode(""));
}

void RedisClientImpl::GiveUpResuming() {
  resuming_ = false;
  const DownReason reason = {"connection_lost", Address() + " is another Redis process now"};
  not_ready_ = UnavailableFor(reason);
  suspects_ = 0;
  unsent_reads_.Clear();
  observer_.OnDown(node_, reason);
  AnswerAllWaiting(not_ready_);
}

void RedisClientImpl::DropConnection() {
  socket_.Close();
  ping_timer_.Stop();
  ping_waiting_ = false;
  handshake_.reset();
  loading_.clear();
  values_under_way_ = 0;
  suspects_ = 0;
  unsent_reads_.Clear();
}

void RedisClientImpl::Reconnect(const DownReason& reason) {
  assert(loop_.OnLoopThread());
  if (Ready()) Lose(reason);
}

void RedisClientImpl::Lose(const DownReason& reason, bool was_unusable) {
  const bool was_connected = std::exchange(state_, State::kWaiting) == State::kReady;
  const bool was_ready = std::exchange(resuming_, false) || was_connected;
  DropConnection();
  if (was_connected) ++counters_.disconnects;
  // A server that lets us in and then refuses to work is not asked again at once.
  if (was_ready && !was_unusable) backoff_.Reset();
  ScheduleConnect(backoff_.Next(absl::Uniform(random_, 0.0, 1.0)));
  not_ready_ = UnavailableFor(reason);
  // First the news, so that whoever is called back below does not come here again.
  observer_.OnDown(node_, reason);
  AnswerAllWaiting(not_ready_);
}

void RedisClientImpl::AnswerAllWaiting(const absl::Status& status) {
  PendingQueue sent = std::exchange(sent_, PendingQueue());
  PendingQueue resumed = std::exchange(resumed_, PendingQueue());
  std::vector<ReplyCallback> held = held_.TakeAll();
  for (PendingQueue* waiting : {&sent, &resumed}) {
    for (; !waiting->empty(); waiting->PopFront()) {
      if (waiting->Front().done) waiting->Front().done(status);
    }
  }
  for (ReplyCallback& done : held) done(status);
}

void RedisClientImpl::OnTurnEnd() {
  AnswerRefused();
  socket_.Flush();
}

void RedisClientImpl::OnLate(std::chrono::nanoseconds delay, MonotonicTime now) {
  // No try that begins now may last longer than any other.
  const MonotonicTime latest = now + absl::ToChronoNanoseconds(options_.connect_timeout);
  connect_deadline_ = std::max(connect_deadline_, std::min(connect_deadline_ + delay, latest));
  socket_.Extend(delay, latest);
  silence_.Extend(delay, now);
}

void RedisClientImpl::OnTick(MonotonicTime now) {
  if (state_ != State::kWaiting) socket_.OnTick(now);
  if (state_ == State::kHandshaking && now >= connect_deadline_) {
    Lose(SilentFromTheStart(Address(), endpoint_.tls ? TlsStage::kAgreed : TlsStage::kNone));
  }
  AnswerTimedOut(now);
  CheckSilence(now);
  const bool connecting = state_ == State::kConnecting || state_ == State::kHandshaking;
  if (NoneWaits() && !connecting) loop_.impl().StopTicks(*this);
}

void RedisClientImpl::CheckSilence(MonotonicTime now) {
  if (state_ != State::kReady || NoneWaits() || !silence_.Exceeded(now, 1)) return;
  if (!silence_.Exceeded(now, SilenceWatch::kSuspectSelfFactor) && suspect_self_ &&
      suspect_self_()) {
    return;
  }
  Lose({"unresponsive", Address() + " leaves commands without an answer"});
}

bool RedisClientImpl::Silent() const {
  return state_ == State::kReady && !NoneWaits() && silence_.Silent(loop_.Now());
}

// A connection that is being resumed goes on with the silence of the one before: what waits on it
// is the same.
absl::Duration RedisClientImpl::Silence() const {
  return NoneWaits() ? absl::ZeroDuration() : silence_.Silence(loop_.Now());
}

}  // namespace kache::redis
