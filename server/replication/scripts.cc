#include "server/replication/scripts.h"

#include "server/replication/hint_scripts.h"
#include "server/replication/lease_scripts.h"
#include "server/replication/touch_scripts.h"

namespace kache {
namespace {

// PEXPIRETIME is new in Redis 7.0; in 6.2 the end is computed, and may be a millisecond late.
constexpr char kEndOf[] = R"lua(
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function end_of(key)
  local ends = redis.pcall('PEXPIRETIME', key)
  if type(ends) == 'table' then
    ends = redis.call('PTTL', key)
    if ends >= 0 then ends = ends + now_ms() end
  end
  return math.max(ends, 0)
end
)lua";

// Versions are compared as four 32-bit numbers: Lua compares strings by the locale's collation,
// and its numbers hold only 53 bits. Arguments of Redis's commands are text: it would format
// numbers slowly. The second bit of the fourth byte is the stand-in's flag. A record of the zero
// version (a lease on nothing, lease.h) knows of no write, but for how long it has to be
// remembered. A second result is true where the record was written.
constexpr char kSetIfNewer[] = R"lua(
local function set_if_newer(key, record, ends, limit, latest, marker, terms, least)
  local held = redis.pcall('GETRANGE', key, '0', '27')
  local occupied, beats, known = held ~= '', false, false
  if type(held) == 'table' then
    if not string.find(held['err'], 'WRONGTYPE', 1, true) then return held end
  elseif #held == 28 and string.sub(held, 1, 2) == '\75\172' then
    beats = true
    local a, b, c, d = struct.unpack('>I4I4I4I4', held, 5)
    local e, f, g, h = struct.unpack('>I4I4I4I4', record, 5)
    known = a + b > 0
    if a == e and b == f and c == g and d == h and
       (string.byte(held, 4) % 4 < 2 or string.byte(record, 4) % 4 > 1) then
      return 1
    end
    if a > e or (a == e and (b > f or (b == f and (c > g or (c == g and d > h))))) then
      return string.sub(held, 5, 20)
    end
  end
  local now
  if not known and latest ~= 0 then
    now = now_ms()
    if now > latest then return -1 end
  end
  if ends == 0 then
    local stored = redis.pcall('SET', key, record)
    if stored['err'] then return stored end
    return 1, true
  end
  if beats and limit > 0 then
    local old = end_of(key)
    if old == 0 then
      ends = math.max(ends, limit)
    elseif old > ends then
      ends = math.max(ends, math.min(old, limit))
    end
  end
  if not now then
    local time = redis.call('TIME')
    now = time[1] * 1000 + math.floor(time[2] / 1000)
  end
  if ends <= now then
    if occupied then redis.call('DEL', key) end
    return 0
  end
  if not known and marker then
    local found, whole = redis.pcall('GET', marker), string.sub(terms, 33)
    if type(found) ~= 'string' or string.sub(found, 1, #whole) ~= whole then ends = limit end
  end
  ends = math.max(ends, now + (least or 0))
  local stored = redis.pcall('SET', key, record, 'PXAT', string.format('%.0f', ends))
  if stored['err'] then return stored end
  return 1, true
end
)lua";

constexpr char kSetOne[] = R"lua(
local ends, limit, latest, least = struct.unpack('>I8I8I8I8', ARGV[2])
return (set_if_newer(KEYS[1], ARGV[1], ends, limit, latest, KEYS[2], ARGV[2], least))
)lua";

constexpr char kRead[] = R"lua(
local record = redis.pcall('GET', KEYS[1])
if type(record) == 'table' and not string.find(record['err'], 'WRONGTYPE', 1, true) then
  return record
end
if type(record) ~= 'string' then record = false end
local marker = redis.pcall('GET', KEYS[2])
local whole = type(marker) == 'string' and string.sub(marker, 1, #ARGV[1]) == ARGV[1] and 1 or 0
)lua";

// A marker that is fenced differs from that of a whole node by a word (marker.h).
constexpr char kAskMemory[] = R"lua(
local fenced = 'kache1 syncing' .. string.sub(ARGV[1], #'kache1 whole' + 1)
if type(marker) == 'string' and string.sub(marker, 1, #fenced) == fenced then
  local fence, away = string.match(string.sub(marker, #fenced + 1), '^(%d+) %d+ (%d+) ')
  if fence and away ~= '0' and redis.pcall('HGET', KEYS[3], 'kept') == fence and
     now_ms() - tonumber(away) <= tonumber(ARGV[2]) then
    whole = 2
  end
end
)lua";

constexpr char kGiveRead[] = R"lua(
return {record, string.format('%.0f', record and end_of(KEYS[1]) or 0), whole}
)lua";

}  // namespace

std::string EndOfFunction() { return kEndOf; }
std::string SetIfNewerFunction() { return std::string(kEndOf) + kSetIfNewer; }

const redis::Script& SetIfNewer() {
  static const redis::Script& script =
      *new redis::Script("set-if-newer", SetIfNewerFunction() + kSetOne);
  return script;
}

const redis::Script& ReadWithMarker() {
  static const redis::Script& script =
      *new redis::Script("read-with-marker", EndOfFunction() + kRead + kGiveRead);
  return script;
}

const redis::Script& ReadWithMemory() {
  static const redis::Script& script =
      *new redis::Script("read-with-memory", EndOfFunction() + kRead + kAskMemory + kGiveRead);
  return script;
}

std::vector<const redis::Script*> AllScripts() {
  std::vector<const redis::Script*> scripts = HintScripts();
  scripts.insert(scripts.end(), {&SetIfNewer(), &ReadWithMarker(), &ReadWithMemory(),
                                 &TouchScript(), &LeaseScript(), &CheckLease()});
  return scripts;
}

}  // namespace kache
