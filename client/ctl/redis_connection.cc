#include "client/ctl/redis_connection.h"

#include <hiredis/hiredis.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "security/tls_context.h"

namespace kache::ctl {
namespace {

constexpr size_t kReadBytes = size_t{16} * 1024;
constexpr std::string_view kNoAuth = "NOAUTH";
constexpr std::string_view kNoPermission = "NOPERM";
constexpr std::string_view kCodes[] = {kNoAuth, kNoPermission, "WRONGPASS", "LOADING", "BUSY"};

// The command in Redis's protocol.
std::string Formatted(const std::vector<std::string>& command) {
  std::vector<const char*> arguments;
  std::vector<size_t> sizes;
  for (const std::string& part : command) {
    arguments.push_back(part.data());
    sizes.push_back(part.size());
  }
  char* text = nullptr;
  const auto size = redisFormatCommandArgv(&text, static_cast<int>(command.size()),
                                           arguments.data(), sizes.data());
  if (size < 0) return {};  // no memory
  std::string formatted(text, static_cast<size_t>(size));
  redisFreeCommand(text);
  return formatted;
}

// Of an error only a known code is repeated: its text may hold arguments of the command.
absl::Status Refused(std::string_view command, const redisReply& error) {
  const std::string_view text(error.str, error.len);
  const std::string_view code = text.substr(0, text.find(' '));
  std::string message = Concat(command, " was refused");
  if (std::find(std::begin(kCodes), std::end(kCodes), code) != std::end(kCodes)) {
    Append(&message, " (", code, ")");
  }
  if (command == "AUTH" || code == kNoAuth) return absl::UnauthenticatedError(message);
  if (code == kNoPermission) return absl::PermissionDeniedError(message);
  return absl::FailedPreconditionError(message);
}

}  // namespace

void FreeReply::operator()(redisReply* reply) const { freeReplyObject(reply); }
void RedisConnection::FreeContext::operator()(redisContext* context) const { redisFree(context); }
void RedisConnection::FreeTls::operator()(ssl_st* tls) const { SSL_free(tls); }

RedisConnection::~RedisConnection() = default;

absl::StatusOr<std::unique_ptr<RedisConnection>> RedisConnection::Open(const HostPort& address,
                                                                       ssl_ctx_st* tls,
                                                                       absl::Duration timeout) {
  const timeval limit = absl::ToTimeval(timeout);
  std::unique_ptr<RedisConnection> connection(
      new RedisConnection(redisConnectWithTimeout(address.host.c_str(), address.port, limit)));
  redisContext* const context = connection->context_.get();
  if (context == nullptr || context->err != 0 || redisSetTimeout(context, limit) != REDIS_OK) {
    return connection->Broken();
  }
  if (tls != nullptr) {
    if (absl::Status status = connection->Shake(address, tls); !status.ok()) return status;
  }
  return connection;
}

absl::StatusOr<RedisReply> RedisConnection::Call(const std::vector<std::string>& command) {
  const std::string formatted = Formatted(command);
  absl::StatusOr<RedisReply> reply = tls_ ? ExchangeOverTls(formatted) : Exchange(formatted);
  if (reply.ok() && (*reply)->type == REDIS_REPLY_ERROR) return Refused(command[0], **reply);
  return reply;
}

absl::Status RedisConnection::Shake(const HostPort& address, ssl_ctx_st* tls) {
  tls_.reset(SSL_new(tls));
  if (!tls_ || SSL_set_fd(tls_.get(), context_->fd) != 1) {
    return absl::UnavailableError("no memory for TLS");
  }
  ExpectServer(tls_.get(), address.host);
  ERR_clear_error();
  const int result = SSL_connect(tls_.get());
  return result == 1 ? absl::OkStatus() : TlsBroken(result);
}

absl::StatusOr<RedisReply> RedisConnection::Exchange(const std::string& command) {
  void* reply = nullptr;
  if (redisAppendFormattedCommand(context_.get(), command.data(), command.size()) != REDIS_OK ||
      redisGetReply(context_.get(), &reply) != REDIS_OK) {
    return Broken();
  }
  return RedisReply(static_cast<redisReply*>(reply));
}

absl::StatusOr<RedisReply> RedisConnection::ExchangeOverTls(const std::string& command) {
  ERR_clear_error();
  const int written = SSL_write(tls_.get(), command.data(), static_cast<int>(command.size()));
  if (written <= 0) return TlsBroken(written);
  std::array<char, kReadBytes> buffer;
  redisReader* const reader = context_->reader;
  while (true) {
    const int got = SSL_read(tls_.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (got <= 0) return TlsBroken(got);
    void* reply = nullptr;
    if (redisReaderFeed(reader, buffer.data(), static_cast<size_t>(got)) != REDIS_OK ||
        redisReaderGetReply(reader, &reply) != REDIS_OK) {
      return absl::UnavailableError("what answers does not speak Redis's protocol");
    }
    if (reply != nullptr) return RedisReply(static_cast<redisReply*>(reply));
  }
}

absl::Status RedisConnection::Broken() const {
  return absl::UnavailableError(context_ ? context_->errstr : "out of memory");
}

// After a call of OpenSSL that gave `result`.
absl::Status RedisConnection::TlsBroken(int result) const {
  const int error = errno;
  const int kind = SSL_get_error(tls_.get(), result);
  if (kind == SSL_ERROR_ZERO_RETURN) return absl::UnavailableError("Redis closed the connection");
  const bool late = error == EAGAIN || error == EWOULDBLOCK;
  if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE ||
      (kind == SSL_ERROR_SYSCALL && late)) {
    return absl::UnavailableError("no answer in time");
  }
  const unsigned long code = ERR_get_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  std::string text =
      Concat("no TLS: ", reason == nullptr ? "the server closed the connection" : reason);
  const long verdict = SSL_get_verify_result(tls_.get());
  if (verdict != X509_V_OK) Append(&text, ": ", X509_verify_cert_error_string(verdict));
  ERR_clear_error();
  return absl::UnavailableError(text);
}

}  // namespace kache::ctl
