// A version as text, the same in every program and in REST: 16 hexadecimal digits, a dash, 16 more.
// Later text is later written.
//
// Thread-safe.
#ifndef KACHE_CLIENT_VERSION_TEXT_H_
#define KACHE_CLIENT_VERSION_TEXT_H_

#include <string>
#include <string_view>

#include "kache/v1/kache.pb.h"

namespace kache {

std::string VersionText(const v1::Version& version);
void AppendVersionText(const v1::Version& version, std::string* text);

// False when `text` is not in that form; `version` is then unchanged. Either case of letters.
bool ParseVersionText(std::string_view text, v1::Version* version);

// Both zero = no version, which is older than any.
bool IsNewer(const v1::Version& version, const v1::Version& than);

}  // namespace kache

#endif  // KACHE_CLIENT_VERSION_TEXT_H_
