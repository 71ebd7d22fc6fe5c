#include "server/replication/touch_scripts.h"

#include <string>

#include "server/replication/scripts.h"

namespace kache {
namespace {

// Versions are four 32-bit numbers, as in set-if-newer. Of a clock's two halves the upper 20 bits
// of the first are the value's, and the other 12 with the upper 26 of the second the age of the
// touch. `value_of` gives timestamp and upper bits as the touch of a record has them, and the
// record's own age (-1 = not touched) and hash.
constexpr char kTouch[] = R"lua(
local function value_of(header)
  local a, b, c, d = struct.unpack('>I4I4I4I4', header, 5)
  local upper = math.floor(c / 4096)
  if string.byte(header, 4) % 8 >= 4 then
    return a, b, upper, (c % 4096) * 67108864 + math.floor(d / 64), d % 64
  end
  upper = upper + 1
  if upper == 1048576 then
    upper, b = 0, b + 1
    if b == 4294967296 then a, b = a + 1, 0 end
  end
  return a, b, upper, -1, 0
end

local key, terms = KEYS[1], ARGV[1]
local held = redis.pcall('GETRANGE', key, '0', '27')
if type(held) == 'table' then
  if string.find(held['err'], 'WRONGTYPE', 1, true) then return 'N' end
  return held
end
if #held < 28 or string.sub(held, 1, 2) ~= '\75\172' then return 'N' end
if string.byte(held, 3) ~= 1 then return 'F' .. held end
local flags = string.byte(held, 4)
if string.byte(terms, 85) == 0 and flags % 4 < 2 then return 'N' end

local stamp_a, stamp_b, ends, limit, latest, offset, stand_in =
  struct.unpack('>I4I4xxxxxxxxI8I8I8i8I8', terms, 29)
local hash, life = string.byte(terms, 86), string.sub(terms, 37, 44)
local at = stamp_a * 65536 + math.floor(stamp_b / 65536)
local a, b, upper, age, held_hash = value_of(held)
local seen_a, seen_b, seen_upper, seen_age, seen_hash = value_of(string.sub(terms, 1, 28))
local since = a * 65536 + math.floor(b / 65536)

local same = a == seen_a and b == seen_b and upper == seen_upper and flags % 2 == 0
if same and age >= 0 and since + age == at and held_hash == hash and
   string.sub(held, 21, 28) == life then
  return 'T' .. held
end
local now = now_ms()
local held_life = struct.unpack('>I8', held, 21)
local over = flags % 2 == 1 or (held_life ~= 0 and held_life + offset <= now)
if not same then
  if over then return 'E' .. held end
  if a < seen_a or (a == seen_a and (b < seen_b or (b == seen_b and upper < seen_upper))) then
    return 'O' .. held
  end
  if a < stamp_a or (a == stamp_a and b < stamp_b) then return 'C' .. held end
  return 'W' .. held
end
if a >= 4294967296 then return 'F' .. held end
local stale = age < seen_age or (age == seen_age and held_hash < seen_hash)
if over and not stale then return 'E' .. held end
if a > stamp_a or (a == stamp_a and b > stamp_b) or since + age > at or
   (since + age == at and held_hash >= hash) then
  return 'W' .. held
end
if now > latest then return 'L' .. held end
if at - since >= 274877906944 then return 'F' .. held end

local old = end_of(key)
if flags % 4 >= 2 then
  local last = since + stand_in + offset
  if ends == 0 or ends > last then ends = last else ends = limit end
  if ends <= now then return 'N' .. held end
elseif ends ~= 0 then
  if old == 0 then
    ends = math.max(ends, limit)
  elseif old > ends then
    ends = math.max(ends, math.min(old, limit))
  end
end
if flags % 8 < 4 then flags = flags + 4 end
local off = math.max(at - since, 0)
local header = string.char(flags) ..
  struct.pack('>I4I4I4I4', a, b, upper * 4096 + math.floor(off / 67108864),
              (off % 67108864) * 64 + hash) .. life
local set = redis.pcall('SETRANGE', key, '3', header)
if type(set) == 'table' then return set end
if ends == 0 then
  redis.call('PERSIST', key)
else
  redis.call('PEXPIREAT', key, string.format('%.0f', ends))
end
return 'T' .. string.sub(held, 1, 3) .. header
)lua";

constexpr char kLook[] = R"lua(
local held = redis.pcall('GETRANGE', KEYS[1], '0', '27')
if type(held) == 'table' then
  if not string.find(held['err'], 'WRONGTYPE', 1, true) then return held end
  held = ''
end
local marker = redis.pcall('GET', KEYS[2])
local whole = type(marker) == 'string' and string.sub(marker, 1, #ARGV[1]) == ARGV[1]
return (whole and '1' or '0') .. held
)lua";

}  // namespace

const redis::Script& TouchScript() {
  static const redis::Script& script = *new redis::Script("touch", EndOfFunction() + kTouch);
  return script;
}

const redis::Script& LookScript() {
  static const redis::Script& script = *new redis::Script("look", kLook);
  return script;
}

}  // namespace kache
