#include "server/replication/scripts.h"

namespace kache {
namespace {

// Versions are compared as four 32-bit numbers: Lua compares strings by the locale's collation,
// and its numbers hold only 53 bits.
constexpr char kSetIfNewer[] = R"lua(
local key, record, ends = KEYS[1], ARGV[1], tonumber(ARGV[2])
local held = redis.pcall('GETRANGE', key, 0, 27)
local occupied, beats = held ~= '', false
if type(held) == 'table' then
  if not string.find(held['err'], 'WRONGTYPE', 1, true) then return held end
elseif #held == 28 and string.sub(held, 1, 2) == '\75\172' then
  beats = true
  local a, b, c, d = struct.unpack('>I4I4I4I4', string.sub(held, 5, 20))
  local e, f, g, h = struct.unpack('>I4I4I4I4', string.sub(record, 5, 20))
  if a == e and b == f and c == g and d == h then return 1 end
  if a > e or (a == e and (b > f or (b == f and (c > g or (c == g and d > h))))) then
    return string.sub(held, 5, 20)
  end
end
if ends == 0 then
  local stored = redis.pcall('SET', key, record)
  if stored['err'] then return stored end
  return 1
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local grace = tonumber(ARGV[3])
if beats and grace > 0 then
  local old = redis.pcall('PEXPIRETIME', key)
  if type(old) == 'table' then
    old = redis.call('PTTL', key)
    if old >= 0 then old = old + now end
  end
  if old == -1 then
    ends = ends + grace
  elseif old > ends then
    ends = math.min(old, ends + grace)
  end
end
if ends <= now then
  if occupied then redis.call('DEL', key) end
  return 1
end
local stored = redis.pcall('SET', key, record, 'PXAT', string.format('%.0f', ends))
if stored['err'] then return stored end
return 1
)lua";

}  // namespace

const redis::Script& SetIfNewer() {
  static const redis::Script& script = *new redis::Script("set-if-newer", kSetIfNewer);
  return script;
}

std::vector<const redis::Script*> AllScripts() { return {&SetIfNewer()}; }

}  // namespace kache
