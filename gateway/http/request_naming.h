// What a client names its request by: the fields X-Request-Id and traceparent. Either is believed
// only where it stands once and looks as it should (base/request_name.h); a request without an id
// gets a number.
#ifndef KACHE_GATEWAY_HTTP_REQUEST_NAMING_H_
#define KACHE_GATEWAY_HTTP_REQUEST_NAMING_H_

#include "base/request_name.h"
#include "gateway/http/message.h"

namespace kache::gateway {

RequestName NameRequest(const HeaderList& headers);

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HTTP_REQUEST_NAMING_H_
