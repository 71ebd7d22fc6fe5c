// Get, Put, Delete, Touch, GetOrLease and Locate. Each function hands over to the key's shard,
// whose thread answers. Requests are valid; request, response and answer stay until the answer is
// finished.
#ifndef KACHE_SERVER_API_SINGLE_CALLS_H_
#define KACHE_SERVER_API_SINGLE_CALLS_H_

#include "base/clock.h"
#include "kache/v1/kache.pb.h"
#include "server/api/answer.h"
#include "server/api/service_context.h"

namespace kache {

void ServeGet(ServiceContext& context, const v1::GetRequest& request, MonotonicTime deadline,
              v1::GetResponse& response, Answer& answer);
void ServePut(ServiceContext& context, const v1::PutRequest& request, MonotonicTime deadline,
              v1::PutResponse& response, Answer& answer);
void ServeDelete(ServiceContext& context, const v1::DeleteRequest& request, MonotonicTime deadline,
                 v1::DeleteResponse& response, Answer& answer);
void ServeTouch(ServiceContext& context, const v1::TouchRequest& request, MonotonicTime deadline,
                v1::TouchResponse& response, Answer& answer);
void ServeGetOrLease(ServiceContext& context, const v1::GetOrLeaseRequest& request,
                     MonotonicTime deadline, v1::GetOrLeaseResponse& response, Answer& answer);
void ServeLocate(ServiceContext& context, const v1::LocateRequest& request, MonotonicTime deadline,
                 v1::LocateResponse& response, Answer& answer);

}  // namespace kache

#endif  // KACHE_SERVER_API_SINGLE_CALLS_H_
