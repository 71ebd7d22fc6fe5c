#include "server/recovery/recovery_scripts.h"

#include <string>
#include <utility>

#include "server/replication/scripts.h"

namespace kache {
namespace {

// The process, the time, and the marker's fields.
constexpr char kCommon[] = R"lua(
local run_id = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(number) return string.format('%.0f', number) end
local function parse(marker)
  if not marker then return nil end
  local fields = {}
  for field in string.gmatch(marker, '%S+') do fields[#fields + 1] = field end
  if #fields ~= 9 or fields[1] ~= 'kache1' then return nil end
  return {state = fields[2], ring = fields[3], run_id = fields[4], name = fields[5],
          sync = tonumber(fields[6]), since = tonumber(fields[7]), away = tonumber(fields[8]),
          sources = fields[9]}
end
local function compose(m)
  return table.concat({'kache1', m.state, m.ring, m.run_id, m.name, text(m.sync), text(m.since),
                       text(m.away), m.sources}, ' ')
end
)lua";

constexpr char kLook[] = R"lua(
local marker = redis.call('GET', KEYS[1])
local parsed = parse(marker)
if parsed and parsed.run_id == run_id then
  redis.pcall('HSET', KEYS[3], ARGV[1], text(now) .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
  if ARGV[5] ~= '' then redis.pcall('SET', KEYS[11], ARGV[5], 'PX', ARGV[6]) end
end
local ring = ''
if parsed and parsed.ring ~= ARGV[4] then ring = redis.call('GET', KEYS[2]) or '' end
return {run_id, text(now), marker or '', ring, redis.call('HGETALL', KEYS[3]),
        redis.call('HGETALL', KEYS[4]), redis.call('GET', KEYS[5]) or '',
        redis.call('HGETALL', KEYS[6]), redis.call('HKEYS', KEYS[7]),
        redis.call('GET', KEYS[8]) or '', redis.call('HGETALL', KEYS[9]),
        redis.call('DBSIZE'), redis.call('HKEYS', KEYS[10])}
)lua";

constexpr char kInit[] = R"lua(
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('SET', KEYS[1], compose({state = 'whole', ring = ARGV[1], run_id = run_id,
  name = ARGV[2], sync = now, since = now, away = 0, sources = 'empty'}))
redis.call('SET', KEYS[2], ARGV[3])
redis.call('HSET', KEYS[3], 'swept', text(now))
return 1
)lua";

constexpr char kFence[] = R"lua(
local stands = redis.call('GET', KEYS[1])
local old = parse(stands)
local fits = old and old.ring == ARGV[1] and old.name == ARGV[2] and old.run_id == run_id
if fits and ARGV[4] ~= 'always' and ARGV[4] ~= text(old.sync) then return stands end
local new = {state = 'syncing', ring = ARGV[1], run_id = run_id, name = ARGV[2], sync = now,
             since = now, away = 0, sources = stands and 'arcs' or 'empty'}
if old then
  new.sync = math.max(now, old.sync + 1)
  if old.ring ~= ARGV[1] or (old.state == 'syncing' and old.sources == 'all') then
    new.sources = 'all'
  elseif old.state == 'syncing' and old.sources == 'empty' and old.run_id == run_id then
    new.sources = 'empty'
  end
  -- Since when it may have lacked writes: the earliest that anybody knows of.
  local since = tonumber(ARGV[5])
  new.away = since > 0 and math.min(since, now) or now
  if old.run_id ~= run_id then
    local last_sign = old.since
    local signs = redis.call('HVALS', KEYS[3])
    for _, sign in ipairs(signs) do
      last_sign = math.max(last_sign, tonumber(string.match(sign, '^%d+') or 0))
    end
    new.away = math.min(new.away, last_sign)
  end
  if old.state == 'syncing' and old.away > 0 then new.away = math.min(new.away, old.away) end
end
local marker = compose(new)
local stored = redis.pcall('SET', KEYS[1], marker)
if stored['err'] then return stored end
redis.pcall('SET', KEYS[2], ARGV[3])
redis.call('DEL', KEYS[4])
return marker
)lua";

constexpr char kLease[] = R"lua(
local holder = redis.call('GET', KEYS[1])
if ARGV[2] == '0' then
  if holder == ARGV[1] then redis.call('DEL', KEYS[1]) end
  return 0
end
if holder == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return 1
end
if holder then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
)lua";

// Answers 0 unless the resync of this very fence and process is the caller's.
constexpr char kOwnResyncOnly[] = R"lua(
local marker = parse(redis.call('GET', KEYS[1]))
if not marker or marker.state ~= 'syncing' or marker.run_id ~= run_id or run_id ~= ARGV[1] or
   text(marker.sync) ~= ARGV[2] or redis.call('GET', KEYS[2]) ~= ARGV[3] then
  return 0
end
)lua";

constexpr char kLift[] = R"lua(
marker.state, marker.since, marker.away, marker.sources = 'whole', now, 0, 'arcs'
redis.call('SET', KEYS[1], compose(marker))
redis.call('DEL', KEYS[2], KEYS[3])
return 1
)lua";

constexpr char kNoteSource[] = R"lua(
redis.call('HSET', KEYS[3], 'from:' .. ARGV[4], ARGV[5])
return 1
)lua";

constexpr char kForget[] = R"lua(
local value = redis.call('HGET', KEYS[1], ARGV[1])
if not value then return 0 end
if ARGV[2] ~= '' and tonumber(string.match(value, '^%d+') or 0) > tonumber(ARGV[2]) then
  return 0
end
return redis.call('HDEL', KEYS[1], ARGV[1])
)lua";

constexpr char kPeek[] = R"lua(
local call, most = redis.pcall, tonumber(ARGV[1])
local last, beginnings, lengths = tostring(most - 1), {}, {}
for i = 1, #KEYS do
  local beginning = call('GETRANGE', KEYS[i], '0', last)
  beginnings[i] = beginning
  if #beginning == most then lengths[#lengths + 1] = call('STRLEN', KEYS[i]) end
end
return {beginnings, lengths}
)lua";

constexpr char kHeaders[] = R"lua(
local call, headers = redis.pcall, {}
for i = 1, #KEYS do headers[i] = call('GETRANGE', KEYS[i], '0', '27') end
return headers
)lua";

constexpr char kFetch[] = R"lua(
local answer = {}
for _, key in ipairs(KEYS) do
  local record = redis.pcall('GET', key)
  if type(record) ~= 'string' then record = false end
  answer[#answer + 1] = record
  answer[#answer + 1] = string.format('%.0f', record and end_of(key) or 0)
end
return answer
)lua";

// Most of what is stored is missing altogether: SET NX is all it takes then, at half the cost.
constexpr char kStore[] = R"lua(
local call, copied = redis.pcall, 0
if now_ms() > tonumber(ARGV[1]) then return -1 end
for i = 1, #KEYS do
  local key, record, ends = KEYS[i], ARGV[3 * i - 1], ARGV[3 * i]
  local stored
  if ends == '0' then
    stored = call('SET', key, record, 'NX')
  else
    stored = call('SET', key, record, 'NX', 'PXAT', ends)
  end
  local wrote = stored and not stored['err']
  if not stored then
    stored, wrote = set_if_newer(key, record, tonumber(ends), tonumber(ARGV[3 * i + 1]), '0')
  end
  if type(stored) == 'table' and stored['err'] then return stored end
  if wrote then copied = copied + 1 end
end
return copied
)lua";

constexpr char kRemove[] = R"lua(
local removed = 0
if now_ms() > tonumber(ARGV[1]) then return -1 end
for i, key in ipairs(KEYS) do
  local header = redis.pcall('GETRANGE', key, '0', '27')
  if type(header) == 'string' and #header == 28 and string.sub(header, 1, 2) == '\75\172' and
     string.sub(header, 5, 20) == ARGV[i + 1] then
    removed = removed + redis.call('DEL', key)
  end
end
return removed
)lua";

const redis::Script& NewScript(const char* name, std::string source) {
  return *new redis::Script(name, std::move(source));
}

}  // namespace

const redis::Script& LookScript() {
  static const redis::Script& script = NewScript("look", std::string(kCommon) + kLook);
  return script;
}
const redis::Script& InitScript() {
  static const redis::Script& script = NewScript("init", std::string(kCommon) + kInit);
  return script;
}
const redis::Script& FenceScript() {
  static const redis::Script& script = NewScript("fence", std::string(kCommon) + kFence);
  return script;
}
const redis::Script& LeaseScript() {
  static const redis::Script& script = NewScript("lease", kLease);
  return script;
}
const redis::Script& LiftScript() {
  static const redis::Script& script =
      NewScript("lift", std::string(kCommon) + kOwnResyncOnly + kLift);
  return script;
}
const redis::Script& NoteSourceScript() {
  static const redis::Script& script =
      NewScript("note_source", std::string(kCommon) + kOwnResyncOnly + kNoteSource);
  return script;
}
const redis::Script& ForgetScript() {
  static const redis::Script& script = NewScript("forget", kForget);
  return script;
}
const redis::Script& PeekScript() {
  static const redis::Script& script = NewScript("peek", kPeek);
  return script;
}
const redis::Script& HeadersScript() {
  static const redis::Script& script = NewScript("headers", kHeaders);
  return script;
}
const redis::Script& FetchScript() {
  static const redis::Script& script = NewScript("fetch", EndOfFunction() + kFetch);
  return script;
}
const redis::Script& StoreScript() {
  static const redis::Script& script = NewScript("store", SetIfNewerFunction() + kStore);
  return script;
}
const redis::Script& RemoveScript() {
  static const redis::Script& script = NewScript("remove", EndOfFunction() + kRemove);
  return script;
}

std::vector<const redis::Script*> RecoveryScripts() {
  return {&LookScript(),    &InitScript(),       &FenceScript(),  &LeaseScript(),
          &LiftScript(),    &NoteSourceScript(), &ForgetScript(), &PeekScript(),
          &HeadersScript(), &FetchScript(),      &StoreScript(),  &RemoveScript()};
}

}  // namespace kache
