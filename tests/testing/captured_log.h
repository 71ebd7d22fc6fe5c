// What is logged while it lives, in place of what else the log does.
//
//   CapturedLog log;
//   ...
//   EXPECT_EQ(log.Count("fenced: the node may lack writes node=b"), 1u);
//
// For one thread.
#ifndef KACHE_TESTS_TESTING_CAPTURED_LOG_H_
#define KACHE_TESTS_TESTING_CAPTURED_LOG_H_

#include <cstddef>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

#include "spdlog/sinks/ostream_sink.h"
#include "spdlog/spdlog.h"

namespace kache::testing {

class CapturedLog {
 public:
  CapturedLog() {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "captured", std::make_shared<spdlog::sinks::ostream_sink_st>(text_)));
  }
  ~CapturedLog() { spdlog::set_default_logger(before_); }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  std::string text() const { return text_.str(); }
  // How often it has been logged.
  size_t Count(std::string_view what) const {
    const std::string text = text_.str();
    size_t count = 0;
    for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++count;
    return count;
  }

 private:
  const std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
  std::ostringstream text_;
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_CAPTURED_LOG_H_
