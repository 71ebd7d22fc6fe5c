#include "base/grpc_log.h"

#include <grpc/support/log.h>

#include "spdlog/spdlog.h"

namespace kache {

void RouteGrpcLog() {
  gpr_set_log_function([](gpr_log_func_args* line) {
    const auto level = line->severity == GPR_LOG_SEVERITY_ERROR  ? spdlog::level::warn
                       : line->severity == GPR_LOG_SEVERITY_INFO ? spdlog::level::info
                                                                 : spdlog::level::debug;
    spdlog::log(level, "gRPC says: {}", line->message);
  });
}

}  // namespace kache
