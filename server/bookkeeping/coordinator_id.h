// A coordinator's id as all bookkeeping writes it: 16 hexadecimal digits. Pure.
#ifndef KACHE_SERVER_BOOKKEEPING_COORDINATOR_ID_H_
#define KACHE_SERVER_BOOKKEEPING_COORDINATOR_ID_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kache {

std::string CoordinatorText(uint64_t coordinator);
// Nullopt for what is no such text: the same number in other digits is none, as it could not be
// found again by its text.
std::optional<uint64_t> ParseCoordinator(std::string_view text);

}  // namespace kache

#endif  // KACHE_SERVER_BOOKKEEPING_COORDINATOR_ID_H_
