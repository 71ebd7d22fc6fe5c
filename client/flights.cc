#include "client/flights.h"

#include <utility>

namespace kache {

std::shared_ptr<Flights::Flight> Flights::Begin(std::string_view key) {
  auto flight = std::make_shared<Flight>();
  const std::lock_guard lock(mutex_);
  open_[key] = flight;
  return flight;
}

void Flights::CloseLocked(std::string_view key, const std::shared_ptr<Flight>& flight) {
  const auto found = open_.find(key);
  if (found != open_.end() && found->second == flight) open_.erase(found);
}

void Flights::Close(std::string_view key, const std::shared_ptr<Flight>& flight) {
  const std::lock_guard lock(mutex_);
  CloseLocked(key, flight);
}

void Flights::End(std::string_view key, const std::shared_ptr<Flight>& flight,
                  std::optional<std::string> value) {
  const std::lock_guard lock(mutex_);
  CloseLocked(key, flight);
  flight->is_over = true;
  flight->value = std::move(value);
  ended_.notify_all();
}

std::optional<std::string> Flights::Join(std::string_view key, MonotonicTime by, bool* joined) {
  std::unique_lock lock(mutex_);
  const auto found = open_.find(key);
  *joined = found != open_.end();
  if (!*joined) return std::nullopt;
  const std::shared_ptr<Flight> flight = found->second;
  ended_.wait_until(lock, by, [&] { return flight->is_over; });
  return flight->value;
}

}  // namespace kache
