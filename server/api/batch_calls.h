// BatchGet, BatchPut, BatchDelete and BatchTouch: each key is an operation of its own for the
// coordinator, but for reads at ONE without a min_version, which it is given together. Operations
// are handed over in request order, so that of two writes to one key the later wins. Requests are
// valid as a whole; a wrong entry gets an error of its own. Request, response and answer stay until
// the answer is finished.
#ifndef KACHE_SERVER_API_BATCH_CALLS_H_
#define KACHE_SERVER_API_BATCH_CALLS_H_

#include "base/clock.h"
#include "kache/v1/kache.pb.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "server/api/answer.h"
#include "server/api/service_context.h"

namespace kache {

// kache_batch_keys.
prometheus::Histogram& BatchKeysHistogram(prometheus::Registry& registry);

void ServeBatchGet(ServiceContext& context, const v1::BatchGetRequest& request,
                   MonotonicTime deadline, v1::BatchGetResponse& response, Answer& answer);
void ServeBatchPut(ServiceContext& context, const v1::BatchPutRequest& request,
                   MonotonicTime deadline, v1::BatchPutResponse& response, Answer& answer);
void ServeBatchDelete(ServiceContext& context, const v1::BatchDeleteRequest& request,
                      MonotonicTime deadline, v1::BatchDeleteResponse& response, Answer& answer);
void ServeBatchTouch(ServiceContext& context, const v1::BatchTouchRequest& request,
                     MonotonicTime deadline, v1::BatchTouchResponse& response, Answer& answer);

}  // namespace kache

#endif  // KACHE_SERVER_API_BATCH_CALLS_H_
