// Turns the bytes of a Redis connection into Reply values (RESP2), however they are cut. hiredis
// finds the ends; the values are built in place, without a reply object of its own each.
//
//   for (reader.Feed(bytes); reader.Next(reply) == ReplyReader::Result::kReply;) Use(reply);
//
// Trusts nothing: a nesting deeper than 7, a length beyond `max_reply_bytes`, a line that does not
// end, types of RESP3 (never asked for) and bytes that are no RESP make it broken, for good.
//
// Thread-compatible. One for each connection.
#ifndef KACHE_SERVER_REDIS_REPLY_READER_H_
#define KACHE_SERVER_REDIS_REPLY_READER_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "server/redis/reply.h"

namespace kache::redis {

class ReplyReader {
 public:
  // Redis's own largest value (proto-max-bulk-len), with room for what surrounds it: a foreign
  // value under our prefix must not look like a fault of the connection.
  static constexpr size_t kMaxReplyBytes = (size_t{512} << 20) + (size_t{64} << 10);

  explicit ReplyReader(size_t max_reply_bytes = kMaxReplyBytes);
  ~ReplyReader();
  ReplyReader(ReplyReader&&) noexcept;
  ReplyReader& operator=(ReplyReader&&) noexcept;

  enum class Result { kReply, kMore, kBroken };

  // Requires: the last Next said kMore (or none was called). `bytes` must live until Next does.
  void Feed(std::string_view bytes);
  // Puts the next whole reply in `reply`, or asks for more bytes.
  Result Next(Reply& reply);
  // What is wrong, once broken; never any byte of the replies.
  std::string_view error() const;

  struct State;  // for the bodies only

 private:
  std::unique_ptr<State> state_;
};

}  // namespace kache::redis

#endif  // KACHE_SERVER_REDIS_REPLY_READER_H_
