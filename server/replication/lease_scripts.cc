#include "server/replication/lease_scripts.h"

#include <string>

#include "server/replication/scripts.h"

namespace kache {
namespace {

// Versions are four 32-bit numbers, as in set-if-newer. The last 16 bits of the fourth are the
// content's hash.
constexpr char kLease[] = R"lua(
local key, terms = KEYS[1], ARGV[1]
local held = redis.pcall('GETRANGE', key, '0', '27')
if type(held) == 'table' then
  if not string.find(held['err'], 'WRONGTYPE', 1, true) then return held end
  held = ''
end
local floor_a, floor_b, lease, latest, offset = struct.unpack('>I4I4I8I8i8',
  string.sub(terms, 1, 8) .. string.sub(terms, 17, 40))
local node, asker, now = string.sub(terms, 41, 44), string.sub(terms, 45, 52), now_ms()
local is_record = #held == 28 and string.sub(held, 1, 2) == '\75\172'
local a, b, c, d, flags = 0, 0, 0, 0, 0
if is_record then
  local expires
  a, b, c, d, expires = struct.unpack('>I4I4I4I4I8', held, 5)
  flags = string.byte(held, 4)
  local is_over = flags % 2 == 1 or (expires ~= 0 and expires + offset <= now)
  if string.byte(held, 3) ~= 1 or not is_over then return 'H' .. redis.call('GET', key) end
  if flags % 16 >= 8 then
    local mark = redis.call('GETRANGE', key, '28', '63')
    local ends = #mark == 36 and struct.unpack('>I8', mark) or 0
    if ends > now and string.sub(mark, 25, 28) == node then
      if string.sub(mark, 29, 36) == asker then
        return 'L' .. string.sub(mark, 9, 24) .. string.sub(held, 5, 20)
      end
      return 'W' .. struct.pack('>I8', ends - now)
    end
  end
end
if now > latest then return 'X' end

local token = string.sub(terms, 1, 16)
if a > floor_a or (a == floor_a and b >= floor_b) then
  local ta, tb, tc, td = a, b, c, d - d % 65536 + 65536
  if td == 4294967296 then
    tc, td = tc + 1, 0
    if tc == 4294967296 then
      tb, tc = tb + 1, 0
      if tb == 4294967296 then ta, tb = ta + 1, 0 end
    end
  end
  token = struct.pack('>I4I4I4I4', ta, tb, tc, td)
end
local header = '\75\172\1\9' .. string.rep('\0', 24)
local ends = now + lease
if is_record then
  header = '\75\172\1' .. string.char(flags % 8 >= 4 and 13 or 9) .. string.sub(held, 5)
  local old = end_of(key)
  ends = old == 0 and 0 or math.max(ends, old)
end
local mark = header .. struct.pack('>I8', now + lease) .. token .. node .. asker
local set
if ends == 0 then
  set = redis.pcall('SET', key, mark)
else
  set = redis.pcall('SET', key, mark, 'PXAT', string.format('%.0f', ends))
end
if set['err'] then return set end
return 'L' .. token .. string.sub(header, 5, 20)
)lua";

constexpr char kCheckLease[] = R"lua(
local key, token, node = KEYS[1], string.sub(ARGV[1], 1, 14), string.sub(ARGV[1], 17, 20)
local held = redis.pcall('GETRANGE', key, '0', '63')
if type(held) == 'table' then
  if string.find(held['err'], 'WRONGTYPE', 1, true) then return 0 end
  return held
end
if #held < 28 or string.sub(held, 1, 2) ~= '\75\172' then return 0 end
if string.sub(held, 5, 18) == token then return 1 end
local is_mark = #held == 64 and string.byte(held, 4) % 16 >= 8
if is_mark and string.sub(held, 37, 50) == token and string.sub(held, 53, 56) == node then
  return 1
end
return string.sub(held, 5, 20)
)lua";

}  // namespace

const redis::Script& LeaseScript() {
  static const redis::Script& script = *new redis::Script("lease", EndOfFunction() + kLease);
  return script;
}

const redis::Script& CheckLease() {
  static const redis::Script& script = *new redis::Script("check-lease", kCheckLease);
  return script;
}

}  // namespace kache
