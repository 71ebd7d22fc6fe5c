#include "server/replication/hint_scripts.h"

#include <string>
#include <utility>

#include "server/replication/scripts.h"

namespace kache {
namespace {

// KEYS from `first` on are the sets. An overflow, which is a string, takes no hint. At the memory
// limit Redis refuses SADD where the script has written nothing yet: UNLINK and PERSIST are writes
// that it never refuses, and what follows a write goes on. Answers why a hint could not be left;
// nil = each was. No command may end the script, as the record is stored by then.
//
// How many bytes a set takes is judged by a sample of its members, now and then: 53 bytes and its
// name each. By the key at hand one long key would make an overflow of many short ones. Long keys
// alone are judged each time, where 256 of them would take all the room.
constexpr char kHint[] = R"lua(
local function refused(answer) return type(answer) == 'table' and answer['err'] or nil end
local function is_full(set, count, key, most, bytes)
  if count > most then return true end
  if bytes == 0 or (count % 256 ~= 0 and #key * 256 < bytes) then return false end
  local page = redis.pcall('SSCAN', set, '0', 'COUNT', '64')
  local members = page[2] or {}
  local total = 0
  for _, member in ipairs(members) do total = total + 53 + #member end
  return #members > 0 and count * total / #members > bytes
end
local function hint(key, most, bytes, first)
  local why
  for i = first, #KEYS do
    local added = redis.pcall('SADD', KEYS[i], 'k' .. key)
    local is_overflow = refused(added) and string.find(refused(added), 'WRONGTYPE', 1, true)
    if refused(added) and not is_overflow then
      redis.pcall('PERSIST', KEYS[i])
      added = redis.pcall('SADD', KEYS[i], 'k' .. key)
    end
    local count = added == 1 and redis.pcall('SCARD', KEYS[i]) or 0
    if not refused(count) and is_full(KEYS[i], count, key, most, bytes) then
      redis.pcall('UNLINK', KEYS[i])
      redis.pcall('SET', KEYS[i], 'overflow')
    end
    if not is_overflow then why = why or refused(added) or refused(count) end
  end
  return why
end
)lua";

// Sees that the key does not end before.
constexpr char kKeep[] = R"lua(
local function keep(until_ms)
  if until_ms == 0 then return end
  local ends = end_of(KEYS[1])
  if ends > 0 and ends < until_ms then
    local kept = redis.pcall('PEXPIREAT', KEYS[1], string.format('%.0f', until_ms))
    return refused(kept)
  end
end
)lua";

constexpr char kSetWithHints[] = R"lua(
local ends, limit, latest, least = struct.unpack('>I8I8I8I8', ARGV[2])
local marker = #ARGV[2] > 32 and KEYS[2] or nil
local answer = set_if_newer(KEYS[1], ARGV[1], ends, limit, latest, marker, ARGV[2], least)
if answer ~= 1 then return answer end
local why = keep(tonumber(ARGV[3]))
why = hint(ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]) or 0, 3) or why
return why and {1, why} or 1
)lua";

constexpr char kLeaveHints[] = R"lua(
if redis.pcall('GETRANGE', KEYS[1], '4', '19') ~= ARGV[1] then return 0 end
local why = keep(tonumber(ARGV[2]))
why = hint(ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]) or 0, 2) or why
return why and redis.error_reply(why) or 1
)lua";

constexpr char kOverflow[] = R"lua(
local function overflow()
  redis.pcall('UNLINK', KEYS[1])
  return redis.pcall('SET', KEYS[1], 'overflow')
end
local function has(member) return redis.pcall('SISMEMBER', KEYS[1], member) == 1 end
)lua";

// While the node is compared with all others, what was missed before needs no hint. The note is
// written in any case: without its sentinel it shows that hints are missing.
constexpr char kOpenHints[] = R"lua(
local sentinel = 'n' .. ARGV[1]
redis.pcall('PERSIST', KEYS[1])  -- A script that has written goes on at the memory limit.
if redis.call('HEXISTS', KEYS[2], ARGV[2]) == 1 and not has(sentinel) and not has('a') then
  overflow()
elseif redis.call('EXISTS', KEYS[1]) == 1 then
  redis.pcall('SADD', KEYS[1], sentinel)
else
  redis.pcall('SADD', KEYS[1], 'o', sentinel)
end
return redis.pcall('HSET', KEYS[2], ARGV[2], ARGV[3])
)lua";

constexpr char kUnlessNoted[] = R"lua(
if redis.call('HEXISTS', KEYS[2], ARGV[2]) == 1 then return 0 end
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

constexpr char kPeekHints[] = R"lua(
local all, missing = sentinels(ARGV[1])
if missing then return 3 end
local kind = redis.call('TYPE', KEYS[1])['ok']
local taken = redis.call('EXISTS', KEYS[3]) == 1
if kind == 'none' and not taken then return 0 end
if kind ~= 'set' or not has('o') or has('t') ~= taken or has('a') then return 3 end
if taken then return 5 end
return redis.call('SCARD', KEYS[1]) == #all + 1 and 2 or 4
)lua";

// Redis asks for the right before it looks at anything else. What it refuses for another reason (no
// memory left, no replica), the user may run.
constexpr char kCheckHintRights[] = R"lua(
local denied = {}
local function try(command, ...)
  local answer = redis.pcall(command, ...)
  local why = type(answer) == 'table' and answer['err'] or ''
  for _, sign in ipairs({'NOPERM', 'ACL failure', "can't run this command", 'nknown'}) do
    if string.find(why, sign, 1, true) then
      denied[#denied + 1] = command
      return
    end
  end
end
try('PERSIST', KEYS[1])
try('PEXPIREAT', KEYS[1], '1')
try('TYPE', KEYS[1])
try('SCARD', KEYS[1])
try('SISMEMBER', KEYS[1], 'x')
try('SREM', KEYS[1], 'x')
try('RENAME', KEYS[1], KEYS[2])
try('UNLINK', KEYS[1])
try('SADD', KEYS[1], 'x')
redis.pcall('DEL', KEYS[1])
try('SSCAN', KEYS[1], '0')
return table.concat(denied, ' ')
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
if has('a') and has('a' .. ARGV[1]) then
  redis.call('SADD', KEYS[1], 'a' .. ARGV[2])
  return 1
end
local kind = redis.call('TYPE', KEYS[1])['ok']
if ARGV[3] == 'on' or (ARGV[3] == 'source' and kind == 'string') then
  overflow()
  return 0
end
redis.call('UNLINK', KEYS[1], KEYS[2])
redis.call('SADD', KEYS[1], 'a', 'a' .. ARGV[1], 'a' .. ARGV[2])
return 1
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
const redis::Script& RestoreNote() {
  static const redis::Script& script =
      NewScript("restore-note", std::string(kOverflow) + kUnlessNoted + kReassertNote);
  return script;
}
const redis::Script& TakeHints() {
  static const redis::Script& script =
      NewScript("take-hints", std::string(kOverflow) + kSentinels + kTakeHints);
  return script;
}
const redis::Script& PeekHints() {
  static const redis::Script& script =
      NewScript("peek-hints", std::string(kOverflow) + kSentinels + kPeekHints);
  return script;
}
const redis::Script& CheckHintRights() {
  static const redis::Script& script = NewScript("check-hint-rights", kCheckHintRights);
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
  return {&SetWithHints(), &LeaveHints(),    &OpenHints(),    &ReassertNote(),
          &RestoreNote(),  &TakeHints(),     &PeekHints(),    &FinishHints(),
          &ResetHints(),   &EndComparison(), &MarkOverflow(), &CheckHintRights()};
}

}  // namespace kache
