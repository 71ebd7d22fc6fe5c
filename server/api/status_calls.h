// GetStatus: the ring and every node, as this server sees them now. ForsakeNode.
#ifndef KACHE_SERVER_API_STATUS_CALLS_H_
#define KACHE_SERVER_API_STATUS_CALLS_H_

#include "base/clock.h"
#include "kache/v1/kache.pb.h"
#include "server/api/answer.h"
#include "server/api/service_context.h"

namespace kache {

// Answers at once.
void ServeStatus(ServiceContext& context, const v1::GetStatusRequest& request,
                 MonotonicTime deadline, v1::GetStatusResponse& response, Answer& answer);

// Answers on the recovery's thread.
void ServeForsake(ServiceContext& context, const v1::ForsakeNodeRequest& request,
                  MonotonicTime deadline, v1::ForsakeNodeResponse& response, Answer& answer);

}  // namespace kache

#endif  // KACHE_SERVER_API_STATUS_CALLS_H_
