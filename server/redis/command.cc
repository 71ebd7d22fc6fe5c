#include "server/redis/command.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace kache::redis {
namespace {

// Writes RESP. hiredis's redisFormatCommandArgv does the same by printf, at five times the cost and
// with an allocation more.
class Formatter {
 public:
  static constexpr size_t kMostDigits = 20;  // of a size_t
  // What surrounds an argument: "$<length>\r\n" and "\r\n".
  static constexpr size_t kMostAround = 1 + kMostDigits + 2 + 2;

  explicit Formatter(char* at) : at_(at) {}

  void AddLength(char type, size_t length) {
    *at_++ = type;
    at_ = std::to_chars(at_, at_ + kMostDigits, length).ptr;
    EndLine();
  }
  void AddArgument(std::string_view argument) {
    AddLength('$', argument.size());
    at_ = std::ranges::copy(argument, at_).out;
    EndLine();
  }
  char* end() const { return at_; }

 private:
  void EndLine() {
    *at_++ = '\r';
    *at_++ = '\n';
  }

  char* at_;
};

using Arguments = std::span<const std::string_view>;

// Formats the three lists one after another.
std::shared_ptr<const char> Format(Arguments first, Arguments second, Arguments third,
                                   size_t* size) {
  const std::array lists = {first, second, third};
  size_t count = 0;
  size_t most = Formatter::kMostAround;
  for (const Arguments& list : lists) {
    count += list.size();
    for (std::string_view argument : list) most += argument.size() + Formatter::kMostAround;
  }
  auto wire = std::make_shared_for_overwrite<char[]>(most);
  Formatter formatter(wire.get());
  formatter.AddLength('*', count);
  for (const Arguments& list : lists) {
    for (std::string_view argument : list) formatter.AddArgument(argument);
  }
  *size = static_cast<size_t>(formatter.end() - wire.get());
  return {wire, wire.get()};  // the char array's owner, seen as a pointer to its first
}

std::string Sha1Hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    hex += kHex[digest[i] >> 4];
    hex += kHex[digest[i] & 15];
  }
  return hex;
}

}  // namespace

Script::Script(std::string script_name, std::string script_source)
    : name(std::move(script_name)), source(std::move(script_source)), sha1(Sha1Hex(source)) {}

Command Command::Keeping(std::shared_ptr<const void> hold) && {
  hold_ = std::move(hold);
  return std::move(*this);
}

Command Command::For(CallerId caller) && {
  caller_ = caller;
  return std::move(*this);
}

Command Command::Of(std::initializer_list<std::string_view> arguments) {
  return Of(std::span(arguments.begin(), arguments.size()));
}

Command Command::Of(std::span<const std::string_view> arguments) {
  Command command;
  command.wire_ = Format(arguments, {}, {}, &command.size_);
  return command;
}

Command Command::Get(std::string_view key) {
  Command command = Of({"GET", key});
  command.shares_reply_ = true;
  return command;
}

Command Command::Call(const Script& script, std::initializer_list<std::string_view> keys,
                      std::initializer_list<std::string_view> arguments) {
  return Call(script, std::span(keys.begin(), keys.size()),
              std::span(arguments.begin(), arguments.size()));
}

Command Command::Call(const Script& script, std::span<const std::string_view> keys,
                      std::span<const std::string_view> arguments) {
  Command command;
  const std::string key_count = std::to_string(keys.size());
  const std::array<std::string_view, 3> call = {"EVALSHA", script.sha1, key_count};
  command.wire_ = Format(call, keys, arguments, &command.size_);
  command.script_ = &script;
  return command;
}

}  // namespace kache::redis
