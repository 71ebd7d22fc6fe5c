// What a token allows. Each role allows what stands before it, too.
#ifndef KACHE_SECURITY_ROLE_H_
#define KACHE_SECURITY_ROLE_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace kache {

enum class Role : uint8_t {
  kNone,   // needs no token
  kRead,   // keys' values and places, status, metrics, pages
  kWrite,  // put and delete
  kAdmin,  // what operators do: ForsakeNode
};

// "none", "read", "write", "admin".
std::string_view RoleName(Role role);
// A role that a token may have: not kNone.
std::optional<Role> RoleFromName(std::string_view name);

}  // namespace kache

#endif  // KACHE_SECURITY_ROLE_H_
