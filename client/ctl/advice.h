// What to do about what is wrong: one table for the codes of gRPC, one for the reasons of nodes.
//
// Thread-safe.
#ifndef KACHE_CLIENT_CTL_ADVICE_H_
#define KACHE_CLIENT_CTL_ADVICE_H_

#include <string_view>

#include "absl/status/status.h"

namespace kache::ctl {

// For a call that failed; empty where the message says it all.
std::string_view AdviceFor(const absl::Status& status);

// For a node in a state by that reason (Node.reason). Never empty.
std::string_view AdviceForReason(std::string_view reason);

}  // namespace kache::ctl

#endif  // KACHE_CLIENT_CTL_ADVICE_H_
