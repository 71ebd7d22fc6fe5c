// What a client names its request by: the fields X-Request-Id and traceparent. Either is believed
// only where it stands once and looks as it should (base/request_name.h); a request without an id
// gets a number.
#ifndef KACHE_HTTP_REQUEST_NAMING_H_
#define KACHE_HTTP_REQUEST_NAMING_H_

#include "base/request_name.h"
#include "http/message.h"

namespace kache {

RequestName NameRequest(const HeaderList& headers);

}  // namespace kache

#endif  // KACHE_HTTP_REQUEST_NAMING_H_
