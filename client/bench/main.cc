// kache-bench: measures Kache under load. This file is a shell; run.h has the rest.
//
// Exit codes: 0 measured, 1 nothing succeeded or a value was wrong, 2 wrong usage or settings.
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "base/mutex_checks.h"
#include "client/bench/options.h"
#include "client/bench/run.h"

namespace {

// One line that is written over and over.
void ShowProgress(const std::string& line) {
  std::fprintf(stderr, "\r\x1b[K%s", line.c_str());
  std::fflush(stderr);
}

}  // namespace

int main(int argc, char** argv) {
  kache::SkipMutexChecks();
  using namespace kache::bench;  // NOLINT(google-build-using-namespace)
  const Parsed parsed = ParseOptions(std::vector<std::string>(argv + 1, argv + argc),
                                     kache::Environment::FromProcess());
  std::fputs(parsed.out.c_str(), stdout);
  std::fputs(parsed.err.c_str(), stderr);
  if (!parsed.options) return parsed.exit_code;

  const bool live = isatty(STDERR_FILENO) == 1;
  const auto report = Run(*parsed.options, live ? OnProgress(ShowProgress) : nullptr);
  if (live) ShowProgress("");
  if (!report.ok()) {
    std::fprintf(stderr, "kache-bench: %s\n", std::string(report.status().message()).c_str());
    return kExitFailure;
  }
  const std::string text = parsed.options->json ? ReportJson(*report) + "\n" : ReportText(*report);
  std::fputs(text.c_str(), stdout);
  return IsFailure(report->measured) ? kExitFailure : kExitOk;
}
