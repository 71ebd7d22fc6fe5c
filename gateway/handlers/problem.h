// What is wrong with a request, found before any server was asked.
#ifndef KACHE_GATEWAY_HANDLERS_PROBLEM_H_
#define KACHE_GATEWAY_HANDLERS_PROBLEM_H_

#include <optional>
#include <string>
#include <string_view>

#include "http/error_response.h"
#include "http/message.h"

namespace kache::gateway {

struct Problem {
  int status = 400;
  std::string_view code;  // of static duration: an error code of docs/rest.md
  std::string message;    // names fields and limits, never a key or a value
};

// Nothing = no problem.
using MaybeProblem = std::optional<Problem>;

inline HttpResponse ProblemResponse(const Problem& problem) {
  return ErrorResponse(problem.status, problem.code, problem.message);
}

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_PROBLEM_H_
