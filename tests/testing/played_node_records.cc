// How a PlayedNode reads and stores records.
#include <optional>
#include <string>

#include "absl/strings/numbers.h"
#include "server/bookkeeping/marker.h"
#include "server/replication/hint_scripts.h"
#include "server/replication/record.h"
#include "server/replication/scripts.h"
#include "server/replication/store_terms.h"
#include "tests/testing/played_node.h"

namespace kache::testing {
namespace {

using redis::Reply;

int64_t Number(const std::string& text) {
  int64_t number = 0;
  return absl::SimpleAtoi(text, &number) ? number : 0;
}

}  // namespace

Reply PlayedNode::ReadRecord(const redis::Script* script, const Words& keys,
                             const Words& arguments) {
  const auto held = memory_.records.At(keys[0], NowMs());
  int64_t memory = Get(keys[1]).starts_with(arguments[0]) ? kIsWhole : 0;
  const std::optional<Marker> stands = marker();
  if (script == &ReadWithMemory() && stands && !stands->whole && stands->away_ms != 0) {
    const std::string whole = WholeMarker(stands->ring, stands->run_id, stands->name);
    const bool is_kept = hash(keys[2])["kept"] == FenceText(stands->fence);
    const bool is_short = NowMs() - stands->away_ms <= Number(arguments[1]);
    if (whole == arguments[0] && is_kept && is_short) memory = kIsBehind;
  }
  return ArrayReply({held ? Reply::String(held->bytes) : Reply::Nil(),
                     Reply::String(std::to_string(held ? held->ends_ms : 0)),
                     Reply::Integer(memory)});
}

Reply PlayedNode::StoreRecord(const Words& keys, Words arguments) {
  StoreTerms terms = DecodeTerms(arguments[1]);
  const bool may_lack = !terms.whole.empty() && !Get(keys_.Marker()).starts_with(terms.whole);
  if (may_lack && terms.ends_ms > NowMs() && !memory_.records.At(keys[0], NowMs())) {
    terms.ends_ms = terms.limit_ms;
    arguments[1] = EncodeTerms(terms);
  }
  return memory_.records.SetIfNewer(keys[0], arguments, NowMs());
}

// The record of SetWithHints, as SetIfNewer stores it, or of LeaveHints, which is there already.
Reply PlayedNode::RunWithHints(const redis::Script* script, const Words& keys,
                               const Words& arguments) {
  const bool stores = script == &SetWithHints();
  Reply reply = Reply::Integer(1);
  if (stores) {
    reply = StoreRecord(keys, arguments);
  } else {
    const auto held = memory_.records.At(keys[0], NowMs());
    const bool is_held =
        held && held->bytes.substr(kRecordVersionOffset, kRecordVersionBytes) == arguments[0];
    reply = Reply::Integer(is_held ? 1 : 0);
  }
  if (!reply.IsInteger(1)) return reply;
  const size_t hint = stores ? 3 : 2;
  memory_.records.KeepUntil(keys[0], Number(arguments[hint - 1]), NowMs());
  for (size_t i = stores ? 2 : 1; i < keys.size(); ++i) {
    memory_.hints.Leave(keys[i], arguments[hint], Number(arguments[hint + 1]));
  }
  return reply;
}

}  // namespace kache::testing
