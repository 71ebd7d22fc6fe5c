#include "client/ctl/doctor_view.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "base/json_writer.h"
#include "base/strings.h"
#include "client/ctl/terminal.h"

namespace kache::ctl {
namespace {

const char* LevelText(Level level) {
  switch (level) {
    case Level::kOk:
      return "ok";
    case Level::kSkipped:
      return "skipped";
    case Level::kWarning:
      return "warning";
    case Level::kFailure:
      break;
  }
  return "failure";
}

Tone LevelTone(Level level) {
  switch (level) {
    case Level::kOk:
      return Tone::kGood;
    case Level::kSkipped:
      return Tone::kFaint;
    case Level::kWarning:
      return Tone::kWarning;
    case Level::kFailure:
      break;
  }
  return Tone::kBad;
}

int Count(const std::vector<Finding>& findings, Level level) {
  return static_cast<int>(std::count_if(findings.begin(), findings.end(),
                                        [level](const auto& f) { return f.level == level; }));
}

}  // namespace

std::string DoctorText(const std::vector<Finding>& findings, bool colour) {
  std::string text;
  for (const Finding& finding : findings) {
    text +=
        Paint(absl::StrFormat("%-9s", LevelText(finding.level)), LevelTone(finding.level), colour);
    text += absl::StrFormat("%-9s", finding.check) + Printable(finding.message) + "\n";
    if (!finding.advice.empty()) {
      text += std::string(18, ' ') + Paint("-> " + finding.advice, Tone::kFaint, colour) + "\n";
    }
  }
  const int failures = Count(findings, Level::kFailure);
  const int warnings = Count(findings, Level::kWarning);
  const Tone tone = failures > 0 ? Tone::kBad : warnings > 0 ? Tone::kWarning : Tone::kGood;
  return text + "\n" +
         Paint(Concat(failures, " failure", Plural(failures), ", ", warnings, " warning",
                      Plural(warnings)),
               tone, colour) +
         "\n";
}

std::string DoctorJson(const std::vector<Finding>& findings) {
  JsonWriter json;
  json.BeginObject().Key("findings").BeginArray();
  for (const Finding& finding : findings) {
    json.BeginObject()
        .Member("level", LevelText(finding.level))
        .Member("check", finding.check)
        .Member("message", finding.message);
    if (!finding.advice.empty()) json.Member("advice", finding.advice);
    json.EndObject();
  }
  return json.EndArray()
      .Member("failures", Count(findings, Level::kFailure))
      .Member("warnings", Count(findings, Level::kWarning))
      .EndObject()
      .text();
}

}  // namespace kache::ctl
