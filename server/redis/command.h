// A command ready for the wire (RESP), formatted once and shared by all the connections that send
// it. Copying is cheap: copies share the bytes.
//
//   Command get = Command::Get(key);
//   Command put = Command::Call(set_if_newer, {key}, {record, "0"});
//
// Immutable, so thread-safe. Arguments may hold any byte.
#ifndef KACHE_SERVER_REDIS_COMMAND_H_
#define KACHE_SERVER_REDIS_COMMAND_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace kache::redis {

// A Lua script, known to Redis by its SHA-1. Must outlive every Command that calls it, and every
// client that was told to load it.
struct Script {
  // `name` is for logs.
  Script(std::string name, std::string source);

  std::string name;
  std::string source;
  std::string sha1;  // 40 hex digits
};

// For whom a command is sent: callers take turns where commands wait (held_commands.h). kNoCaller =
// for nobody who calls, but for the coordinator itself.
using CallerId = uint32_t;
inline constexpr CallerId kNoCaller = 0;

class Command {
 public:
  static Command Of(std::initializer_list<std::string_view> arguments);
  static Command Of(std::span<const std::string_view> arguments);
  // GET. One reply may answer several that are equal (UnsentReads).
  static Command Get(std::string_view key);
  // EVALSHA. Sent again after SCRIPT LOAD when the server does not know the script.
  static Command Call(const Script& script, std::initializer_list<std::string_view> keys,
                      std::initializer_list<std::string_view> arguments);
  // The same for lists that are made at run time.
  static Command Call(const Script& script, std::span<const std::string_view> keys,
                      std::span<const std::string_view> arguments);

  // The same command, which keeps `hold` as long as a copy of it lives: what counts its bytes.
  Command Keeping(std::shared_ptr<const void> hold) &&;
  // Whether its bytes are counted elsewhere.
  bool keeps() const { return hold_ != nullptr; }
  // The same command, sent for that caller.
  Command For(CallerId caller) &&;
  CallerId caller() const { return caller_; }

  std::string_view wire() const { return {wire_.get(), size_}; }
  const Script* script() const { return script_; }
  bool shares_reply() const { return shares_reply_; }

 private:
  std::shared_ptr<const char> wire_;  // shared: by the sockets of all replicas
  size_t size_ = 0;
  std::shared_ptr<const void> hold_;  // shared, as the bytes are
  const Script* script_ = nullptr;
  bool shares_reply_ = false;
  CallerId caller_ = kNoCaller;
};

}  // namespace kache::redis

#endif  // KACHE_SERVER_REDIS_COMMAND_H_
