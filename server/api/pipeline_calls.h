// What an operation of a Pipeline stream means: the same as the unary call of its kind, which
// serves it (single_calls.h).
#ifndef KACHE_SERVER_API_PIPELINE_CALLS_H_
#define KACHE_SERVER_API_PIPELINE_CALLS_H_

#include "base/clock.h"
#include "security/access_control.h"
#include "server/api/connection_shares.h"
#include "server/api/pipeline_message.h"
#include "server/api/service_context.h"
#include "server/api/unary_call.h"

namespace kache {

// Checks, admits and hands over, or finishes the operation with what is wrong with it. `caller` is
// the stream's, `place` its connection's. The queue's thread only.
void ServeOperation(ServiceContext& context, const CallPolicy& policy, const Caller& caller,
                    ConnectionPlace place, MonotonicTime now, MonotonicTime deadline,
                    PipelineOperation& operation);

}  // namespace kache

#endif  // KACHE_SERVER_API_PIPELINE_CALLS_H_
