#include "client/bench/client_load.h"

#include <algorithm>
#include <utility>

#include "client/bench/precise_wait.h"

namespace kache::bench {

absl::StatusOr<std::unique_ptr<ClientLoad>> ClientLoad::Create(const ClientLoadOptions& options) {
  std::unique_ptr<ClientLoad> load(new ClientLoad(options));
  ClientOptions client;
  client.servers = options.servers;
  client.streams = options.streams;
  client.timeout = options.timeout;
  client.security = options.security;
  client.max_in_flight = std::max(client.max_in_flight, options.slots);
  absl::StatusOr<std::unique_ptr<Client>> created = Client::Create(std::move(client));
  if (!created.ok()) return created.status();
  load->client_ = *std::move(created);
  return load;
}

ClientLoad::ClientLoad(const ClientLoadOptions& options)
    : SlottedLoad(options.slots), options_(options) {}

void ClientLoad::Start(size_t index) {
  const ClientSlot& slot = slots_[index];
  const std::string& key = slot.request.keys[0];
  const auto on_write = [this, index](absl::StatusOr<Receipt> result) {
    slots_[index].status = result.status();
    End(index);
  };
  switch (slot.request.action) {
    case Action::kGet:
      client_->GetAsync(key, {.consistency = options_.consistency},
                        [this, index](absl::StatusOr<GetResult> result) {
                          slots_[index].status = result.status();
                          slots_[index].found = std::move(result);
                          End(index);
                        });
      break;
    case Action::kPut: {
      PutOptions put = {.consistency = options_.consistency};
      if (options_.ttl > absl::ZeroDuration()) put.ttl = options_.ttl;
      client_->PutAsync(key, slot.request.values[0], put, on_write);
      break;
    }
    case Action::kDelete:
      client_->DeleteAsync(key, {.consistency = options_.consistency}, on_write);
      break;
  }
}

void ClientLoad::End(size_t slot) {
  const std::lock_guard lock(mutex_);
  ended_.push_back(slot);
  if (ended_.size() == 1) came_.notify_one();  // the bench's thread takes all at once
}

bool ClientLoad::Wait(Instant until, size_t* index) {
  if (taken_.empty()) {
    const bool came = WaitPrecisely(until, [this](Instant instant) {
      std::unique_lock lock(mutex_);
      while (ended_.empty()) {
        if (came_.wait_until(lock, instant) == std::cv_status::timeout) break;
      }
      taken_.swap(ended_);
      return !taken_.empty();
    });
    if (!came) return false;
  }
  *index = taken_.front();
  taken_.pop_front();
  TakeOutcome(slots_[*index]);
  return true;
}

void ClientLoad::TakeOutcome(ClientSlot& slot) {
  Outcome outcome;
  outcome.code = slot.status.code();
  if (!slot.status.ok()) {
    NoteError(std::string(slot.status.message()));
  } else if (slot.request.action == Action::kGet && slot.found->value) {
    outcome.found = true;
    outcome.value = *slot.found->value;
  }
  slot.outcomes.assign(1, outcome);
}

}  // namespace kache::bench
