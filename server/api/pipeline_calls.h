// What an operation of a Pipeline stream means: the same as the unary call of its kind, which
// serves it (single_calls.h).
#ifndef KACHE_SERVER_API_PIPELINE_CALLS_H_
#define KACHE_SERVER_API_PIPELINE_CALLS_H_

#include "base/clock.h"
#include "server/api/admission.h"
#include "server/api/pipeline_message.h"
#include "server/api/service_context.h"

namespace kache {

// Checks, admits and hands over, or finishes the operation with what is wrong with it. The queue's
// thread only.
void ServeOperation(ServiceContext& context, AdmissionControl& admission, MonotonicTime now,
                    MonotonicTime deadline, PipelineOperation& operation);

}  // namespace kache

#endif  // KACHE_SERVER_API_PIPELINE_CALLS_H_
