#include "tests/testing/fake_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

#include "server/bookkeeping/marker.h"
#include "server/recovery/copy_scripts.h"

namespace kache::testing {

bool FakeStore::Serve() {
  if (answered_ == client_.sent().size()) return false;
  const size_t index = answered_++;
  if (odd_ && odd_->first == index) {
    absl::StatusOr<redis::Reply> reply = std::exchange(odd_, std::nullopt)->second;
    if (reply.ok()) {
      client_.Answer(index, *std::move(reply));
    } else {
      client_.Fail(index, reply.status());
    }
    return true;
  }
  client_.Answer(index, Reply(client_.sent()[index]));
  return true;
}

size_t FakeStore::Calls(const redis::Script& script) const {
  return static_cast<size_t>(
      std::count_if(client_.sent().begin(), client_.sent().end(),
                    [&](const FakeNodeClient::Sent& sent) { return sent.script == &script; }));
}

redis::Reply FakeStore::Reply(const FakeNodeClient::Sent& sent) {
  if (sent.arguments.front() == "SCAN") {
    return records_.Scan(sent.arguments, page_keys_, NowMs());
  }
  if (sent.script == &WitnessScript()) {
    const HeldRecords::Words keys(sent.arguments.begin() + 4, sent.arguments.end());
    const std::string marker =
        WholeMarker(/*ring=*/1, memory_.run_id, "a") + FenceText(memory_.fence) + " 1000 0 arcs";
    return ArrayReply({redis::Reply::String(memory_.run_id),
                       redis::Reply::String(std::to_string(memory_.emptied)),
                       redis::Reply::String(memory_.fence == FenceNumber{} ? "" : marker),
                       records_.Headers(keys, NowMs())});
  }
  std::optional<redis::Reply> reply = records_.Run(sent.arguments, sent.script, NowMs());
  if (!reply) {
    ADD_FAILURE() << "a command that the store does not know";
    return redis::Reply::Error("ERR");
  }
  return *std::move(reply);
}

}  // namespace kache::testing
