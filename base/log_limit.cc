#include "base/log_limit.h"

#include <algorithm>
#include <chrono>

#include "base/strings.h"

namespace kache {
namespace {

constexpr size_t kMaxKindBytes = 60;
constexpr char kFurtherKinds[] = "further kinds";

}  // namespace

std::string_view KindOfLine(std::string_view message) {
  size_t end = message.find_first_of("=:");
  if (end == std::string_view::npos) return message.substr(0, kMaxKindBytes);
  if (message[end] == '=') {
    const size_t name = message.find_last_of(' ', end);
    end = name == std::string_view::npos ? 0 : name;
  }
  return message.substr(0, std::min(end, kMaxKindBytes));
}

void LogLimit::sink_it_(const spdlog::details::log_msg& message) {
  if (message.level < spdlog::level::info) return target_->log(message);
  // Also when the clock was set back.
  const auto age = message.time - second_begin_;
  if (age >= std::chrono::seconds(1) || age < std::chrono::seconds(0)) {
    EndSecond();
    second_begin_ = message.time;
  }
  const std::string_view kind =
      KindOfLine(std::string_view(message.payload.data(), message.payload.size()));
  std::string name = Concat(static_cast<int>(message.level), kind);
  if (kinds_.size() >= kMaxKinds && !kinds_.contains(name)) name = Concat("9", kFurtherKinds);
  Kind& of_kind = kinds_[name];
  of_kind.level = message.level;
  if (++of_kind.lines <= limit_) target_->log(message);
}

void LogLimit::EndSecond() {
  for (const auto& [name, kind] : kinds_) {
    if (kind.lines <= limit_) continue;
    const std::string text = Concat("lines left out kind=\"", std::string_view(name).substr(1),
                                    "\" count=", kind.lines - limit_);
    target_->log(spdlog::details::log_msg(spdlog::string_view_t(), kind.level, text));
  }
  kinds_.clear();
}

void LogLimit::flush_() {
  EndSecond();
  target_->flush();
}

}  // namespace kache
