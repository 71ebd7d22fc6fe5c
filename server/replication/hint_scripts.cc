#include "server/replication/hint_scripts.h"

#include <string>
#include <utility>

#include "server/replication/scripts.h"

namespace kache {
namespace {

// KEYS from `first` on are the sets. An overflow, which is a string, takes no hint. At the memory
// limit Redis refuses SADD where the script has written nothing yet: UNLINK and PERSIST are writes
// that it never refuses, and what follows a write goes on.
constexpr char kHint[] = R"lua(
local function hint(key, bound, first)
  for i = first, #KEYS do
    local added = redis.pcall('SADD', KEYS[i], 'k' .. key)
    if type(added) == 'table' and not string.find(added['err'], 'WRONGTYPE', 1, true) then
      redis.call('PERSIST', KEYS[i])
      added = redis.pcall('SADD', KEYS[i], 'k' .. key)
    end
    if added == 1 and redis.call('SCARD', KEYS[i]) > bound then
      redis.call('UNLINK', KEYS[i])
      redis.pcall('SET', KEYS[i], 'overflow')
    end
  end
end
)lua";

// Sees that the key does not end before.
constexpr char kKeep[] = R"lua(
local function keep(until_ms)
  if until_ms == 0 then return end
  local ends = end_of(KEYS[1])
  if ends > 0 and ends < until_ms then
    redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', until_ms))
  end
end
)lua";

constexpr char kSetWithHints[] = R"lua(
local ends, limit, latest, least = struct.unpack('>I8I8I8I8', ARGV[2])
local marker = #ARGV[2] > 32 and KEYS[2] or nil
local answer = set_if_newer(KEYS[1], ARGV[1], ends, limit, latest, marker, ARGV[2], least)
if answer == 1 then
  keep(tonumber(ARGV[3]))
  hint(ARGV[4], tonumber(ARGV[5]), 3)
end
return answer
)lua";

constexpr char kLeaveHints[] = R"lua(
if redis.pcall('GETRANGE', KEYS[1], '4', '19') ~= ARGV[1] then return 0 end
keep(tonumber(ARGV[2]))
hint(ARGV[3], tonumber(ARGV[4]), 2)
return 1
)lua";

constexpr char kOverflow[] = R"lua(
local function overflow()
  redis.call('UNLINK', KEYS[1])
  return redis.pcall('SET', KEYS[1], 'overflow')
end
local function has(member) return redis.pcall('SISMEMBER', KEYS[1], member) == 1 end
)lua";

// While the node is compared with all others, what was missed before needs no hint.
constexpr char kOpenHints[] = R"lua(
local sentinel = 'n' .. ARGV[1]
redis.call('PERSIST', KEYS[1])  -- A script that has written goes on at the memory limit.
if redis.call('HEXISTS', KEYS[2], ARGV[2]) == 1 and not has(sentinel) and not has('a') then
  overflow()
elseif redis.call('EXISTS', KEYS[1]) == 1 then
  redis.pcall('SADD', KEYS[1], sentinel)
else
  redis.pcall('SADD', KEYS[1], 'o', sentinel)
end
return redis.pcall('HSET', KEYS[2], ARGV[2], ARGV[3])
)lua";

constexpr char kReassertNote[] = R"lua(
overflow()
return redis.pcall('HSET', KEYS[2], ARGV[2], ARGV[3])
)lua";

// The sentinels of all who note that the node misses writes; whether one is missing.
constexpr char kSentinels[] = R"lua(
local function sentinels(name)
  local all, missing = {}, false
  for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
    if string.sub(field, 1, #name + 1) == name .. ' ' then
      local sentinel = 'n' .. string.sub(field, #name + 2)
      missing = missing or not has(sentinel)
      all[#all + 1] = sentinel
    end
  end
  return all, missing
end
)lua";

constexpr char kTakeHints[] = R"lua(
local job = 't' .. ARGV[2]
redis.call('PERSIST', KEYS[3])  -- A script that has written goes on at the memory limit.
if redis.call('EXISTS', KEYS[3]) == 1 then
  redis.call('SADD', KEYS[3], job)
  return 1
end
local all, missing = sentinels(ARGV[1])
if missing then return 3 end
local kind = redis.call('TYPE', KEYS[1])['ok']
if kind == 'none' then return 0 end
if kind ~= 'set' or not has('o') or has('t') or has('a') then return 3 end
if redis.call('SCARD', KEYS[1]) == #all + 1 then return 2 end
redis.call('RENAME', KEYS[1], KEYS[3])
redis.call('SADD', KEYS[3], job)
redis.call('SADD', KEYS[1], 'o', 't', unpack(all))
return 1
)lua";

constexpr char kFinishHints[] = R"lua(
if redis.pcall('SISMEMBER', KEYS[2], 't' .. ARGV[1]) ~= 1 then
  local is_done = redis.call('EXISTS', KEYS[2]) == 0 and redis.call('EXISTS', KEYS[1]) == 1 and
                  redis.pcall('SISMEMBER', KEYS[1], 't') == 0
  return is_done and 1 or 0
end
redis.call('UNLINK', KEYS[2])
redis.pcall('SREM', KEYS[1], 't')
return 1
)lua";

constexpr char kMarkOverflow[] = R"lua(
return overflow()
)lua";

constexpr char kResetHints[] = R"lua(
redis.call('PERSIST', KEYS[1])
if has('a') and has('a' .. ARGV[1]) then return redis.call('SADD', KEYS[1], 'a' .. ARGV[2]) end
redis.call('UNLINK', KEYS[1], KEYS[2])
return redis.call('SADD', KEYS[1], 'a', 'a' .. ARGV[1], 'a' .. ARGV[2])
)lua";

constexpr char kEndComparison[] = R"lua(
if not has('a' .. ARGV[2]) then return 0 end
redis.call('PERSIST', KEYS[1])  -- As in OpenHints.
redis.call('SADD', KEYS[1], 'o')
for i = 4, #ARGV do
  if redis.call('HEXISTS', KEYS[2], ARGV[3] .. ' ' .. ARGV[i]) == 1 then
    redis.call('SADD', KEYS[1], 'n' .. ARGV[i])
  end
end
redis.call('SREM', KEYS[1], 'a', 'a' .. ARGV[1], 'a' .. ARGV[2])
return 1
)lua";

const redis::Script& NewScript(const char* name, std::string source) {
  return *new redis::Script(name, std::move(source));
}

}  // namespace

const redis::Script& SetWithHints() {
  static const redis::Script& script =
      NewScript("set-with-hints", SetIfNewerFunction() + HintFunctions() + kSetWithHints);
  return script;
}
const redis::Script& LeaveHints() {
  static const redis::Script& script =
      NewScript("leave-hints", EndOfFunction() + HintFunctions() + kLeaveHints);
  return script;
}
const redis::Script& OpenHints() {
  static const redis::Script& script = NewScript("open-hints", std::string(kOverflow) + kOpenHints);
  return script;
}
const redis::Script& ReassertNote() {
  static const redis::Script& script =
      NewScript("reassert-note", std::string(kOverflow) + kReassertNote);
  return script;
}
const redis::Script& TakeHints() {
  static const redis::Script& script =
      NewScript("take-hints", std::string(kOverflow) + kSentinels + kTakeHints);
  return script;
}
const redis::Script& FinishHints() {
  static const redis::Script& script = NewScript("finish-hints", kFinishHints);
  return script;
}
const redis::Script& MarkOverflow() {
  static const redis::Script& script =
      NewScript("mark-overflow", std::string(kOverflow) + kMarkOverflow);
  return script;
}
const redis::Script& ResetHints() {
  static const redis::Script& script =
      NewScript("reset-hints", std::string(kOverflow) + kResetHints);
  return script;
}
const redis::Script& EndComparison() {
  static const redis::Script& script =
      NewScript("end-comparison", std::string(kOverflow) + kEndComparison);
  return script;
}

std::string HintFunctions() { return std::string(kHint) + kKeep; }

std::vector<const redis::Script*> HintScripts() {
  return {&SetWithHints(), &LeaveHints(), &OpenHints(),     &ReassertNote(), &TakeHints(),
          &FinishHints(),  &ResetHints(), &EndComparison(), &MarkOverflow()};
}

}  // namespace kache
