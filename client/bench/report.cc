#include "client/bench/report.h"

#include "absl/strings/str_format.h"
#include "base/json_writer.h"
#include "base/strings.h"
#include "client/units.h"

namespace kache::bench {
namespace {

struct NamedPercentile {
  const char* name;
  double part;
};
constexpr NamedPercentile kPercentiles[] = {
    {"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}};

template <class Number>
double Micros(Number nanoseconds) {
  return static_cast<double>(nanoseconds) / 1000;
}

double PerSecond(uint64_t count, absl::Duration elapsed) {
  const double seconds = absl::ToDoubleSeconds(elapsed);
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

// Microseconds of CPU for each key.
double CpuPerKey(absl::Duration cpu, const Measured& measured) {
  const uint64_t keys = measured.keys();
  return keys == 0 ? 0 : absl::ToDoubleMicroseconds(cpu) / static_cast<double>(keys);
}

std::string Row(std::string_view name, const KindStats& stats, absl::Duration elapsed) {
  std::string row = absl::StrFormat("%-18s%12d%12.0f%10.0f", std::string(name), stats.keys,
                                    PerSecond(stats.keys, elapsed), Micros(stats.latency.mean()));
  for (const NamedPercentile& percentile : kPercentiles) {
    row += absl::StrFormat("%10.0f", Micros(stats.latency.Percentile(percentile.part)));
  }
  return row + absl::StrFormat("%10.0f%9d%9d\n", Micros(stats.latency.max()), stats.misses,
                               stats.error_count());
}

std::string Heading() {
  std::string heading = absl::StrFormat("%-18s%12s%12s%10s", "", "keys", "keys/s", "mean us");
  for (const NamedPercentile& percentile : kPercentiles) {
    heading += absl::StrFormat("%10s", percentile.name);
  }
  return heading + absl::StrFormat("%10s%9s%9s\n", "max", "misses", "errors");
}

std::string WhatRan(const Options& options) {
  std::string text = Concat("workload ", options.workload_name, ", ", ModeName(options.mode));
  if (options.batch > 1) Append(&text, " of ", options.batch, " keys");
  Append(&text, ", ", options.keys, " keys, values of ", options.value_size_text, " B, ",
         options.concurrency, " in flight, ");
  if (options.rate > 0) {
    text += absl::StrFormat("%.0f requests/s\n", options.rate);
  } else {
    text += "closed loop\n";
  }
  return text;
}

void KindObject(Kind kind, const KindStats& stats, absl::Duration elapsed, JsonWriter* json) {
  json->BeginObject()
      .Member("operation", KindName(kind))
      .Member("requests", stats.requests)
      .Member("keys", stats.keys)
      .Member("keysPerSecond", PerSecond(stats.keys, elapsed))
      .Member("misses", stats.misses)
      .Key("errors")
      .BeginObject();
  for (const auto& [code, count] : stats.errors) {
    json->Member(absl::StatusCodeToString(code), count);
  }
  json->EndObject().Key("latencyMicros").BeginObject().Member("mean", Micros(stats.latency.mean()));
  for (const NamedPercentile& percentile : kPercentiles) {
    json->Member(percentile.name, Micros(stats.latency.Percentile(percentile.part)));
  }
  json->Member("max", Micros(stats.latency.max())).EndObject().EndObject();
}

void OptionMembers(const Options& options, JsonWriter* json) {
  json->Member("mode", ModeName(options.mode))
      .Member("workload", options.workload_name)
      .Member("keys", options.keys)
      .Member("valueSize", options.value_size_text)
      .Member("connections", options.connections)
      .Member("concurrency", options.concurrency)
      .Member("threads", options.threads)
      .Member("batch", options.batch)
      .Member("rate", options.rate)
      .Member("check", options.check)
      .Member("seed", options.seed);
}

}  // namespace

std::string ReportText(const Report& report) {
  const Measured& measured = report.measured;
  std::string text = WhatRan(report.options) + Heading();
  for (size_t i = 0; i < kKinds; ++i) {
    const KindStats& stats = measured.kinds[i];
    if (stats.requests == 0) continue;
    text += Row(KindName(static_cast<Kind>(i)), stats, report.elapsed);
  }
  text += absl::StrFormat("%.0f keys/s; kache-bench itself: %.1f us CPU a key, %.2f cores\n",
                          PerSecond(measured.keys(), report.elapsed),
                          CpuPerKey(report.own_cpu, measured),
                          absl::FDivDuration(report.own_cpu, report.elapsed));
  for (const ProcessCpu& process : report.processes) {
    text += absl::StrFormat("process %d: %.1f us CPU a key, %.2f cores\n", process.pid,
                            CpuPerKey(process.cpu, measured),
                            absl::FDivDuration(process.cpu, report.elapsed));
  }
  if (measured.never_started > 0) {
    Append(&text, measured.never_started,
           " requests were due but never started: the rate is over what ",
           report.options.concurrency, " in flight can reach\n");
  }
  if (!report.first_error.empty()) Append(&text, "first error: ", report.first_error, "\n");
  if (report.options.check) {
    Append(&text, measured.wrong_values, " wrong values");
    if (measured.wrong_values > 0) Append(&text, "; the first: ", measured.first_wrong);
    text += "\n";
  }
  return text;
}

std::string ReportJson(const Report& report) {
  const Measured& measured = report.measured;
  JsonWriter json;
  json.BeginObject().Key("options").BeginObject();
  OptionMembers(report.options, &json);
  json.EndObject()
      .Member("seconds", absl::ToDoubleSeconds(report.elapsed))
      .Member("keysPerSecond", PerSecond(measured.keys(), report.elapsed))
      .Key("operations")
      .BeginArray();
  for (size_t i = 0; i < kKinds; ++i) {
    if (measured.kinds[i].requests == 0) continue;
    KindObject(static_cast<Kind>(i), measured.kinds[i], report.elapsed, &json);
  }
  json.EndArray()
      .Member("errors", measured.errors())
      .Member("wrongValues", measured.wrong_values)
      .Member("neverStarted", measured.never_started)
      .Member("ownCpuMicrosPerKey", CpuPerKey(report.own_cpu, measured))
      .Member("ownCores", absl::FDivDuration(report.own_cpu, report.elapsed))
      .Key("processes")
      .BeginArray();
  for (const ProcessCpu& process : report.processes) {
    json.BeginObject()
        .Member("pid", process.pid)
        .Member("cpuMicrosPerKey", CpuPerKey(process.cpu, measured))
        .Member("cores", absl::FDivDuration(process.cpu, report.elapsed))
        .EndObject();
  }
  json.EndArray();
  if (!report.first_error.empty()) json.Member("firstError", report.first_error);
  return json.EndObject().text();
}

std::string ProgressText(const Measured& now, const Measured& before, absl::Duration elapsed,
                         absl::Duration interval) {
  const Histogram latency = now.latency();
  return absl::StrFormat("%4s  %9.0f keys/s  p50 %.0f us  p99 %.0f us  max %.0f us  errors %d",
                         DurationText(absl::Trunc(elapsed, absl::Seconds(1))),
                         PerSecond(now.keys() - before.keys(), interval),
                         Micros(latency.Percentile(0.5)), Micros(latency.Percentile(0.99)),
                         Micros(latency.max()), now.errors());
}

bool IsFailure(const Measured& measured) {
  return measured.keys() == measured.errors() || measured.wrong_values > 0;
}

}  // namespace kache::bench
