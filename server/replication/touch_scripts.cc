#include "server/replication/touch_scripts.h"

#include <string>

#include "server/replication/hint_scripts.h"
#include "server/replication/scripts.h"

namespace kache {
namespace {

// Versions are four 32-bit numbers, as in set-if-newer. Of a clock's two halves the upper 20 bits
// of the first are the value's, and the other 12 with the upper 26 of the second the age of the
// touch. `value` is timestamp and upper bits as the touch of a record has them; `life` tells
// touches of one value apart.
constexpr char kParse[] = R"lua(
local function compare(x, y)
  for i = 1, #x do
    if x[i] ~= y[i] then return x[i] < y[i] and -1 or 1 end
  end
  return 0
end

local function parse(header)
  local a, b, c, d, ends = struct.unpack('>I4I4I4I4I8', header, 5)
  local version, upper = {a, b, c, d}, math.floor(c / 4096)
  if string.byte(header, 4) % 8 >= 4 then
    local age = (c % 4096) * 67108864 + math.floor(d / 64)
    return {value = {a, b, upper}, version = version, age = age, life = {age, d % 64, ends},
            ends = ends}
  end
  upper = upper + 1
  if upper == 1048576 then
    upper, b = 0, b + 1
    if b == 4294967296 then a, b = a + 1, 0 end
  end
  return {value = {a, b, upper}, version = version, age = -1, life = {-1, 0, ends}, ends = ends}
end

local function compare_values(x, y)
  local may_be_same = x.age >= 0 or y.age >= 0
  if may_be_same and compare(x.value, y.value) == 0 then return 0 end
  return compare(x.version, y.version)
end
)lua";

constexpr char kTouch[] = R"lua(
local key, terms = KEYS[1], ARGV[1]
local held = redis.pcall('GETRANGE', key, '0', '27')
if type(held) == 'table' then
  if string.find(held['err'], 'WRONGTYPE', 1, true) then return 'N' end
  return held
end
if #held < 28 or string.sub(held, 1, 2) ~= '\75\172' then return 'N' end
if string.byte(held, 3) ~= 1 then return 'F' .. held end
local flags, role = string.byte(held, 4), string.byte(terms, 93)
local is_home, is_copy = role % 2 == 1, flags % 4 >= 2
if not is_home and not is_copy then return 'N' end
if flags % 16 >= 8 then return 'N' end  -- A lease: the value is gone, its version is not.

local stamp_a, stamp_b, new_ends, ends, limit, latest, offset, stand_in, least =
  struct.unpack('>I4I4I8I8I8I8i8I8I8', terms, 29)
local hash, end_bytes = string.byte(terms, 94), string.sub(terms, 37, 44)
local now = now_ms()
local it, seen = parse(held), parse(string.sub(terms, 1, 28))
local a, b, upper = it.value[1], it.value[2], it.value[3]
local since = a * 65536 + math.floor(b / 65536)
local age = math.max(stamp_a * 65536 + math.floor(stamp_b / 65536) - since, 0)

local function give(header)
  local answer = 'T' .. header
  if not KEYS[2] then return answer end
  local why = keep(tonumber(ARGV[2]))
  why = hint(ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]) or 0, 2) or why
  return why and {answer, why} or answer
end

local order = compare_values(it, seen)
local is_over = flags % 2 == 1 or (it.ends ~= 0 and it.ends + offset <= now)
if order ~= 0 or flags % 2 == 1 then
  if is_over then return 'E' .. held end
  if order < 0 then return 'O' .. held end
  if a < stamp_a or (a == stamp_a and b < stamp_b) then return 'C' .. held end
  return 'W' .. held
end
local than_asked = compare(it.life, {age, hash, new_ends})
if than_asked == 0 then return give(held) end
if a >= 4294967296 then return 'F' .. held end
local missed_one = compare(it.life, seen.life) < 0
if is_over and not missed_one then return 'E' .. held end
if a > stamp_a or (a == stamp_a and b > stamp_b) or than_asked > 0 then return 'W' .. held end
if now > latest then return 'L' .. held end
if age >= 274877906944 then return 'F' .. held end

local old = end_of(key)
if is_copy then
  local last = since + stand_in + offset
  if ends == 0 or ends > last then ends = last else ends = limit end
  if ends <= now then return 'N' .. held end
elseif ends ~= 0 then
  if old == 0 or missed_one or role >= 2 then
    ends = math.max(ends, limit)
  elseif old > ends then
    ends = math.max(ends, math.min(old, limit))
  end
  ends = math.max(ends, now + least)
end
if flags % 8 < 4 then flags = flags + 4 end
local header = string.char(flags) ..
  struct.pack('>I4I4I4I4', a, b, upper * 4096 + math.floor(age / 67108864),
              (age % 67108864) * 64 + hash) .. end_bytes
local set = redis.pcall('SETRANGE', key, '3', header)
if type(set) == 'table' then return set end
if ends == 0 then
  redis.call('PERSIST', key)
else
  redis.call('PEXPIREAT', key, string.format('%.0f', ends))
end
return give(string.sub(held, 1, 3) .. header)
)lua";

}  // namespace

const redis::Script& TouchScript() {
  static const redis::Script& script =
      *new redis::Script("touch", EndOfFunction() + HintFunctions() + kParse + kTouch);
  return script;
}

}  // namespace kache
