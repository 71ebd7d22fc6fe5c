#include "server/redis/command.h"

#include <hiredis/hiredis.h>
#include <openssl/evp.h>

#include <array>
#include <new>
#include <utility>

#include "absl/container/inlined_vector.h"

namespace kache::redis {
namespace {

constexpr size_t kUsualArguments = 16;

// Gathers arguments for hiredis's formatter, which takes them with their lengths.
class ArgumentList {
 public:
  void Add(std::string_view argument) {
    // The formatter may pass a null pointer on to memcpy, which takes none.
    starts_.push_back(argument.data() == nullptr ? "" : argument.data());
    lengths_.push_back(argument.size());
  }

  std::shared_ptr<const char> Format(size_t* size) {
    char* wire = nullptr;
    const auto length = redisFormatCommandArgv(&wire, static_cast<int>(starts_.size()),
                                               starts_.data(), lengths_.data());
    if (length < 0) throw std::bad_alloc();
    *size = static_cast<size_t>(length);
    return {wire, [](const char* bytes) { redisFreeCommand(const_cast<char*>(bytes)); }};
  }

 private:
  absl::InlinedVector<const char*, kUsualArguments> starts_;
  absl::InlinedVector<size_t, kUsualArguments> lengths_;
};

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

Command Command::Of(std::initializer_list<std::string_view> arguments) {
  ArgumentList list;
  for (std::string_view argument : arguments) list.Add(argument);
  Command command;
  command.wire_ = list.Format(&command.size_);
  return command;
}

Command Command::Call(const Script& script, std::initializer_list<std::string_view> keys,
                      std::initializer_list<std::string_view> arguments) {
  const std::string key_count = std::to_string(keys.size());
  ArgumentList list;
  list.Add("EVALSHA");
  list.Add(script.sha1);
  list.Add(key_count);
  for (std::string_view key : keys) list.Add(key);
  for (std::string_view argument : arguments) list.Add(argument);
  Command command;
  command.wire_ = list.Format(&command.size_);
  command.script_ = &script;
  return command;
}

}  // namespace kache::redis
