// Receipts as REST shows them.
#ifndef KACHE_GATEWAY_HANDLERS_RECEIPT_H_
#define KACHE_GATEWAY_HANDLERS_RECEIPT_H_

#include <string>

#include "gateway/http/message.h"
#include "kache/v1/kache.pb.h"

namespace kache::gateway {

// Appends `,"version":"...","acknowledged":1,...`: members that follow others in a JSON object.
void AppendReceipt(const v1::Receipt& receipt, std::string* json);

// Kache-Version, Kache-Acknowledged, Kache-Required, Kache-Degraded, Kache-Node and
// Kache-Expires-At, as far as the receipt knows them.
void AddReceiptHeaders(const v1::Receipt& receipt, HttpResponse* response);

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_RECEIPT_H_
