#include "server/bookkeeping/bookkeeping_scripts.h"

#include <string>
#include <utility>

namespace kache {
namespace {

constexpr char kRunId[] = R"lua(
local run_id = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
)lua";

// The time, and the marker's fields.
constexpr char kCommon[] = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(number) return string.format('%.0f', number) end
local function parse(marker)
  if not marker then return nil end
  local fields = {}
  for field in string.gmatch(marker, '%S+') do fields[#fields + 1] = field end
  if #fields < 9 or fields[1] ~= 'kache1' then return nil end
  return {state = fields[2], ring = fields[3], run_id = fields[4], name = fields[5],
          fence = tonumber(fields[6]), since = tonumber(fields[7]), away = tonumber(fields[8]),
          sources = fields[9]}
end
local function compose(m)
  return table.concat({'kache1', m.state, m.ring, m.run_id, m.name, text(m.fence), text(m.since),
                       text(m.away), m.sources}, ' ')
end
)lua";

// How often the process was given a command that may drop or exchange all its data at once.
constexpr char kEmptied[] = R"lua(
local drops = {flushall = true, flushdb = true, swapdb = true, replicaof = true, slaveof = true,
               failover = true, debug = true}
local emptied = 0
for name, calls in string.gmatch(redis.call('INFO', 'commandstats'), 'cmdstat_(%w+):calls=(%d+)') do
  if drops[name] then emptied = emptied + tonumber(calls) end
end
)lua";

constexpr char kInspect[] = R"lua(
local marker = redis.call('GET', KEYS[1])
local parsed = parse(marker)
local ours = parsed and parsed.ring == ARGV[4]
local lost = redis.call('HGETALL', KEYS[13])
local is_lost = false
for i = 1, #lost, 2 do is_lost = is_lost or lost[i] == ARGV[1] end
if ours and parsed.run_id == run_id and not is_lost then
  redis.pcall('HSET', KEYS[3], ARGV[1], text(now) .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
  redis.pcall('HSET', KEYS[12], ARGV[1], '1 ' .. text(now) .. ' ' .. ARGV[7])
  if ARGV[5] ~= '' then redis.pcall('SET', KEYS[11], ARGV[5], 'PX', ARGV[6]) end
end
local ring = ''
if parsed and not ours then ring = redis.call('GET', KEYS[2]) or '' end
local memory = redis.call('INFO', 'memory')
local maxmemory = string.match(memory, 'maxmemory:(%d+)') or '0'
local evicts = maxmemory ~= '0' and
               string.match(memory, 'maxmemory_policy:allkeys') ~= nil
local hints = {}
for i = 14, #KEYS do
  local held = redis.pcall('SCARD', KEYS[i])
  hints[#hints + 1] = type(held) == 'number' and held or -1
end
local evicted = string.match(redis.call('INFO', 'stats'), 'evicted_keys:(%d+)') or '0'
return {run_id, text(now), marker or '', ring, redis.call('HGETALL', KEYS[3]),
        redis.call('HGETALL', KEYS[4]), redis.call('GET', KEYS[5]) or '',
        redis.call('HGETALL', KEYS[6]), redis.call('HGETALL', KEYS[7]),
        redis.call('GET', KEYS[8]) or '', redis.call('HGETALL', KEYS[9]),
        redis.call('DBSIZE'), redis.call('HKEYS', KEYS[10]), redis.call('HGETALL', KEYS[12]),
        evicts and 1 or 0, evicted, text(emptied), lost, maxmemory, hints}
)lua";

constexpr char kRestore[] = R"lua(
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
if run_id ~= ARGV[1] or text(emptied) ~= ARGV[2] then return 0 end
local stored = redis.pcall('SET', KEYS[1], ARGV[3])
return stored['err'] and stored or 1
)lua";

constexpr char kInit[] = R"lua(
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('SET', KEYS[1], compose({state = 'whole', ring = ARGV[1], run_id = run_id,
  name = ARGV[2], fence = now, since = now, away = 0, sources = 'empty'}))
redis.call('SET', KEYS[2], ARGV[3])
redis.call('HSET', KEYS[3], 'swept', text(now))
return 1
)lua";

constexpr char kFence[] = R"lua(
local stands = redis.call('GET', KEYS[1])
local old = parse(stands)
local same_process = old and old.run_id == run_id
local fits = same_process and old.ring == ARGV[1] and old.name == ARGV[2]
if fits and ARGV[4] ~= 'always' and ARGV[4] ~= text(old.fence) then return stands end
local new = {state = 'syncing', ring = ARGV[1], run_id = run_id, name = ARGV[2],
             fence = math.max(now, tonumber(ARGV[6]) + 1), since = now, away = 0,
             sources = stands and 'arcs' or 'empty'}
local kept = fits and ARGV[7] ~= 'lost' and
             (old.state == 'whole' or redis.call('HGET', KEYS[5], 'kept') == text(old.fence))
local trusted
if old then
  new.fence = math.max(new.fence, old.fence + 1)
  if old.ring ~= ARGV[1] or (old.state == 'syncing' and old.sources == 'all') then
    new.sources = 'all'
  elseif old.state == 'syncing' and old.sources == 'empty' and same_process then
    new.sources = 'empty'
  end
  -- Since when it may have lacked writes: the earliest that anybody knows of. A process that is new,
  -- or was another ring's, surely had them while a coordinator left its heartbeat there.
  local since = tonumber(ARGV[5])
  new.away = since > 0 and math.min(since, now) or now
  if not same_process or old.ring ~= ARGV[1] then
    local sure = old.since
    for _, heartbeat in ipairs(redis.call('HVALS', KEYS[3])) do
      sure = math.max(sure, tonumber(string.match(heartbeat, '^%d+') or 0))
    end
    for _, heartbeat in ipairs(redis.call('HVALS', KEYS[4])) do
      sure = math.max(sure, tonumber(string.match(heartbeat, '^1 (%d+)') or 0))
    end
    new.away = math.min(new.away, sure)
  end
  if old.state == 'syncing' and old.away > 0 then new.away = math.min(new.away, old.away) end
  if fits and old.state == 'whole' then
    trusted = text(old.away > 0 and old.away or old.since)
  elseif fits then
    trusted = redis.call('HGET', KEYS[5], 'trusted')
  end
end
local marker = compose(new)
local stored = redis.pcall('SET', KEYS[1], marker)
if stored['err'] then return stored end
redis.pcall('SET', KEYS[2], ARGV[3])
redis.call('DEL', KEYS[5])
if trusted then redis.pcall('HSET', KEYS[5], 'trusted', trusted) end
if kept then redis.pcall('HSET', KEYS[5], 'kept', text(new.fence)) end
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
   text(marker.fence) ~= ARGV[2] or redis.call('GET', KEYS[2]) ~= ARGV[3] then
  return 0
end
)lua";

constexpr char kLift[] = R"lua(
local trusted = redis.call('HGET', KEYS[3], 'trusted')
local short = marker.away > 0 and now - marker.away <= tonumber(ARGV[4])
marker.away = short and trusted and tonumber(trusted) or 0
marker.state, marker.since, marker.sources = 'whole', now, 'arcs'
redis.call('SET', KEYS[1], compose(marker))
redis.call('DEL', KEYS[2], KEYS[3])
return 1
)lua";

constexpr char kNoteSource[] = R"lua(
redis.call('HSET', KEYS[3], 'from:' .. ARGV[4], ARGV[5])
return 1
)lua";

constexpr char kNoteCheckpoint[] = R"lua(
redis.call('HDEL', KEYS[3], 'from:' .. ARGV[4])
redis.call('HSET', KEYS[3], 'checkpoint:' .. ARGV[4], ARGV[5])
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

std::string Common() { return std::string(kRunId) + kCommon; }

const redis::Script& NewScript(const char* name, std::string source) {
  return *new redis::Script(name, std::move(source));
}

}  // namespace

std::string ProcessMemoryPiece() { return std::string(kRunId) + kEmptied; }

const redis::Script& InspectScript() {
  static const redis::Script& script = NewScript("inspect", Common() + kEmptied + kInspect);
  return script;
}
const redis::Script& RestoreScript() {
  static const redis::Script& script = NewScript("restore", Common() + kEmptied + kRestore);
  return script;
}
const redis::Script& InitScript() {
  static const redis::Script& script = NewScript("init", Common() + kInit);
  return script;
}
const redis::Script& FenceScript() {
  static const redis::Script& script = NewScript("fence", Common() + kFence);
  return script;
}
const redis::Script& LeaseScript() {
  static const redis::Script& script = NewScript("lease", kLease);
  return script;
}
const redis::Script& LiftScript() {
  static const redis::Script& script = NewScript("lift", Common() + kOwnResyncOnly + kLift);
  return script;
}
const redis::Script& NoteSourceScript() {
  static const redis::Script& script =
      NewScript("note_source", Common() + kOwnResyncOnly + kNoteSource);
  return script;
}
const redis::Script& NoteCheckpointScript() {
  static const redis::Script& script =
      NewScript("note_checkpoint", Common() + kOwnResyncOnly + kNoteCheckpoint);
  return script;
}
const redis::Script& ForgetScript() {
  static const redis::Script& script = NewScript("forget", kForget);
  return script;
}

std::vector<const redis::Script*> BookkeepingScripts() {
  return {&InspectScript(),    &RestoreScript(),        &InitScript(),
          &FenceScript(),      &LeaseScript(),          &LiftScript(),
          &NoteSourceScript(), &NoteCheckpointScript(), &ForgetScript()};
}

}  // namespace kache
