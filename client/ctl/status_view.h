// GetStatus for people and for machines: `kachectl status` and `kachectl ring`. Pure.
//
// Thread-safe.
#ifndef KACHE_CLIENT_CTL_STATUS_VIEW_H_
#define KACHE_CLIENT_CTL_STATUS_VIEW_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "base/json_writer.h"
#include "client/ctl/terminal.h"
#include "kache/v1/kache.pb.h"

namespace kache::ctl {

Tone StateTone(v1::NodeState state);

// How far refilling a node is: "refilled: 40 of about 100 keys, 20 keys/s", or what it waits for.
// REQUIRES: node.has_resync().
std::string ResyncText(const v1::Node& node);

// 16 hexadecimal digits.
std::string FingerprintText(uint64_t fingerprint);

// The name of the node that answers call `node_id`, valid as long as `status`; empty when `status`
// has no such node, or comes from a server of an earlier release, which gives nodes no ids.
std::string_view NodeName(uint32_t node_id, const v1::GetStatusResponse& status);

// A line for each node, then what the ring is and who said so, and what should not stay as it is.
std::string StatusText(const v1::GetStatusResponse& status, std::string_view answered_by,
                       absl::Time now, bool colour);

// Names as in REST's /status, and "server": who answered.
std::string StatusJson(const v1::GetStatusResponse& status, std::string_view answered_by);

// The share of each node, drawn as a bar; `width` columns stand for the largest share.
std::string RingText(const v1::GetStatusResponse& status, size_t width, bool colour);
std::string RingJson(const v1::GetStatusResponse& status);

}  // namespace kache::ctl

#endif  // KACHE_CLIENT_CTL_STATUS_VIEW_H_
