// One Redis reply as a value, and what its error replies mean to us.
#ifndef KACHE_SERVER_REDIS_REPLY_H_
#define KACHE_SERVER_REDIS_REPLY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kache::redis {

struct Reply {
  enum class Type : uint8_t { kNil, kStatus, kError, kInteger, kString, kArray };

  Type type = Type::kNil;
  int64_t integer = 0;          // kInteger
  std::string text;             // kStatus, kError (without the leading '-'), kString
  std::vector<Reply> elements;  // kArray

  bool IsNil() const { return type == Type::kNil; }
  bool IsError() const { return type == Type::kError; }
  bool IsInteger(int64_t value) const { return type == Type::kInteger && integer == value; }

  static Reply Nil() { return {}; }
  static Reply Status(std::string text) { return {Type::kStatus, 0, std::move(text), {}}; }
  static Reply Error(std::string text) { return {Type::kError, 0, std::move(text), {}}; }
  static Reply Integer(int64_t value) { return {Type::kInteger, value, {}, {}}; }
  static Reply String(std::string text) { return {Type::kString, 0, std::move(text), {}}; }
};

enum class ErrorKind : uint8_t {
  kOther,
  // The server lives, and refused this write.
  kOom,
  kMisconf,
  kReadOnly,
  kNoPerm,        // the user may not run a command
  kNoPermForKey,  // the user may not use a key
  kNoCommand,     // the server does not know a command: it is renamed there, or disabled
  kNoReplicas,
  // The server can't be used for now.
  kLoading,
  kMasterDown,
  kNoAuth,
  kWrongPass,
  // To be treated as a timeout.
  kBusy,
  // Answered inside this folder by loading the script and sending again.
  kNoScript,
  // A value of a type that Kache does not write.
  kWrongType,
};

// Reads the error code that starts an error reply's text, or that a failed script carries within
// its message (Redis 6.2 wraps the error of an inner command).
ErrorKind ClassifyError(std::string_view text);

// An error reply as it may be shown: cut short, and without the arguments that Redis repeats of a
// command that it does not know. They may be a key, a value or a password.
std::string_view QuotableError(std::string_view text);
// The same for the log, with what to do about it where Redis does not say that.
std::string ErrorForPeople(std::string_view text);

// True for the answer to a connection that the server has no room for.
bool IsTooManyClients(std::string_view text);
// The same of a server without a password that serves its own host only.
bool IsProtectedMode(std::string_view text);

// True for the kinds by which a living server refuses a write.
bool IsWriteRefused(ErrorKind kind);
// True for the kinds that make a server unusable.
bool IsServerUnusable(ErrorKind kind);
// In snake_case, for reasons and metric labels: "oom", "loading", "other".
std::string_view ErrorKindName(ErrorKind kind);

}  // namespace kache::redis

#endif  // KACHE_SERVER_REDIS_REPLY_H_
