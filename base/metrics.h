// What prometheus-cpp lacks for our use: standard buckets and text rendering.
// Metrics themselves are prometheus::Counter, Gauge and Histogram, held by whoever counts.
#ifndef KACHE_BASE_METRICS_H_
#define KACHE_BASE_METRICS_H_

#include <string>

#include "prometheus/histogram.h"
#include "prometheus/registry.h"

namespace kache {

// Latency buckets in seconds: 100 us to 10 s, about three a decade.
const prometheus::Histogram::BucketBoundaries& LatencyBuckets();

// The registry in the Prometheus text format, version 0.0.4. Thread-safe.
std::string RenderMetrics(prometheus::Registry& registry);

}  // namespace kache

#endif  // KACHE_BASE_METRICS_H_
