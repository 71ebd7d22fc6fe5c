// Versions and receipts as REST shows them.
//
// A version is written `<timestamp>-<coordinator>`, 16 lower-case hexadecimal digits each. As text
// of equal length, versions compare like the versions themselves.
#ifndef KACHE_GATEWAY_HANDLERS_RECEIPT_H_
#define KACHE_GATEWAY_HANDLERS_RECEIPT_H_

#include <string>
#include <string_view>

#include "gateway/http/message.h"
#include "kache/v1/kache.pb.h"

namespace kache::gateway {

std::string VersionText(const v1::Version& version);
// False for anything else than VersionText's form (capital digits are taken too).
bool ParseVersion(std::string_view text, v1::Version* version);

// Appends `,"version":"...","acknowledged":1,...`: members that follow others in a JSON object.
void AppendReceipt(const v1::Receipt& receipt, std::string* json);

// Kache-Version, Kache-Acknowledged, Kache-Required, Kache-Degraded, Kache-Node and
// Kache-Expires-At, as far as the receipt knows them.
void AddReceiptHeaders(const v1::Receipt& receipt, HttpResponse* response);

}  // namespace kache::gateway

#endif  // KACHE_GATEWAY_HANDLERS_RECEIPT_H_
