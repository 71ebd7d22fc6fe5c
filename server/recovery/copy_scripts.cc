#include "server/recovery/copy_scripts.h"

#include <string>
#include <utility>

#include "server/bookkeeping/bookkeeping_scripts.h"
#include "server/replication/scripts.h"

namespace kache {
namespace {

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

constexpr char kReadHeaders[] = R"lua(
local call, headers = redis.pcall, {}
for i = first, #KEYS do headers[#headers + 1] = call('GETRANGE', KEYS[i], '0', '27') end
)lua";
constexpr char kHeaders[] = "return headers";
constexpr char kWitness[] = R"lua(
return {run_id, string.format('%.0f', emptied), call('GET', KEYS[1]) or '', headers}
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

constexpr char kEnds[] = R"lua(
local answer = {}
for i = 1, #KEYS do answer[i] = string.format('%.0f', end_of(KEYS[i])) end
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
    stored, wrote = set_if_newer(key, record, tonumber(ends), tonumber(ARGV[3 * i + 1]), 0)
  end
  if type(stored) == 'table' and stored['err'] then return stored end
  if wrote then copied = copied + 1 end
end
return copied
)lua";

constexpr char kStoreInTime[] = R"lua(
local copied, now = 0, now_ms()
if now > tonumber(ARGV[1]) then return -1 end
for i = 1, #KEYS do
  local at = 4 * i - 2
  if now <= tonumber(ARGV[at + 3]) then
    local stored, wrote = set_if_newer(KEYS[i], ARGV[at], tonumber(ARGV[at + 1]),
                                       tonumber(ARGV[at + 2]), 0)
    if type(stored) == 'table' and stored['err'] then return stored end
    if wrote then copied = copied + 1 end
  end
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

const redis::Script& PeekScript() {
  static const redis::Script& script = NewScript("peek", kPeek);
  return script;
}
const redis::Script& HeadersScript() {
  static const redis::Script& script =
      NewScript("headers", "local first = 1" + std::string(kReadHeaders) + kHeaders);
  return script;
}
const redis::Script& WitnessScript() {
  static const redis::Script& script =
      NewScript("witness", ProcessMemoryPiece() + "local first = 2" + kReadHeaders + kWitness);
  return script;
}
const redis::Script& FetchScript() {
  static const redis::Script& script = NewScript("fetch", EndOfFunction() + kFetch);
  return script;
}
const redis::Script& EndsScript() {
  static const redis::Script& script = NewScript("ends", EndOfFunction() + kEnds);
  return script;
}
const redis::Script& StoreScript() {
  static const redis::Script& script = NewScript("store", SetIfNewerFunction() + kStore);
  return script;
}
const redis::Script& StoreInTimeScript() {
  static const redis::Script& script =
      NewScript("store_in_time", SetIfNewerFunction() + kStoreInTime);
  return script;
}
const redis::Script& RemoveScript() {
  static const redis::Script& script = NewScript("remove", EndOfFunction() + kRemove);
  return script;
}

std::vector<const redis::Script*> CopyScripts() {
  return {&PeekScript(), &HeadersScript(), &WitnessScript(),     &FetchScript(),
          &EndsScript(), &StoreScript(),   &StoreInTimeScript(), &RemoveScript()};
}

}  // namespace kache
