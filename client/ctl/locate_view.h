// Locate for people and for machines: where a key should be, beside what each server holds. Pure.
//
// Thread-safe.
#ifndef KACHE_CLIENT_CTL_LOCATE_VIEW_H_
#define KACHE_CLIENT_CTL_LOCATE_VIEW_H_

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "kache/v1/kache.pb.h"

namespace kache::ctl {

// Requires (both): `status` is of a coordinator of the same ring. Nodes that it does not have are
// shown by their id.
std::string LocateText(std::string_view key, const v1::LocateResponse& place,
                       const v1::GetStatusResponse& status, absl::Time now, bool colour);
std::string LocateJson(std::string_view key, const v1::LocateResponse& place,
                       const v1::GetStatusResponse& status);

}  // namespace kache::ctl

#endif  // KACHE_CLIENT_CTL_LOCATE_VIEW_H_
