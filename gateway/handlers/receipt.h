// Receipts as REST shows them.
#ifndef KACHE_GATEWAY_HANDLERS_RECEIPT_H_
#define KACHE_GATEWAY_HANDLERS_RECEIPT_H_

#include <string>
#include <string_view>

#include "http/message.h"
#include "kache/v1/kache.pb.h"

namespace kache::gateway {

// `node`: the name of the node that answered a read (NodeNames::NodeOf); empty = it is left out.

// Appends `,"version":"...","acknowledged":1,...`: members that follow others in a JSON object.
void AppendReceipt(const v1::Receipt& receipt, std::string_view node, std::string* json);
// Kache-Version, Kache-Acknowledged, Kache-Required, Kache-Degraded, Kache-Node and
// Kache-Expires-At, as far as the receipt knows them.
void AddReceiptHeaders(const v1::Receipt& receipt, std::string_view node, HttpResponse* response);

// The same for writes and errors, whose receipts name no node.
void AppendReceipt(const v1::Receipt& receipt, std::string* json);
void AddReceiptHeaders(const v1::Receipt& receipt, HttpResponse* response);

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_RECEIPT_H_
