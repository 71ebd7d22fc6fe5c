// Keeps a flood of like lines from filling disks and hiding the others: of each kind of line at
// most so many get through in a second, and a line tells how many more there were:
//
//   ... warn kache-server lines left out kind="slow operation" count=312
//
// A kind is a level and the sentence that a message begins with, up to its first key=value pair or
// colon: "node state changed node=a ..." and "node state changed node=b ..." are of one kind.
// Lines at debug and trace are not limited.
#ifndef KACHE_BASE_LOG_LIMIT_H_
#define KACHE_BASE_LOG_LIMIT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "spdlog/sinks/base_sink.h"

namespace kache {

// The beginning of `message` that names its kind; a view into it.
std::string_view KindOfLine(std::string_view message);

// A sink in front of another. Thread-safe. What was left out in a second is told by the first line
// after it, of whatever kind, and by flush(): call that now and then, and at the end.
class LogLimit final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  // Kinds that are told apart in one second; lines of further ones count together.
  static constexpr size_t kMaxKinds = 256;

  // `lines_per_second` of each kind, at least 1.
  LogLimit(std::shared_ptr<spdlog::sinks::sink> target, uint32_t lines_per_second)
      : target_(std::move(target)), limit_(lines_per_second) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override;
  void set_pattern_(const std::string& pattern) override { target_->set_pattern(pattern); }
  void set_formatter_(std::unique_ptr<spdlog::formatter> formatter) override {
    target_->set_formatter(std::move(formatter));
  }

 private:
  struct Kind {
    spdlog::level::level_enum level = spdlog::level::info;
    uint64_t lines = 0;  // in this second
  };
  // Tells what was left out, and begins anew.
  void EndSecond();

  const std::shared_ptr<spdlog::sinks::sink> target_;
  const uint32_t limit_;
  spdlog::log_clock::time_point second_begin_;
  absl::flat_hash_map<std::string, Kind> kinds_;
};

}  // namespace kache

#endif  // KACHE_BASE_LOG_LIMIT_H_
