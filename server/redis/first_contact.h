// Why a connection fails before the node's first answer on it: the address is wrong, it speaks TLS
// and we do not, or the other way round, another program listens there, or nobody answers. An
// operator gets a reason, and a message with what to do.
//
// Pure functions; thread-safe. `address` is host:port. No message holds what we sent, except where
// the other end repeats it in its first line, which holds no argument of a command.
#ifndef KACHE_SERVER_REDIS_FIRST_CONTACT_H_
#define KACHE_SERVER_REDIS_FIRST_CONTACT_H_

#include <string>
#include <string_view>

#include "server/redis/node_client.h"

namespace kache::redis {

enum class TlsStage {
  kNone,     // a plain connection
  kShaking,  // both ends have not agreed yet
  kAgreed
};

// The other end closed or reset the connection.
DownReason ClosedUnanswered(const std::string& address, TlsStage stage);

// The other end accepted the connection and answers nothing. `spoke_tls` = it spoke TLS on an
// earlier connection, so that its port is the right one.
DownReason SilentFromTheStart(const std::string& address, TlsStage stage, bool spoke_tls = false);

// The first bytes are no reply of Redis. `fault` is what ReplyReader says of them.
DownReason AnswersNoRedis(const std::string& address, std::string_view first_bytes,
                          std::string_view fault);

// What to add to the error of a TLS session that failed at these first bytes; mostly empty.
std::string_view HintOfTlsBytes(std::string_view first_bytes);

}  // namespace kache::redis

#endif  // KACHE_SERVER_REDIS_FIRST_CONTACT_H_
