// What a node answers to InspectScript, put together by a test.
//
//   InspectionReply reply{.run_id = "a-run", .now_ms = 5000};
//   reply.missed = {"b 00000000000000c1", "1 4000"};
//   node.Answer(reply.ToReply());
#ifndef KACHE_TESTS_TESTING_INSPECTION_REPLY_H_
#define KACHE_TESTS_TESTING_INSPECTION_REPLY_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "server/redis/reply.h"

namespace kache::testing {

struct InspectionReply {
  using Texts = std::vector<std::string>;

  std::string run_id = {};
  int64_t now_ms = 0;
  std::string marker = {};
  std::string ring = {};
  // Hashes: a field, its value, the next field, ...
  Texts old_heartbeats = {};
  Texts missed = {};
  std::string resync_holder = {};
  Texts progress = {};
  Texts lost = {};
  std::string sweep_holder = {};
  Texts sweep = {};
  int64_t keys = 0;
  Texts members = {};
  Texts heartbeats = {};
  bool evicts = false;
  uint64_t evicted_keys = 0;
  uint64_t emptied = 0;
  Texts lost_coordinators = {};
  uint64_t maxmemory = 0;
  std::vector<int64_t> hints = {};

  static redis::Reply Array(std::vector<redis::Reply> elements) {
    redis::Reply reply;
    reply.type = redis::Reply::Type::kArray;
    reply.elements = std::move(elements);
    return reply;
  }
  static redis::Reply Array(const Texts& texts) {
    std::vector<redis::Reply> elements;
    for (const std::string& text : texts) elements.push_back(redis::Reply::String(text));
    return Array(std::move(elements));
  }
  redis::Reply ToReply() const {
    using redis::Reply;
    std::vector<Reply> held;
    for (const int64_t count : hints) held.push_back(Reply::Integer(count));
    return Array(std::vector<Reply>{Reply::String(run_id),
                                    Reply::String(std::to_string(now_ms)),
                                    Reply::String(marker),
                                    Reply::String(ring),
                                    Array(old_heartbeats),
                                    Array(missed),
                                    Reply::String(resync_holder),
                                    Array(progress),
                                    Array(lost),
                                    Reply::String(sweep_holder),
                                    Array(sweep),
                                    Reply::Integer(keys),
                                    Array(members),
                                    Array(heartbeats),
                                    Reply::Integer(evicts ? 1 : 0),
                                    Reply::String(std::to_string(evicted_keys)),
                                    Reply::String(std::to_string(emptied)),
                                    Array(lost_coordinators),
                                    Reply::String(std::to_string(maxmemory)),
                                    Array(held)});
  }
};

}  // namespace kache::testing

#endif  // KACHE_TESTS_TESTING_INSPECTION_REPLY_H_
