#include "server/replication/hint_scripts.h"

#include <string>
#include <utility>

#include "server/replication/scripts.h"

namespace kache {
namespace {

// KEYS from `first` on are the sets. The sentinel is no hint. A mark of an overflow, which is a
// string, takes none.
constexpr char kHint[] = R"lua(
local function hint(key, bound, first)
  for i = first, #KEYS do
    if redis.pcall('SADD', KEYS[i], 'k' .. key) == 1 and redis.call('SCARD', KEYS[i]) > bound + 1 then
      redis.call('UNLINK', KEYS[i])
      redis.pcall('SET', KEYS[i], 'overflow')
    end
  end
end
)lua";

constexpr char kSetWithHints[] = R"lua(
local marker = ARGV[5] ~= '' and KEYS[2] or nil
local answer = set_if_newer(KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], marker,
                            ARGV[5])
if answer == 1 then hint(ARGV[6], tonumber(ARGV[7]), 3) end
return answer
)lua";

constexpr char kLeaveHints[] = R"lua(
if redis.pcall('GETRANGE', KEYS[1], '4', '19') ~= ARGV[1] then return 0 end
local kept, ends = tonumber(ARGV[2]), end_of(KEYS[1])
if ends > 0 and ends < kept then
  redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', kept))
end
hint(ARGV[3], tonumber(ARGV[4]), 2)
return 1
)lua";

// Whether anybody notes that the node misses writes.
constexpr char kIsNoted[] = R"lua(
local function is_noted()
  for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
    if string.sub(field, 1, #ARGV[1] + 1) == ARGV[1] .. ' ' then return true end
  end
  return false
end
local kind = redis.call('TYPE', KEYS[1])['ok']
)lua";

constexpr char kOpenHints[] = R"lua(
local was_evicted = kind == 'none' and is_noted() or
                    kind == 'set' and redis.call('SISMEMBER', KEYS[1], '') == 0
if was_evicted then
  redis.call('UNLINK', KEYS[1])
  redis.pcall('SET', KEYS[1], 'overflow')
else
  redis.pcall('SADD', KEYS[1], '')
end
return redis.pcall('HSET', KEYS[2], ARGV[2], ARGV[3])
)lua";

constexpr char kTakeHints[] = R"lua(
if redis.call('EXISTS', KEYS[3]) == 1 then return 1 end
if kind == 'none' then return is_noted() and 3 or 0 end
if kind ~= 'set' or redis.call('SISMEMBER', KEYS[1], '') == 0 or
   redis.call('SISMEMBER', KEYS[1], 't') == 1 then
  return 3
end
if redis.call('SCARD', KEYS[1]) == 1 then return 2 end
redis.call('RENAME', KEYS[1], KEYS[3])
redis.call('SADD', KEYS[1], '', 't')
return 1
)lua";

constexpr char kFinishHints[] = R"lua(
if redis.call('UNLINK', KEYS[2]) == 0 then return 0 end
redis.pcall('SREM', KEYS[1], 't')
return 1
)lua";

constexpr char kMarkOverflow[] = R"lua(
redis.call('UNLINK', KEYS[1])
return redis.pcall('SET', KEYS[1], 'overflow')
)lua";

constexpr char kReassertNote[] = R"lua(
redis.call('UNLINK', KEYS[1])
redis.pcall('SET', KEYS[1], 'overflow')
return redis.pcall('HSET', KEYS[2], ARGV[2], ARGV[3])
)lua";

constexpr char kResetHints[] = R"lua(
redis.call('UNLINK', KEYS[1], KEYS[2])
redis.call('SADD', KEYS[1], '')
return 1
)lua";

const redis::Script& NewScript(const char* name, std::string source) {
  return *new redis::Script(name, std::move(source));
}

}  // namespace

const redis::Script& SetWithHints() {
  static const redis::Script& script =
      NewScript("set-with-hints", SetIfNewerFunction() + kHint + kSetWithHints);
  return script;
}
const redis::Script& LeaveHints() {
  static const redis::Script& script =
      NewScript("leave-hints", EndOfFunction() + kHint + kLeaveHints);
  return script;
}
const redis::Script& OpenHints() {
  static const redis::Script& script = NewScript("open-hints", std::string(kIsNoted) + kOpenHints);
  return script;
}
const redis::Script& TakeHints() {
  static const redis::Script& script = NewScript("take-hints", std::string(kIsNoted) + kTakeHints);
  return script;
}
const redis::Script& FinishHints() {
  static const redis::Script& script = NewScript("finish-hints", kFinishHints);
  return script;
}
const redis::Script& MarkOverflow() {
  static const redis::Script& script = NewScript("mark-overflow", kMarkOverflow);
  return script;
}
const redis::Script& ReassertNote() {
  static const redis::Script& script = NewScript("reassert-note", kReassertNote);
  return script;
}
const redis::Script& ResetHints() {
  static const redis::Script& script = NewScript("reset-hints", kResetHints);
  return script;
}

std::vector<const redis::Script*> HintScripts() {
  return {&SetWithHints(), &LeaveHints(),   &OpenHints(),    &TakeHints(),
          &FinishHints(),  &MarkOverflow(), &ReassertNote(), &ResetHints()};
}

}  // namespace kache
