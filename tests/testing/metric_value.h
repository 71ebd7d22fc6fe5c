// Reads a metric as Prometheus would, for tests of what is counted.
//
//   EXPECT_EQ(MetricValue(registry, "kache_rejected_total{reason=\"stopping\"}"), 1);
#ifndef KACHE_TESTS_TESTING_METRIC_VALUE_H_
#define KACHE_TESTS_TESTING_METRIC_VALUE_H_

#include <cstdlib>
#include <limits>
#include <sstream>
#include <string>
#include <string_view>

#include "base/metrics.h"
#include "prometheus/registry.h"

namespace kache::testing {

// The value of the line of `rendered` that starts with `series`: the metric's name and its labels,
// in the alphabetical order of their names. NaN when there is no such line.
inline double MetricValueIn(const std::string& rendered, std::string_view series) {
  std::istringstream lines(rendered);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(series, 0) != 0 || line.size() <= series.size() + 1) continue;
    if (line[series.size()] != ' ') continue;
    return std::strtod(line.c_str() + series.size() + 1, nullptr);
  }
  return std::numeric_limits<double>::quiet_NaN();
}

inline double MetricValue(prometheus::Registry& registry, std::string_view series) {
  return MetricValueIn(RenderMetrics(registry), series);
}

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_METRIC_VALUE_H_
