#include "server/redis/first_contact.h"

#include <algorithm>

namespace kache::redis {
namespace {

// Of a line, in messages: enough for "HTTP/1.1 400 Bad Request" and the greeting of an SSH server.
constexpr size_t kQuotedLine = 48;
// The types of TLS's records that a server begins with.
constexpr char kAlert = 0x15;
constexpr char kHandshakeRecord = 0x16;

// A record of TLS has its type, and the major version 3.
bool IsTls(std::string_view bytes) {
  return bytes.size() >= 2 && (bytes[0] == kAlert || bytes[0] == kHandshakeRecord) &&
         bytes[1] == 0x03;
}

std::string FirstLine(std::string_view bytes) {
  std::string line(bytes.substr(0, std::min(bytes.find_first_of("\r\n"), kQuotedLine)));
  const auto is_unprintable = [](char c) { return c < ' ' || c > '~' || c == '"'; };
  std::replace_if(line.begin(), line.end(), is_unprintable, '.');
  return line;
}

}  // namespace

DownReason ClosedUnanswered(const std::string& address, TlsStage stage) {
  switch (stage) {
    case TlsStage::kShaking:
      return {"tls_failed",
              address +
                  " ended the connection within the TLS handshake (a plain port wants redis:// in "
                  "REDIS_URLS; Redis does so, too, when maxclients is reached: see its log)"};
    case TlsStage::kAgreed:
      return {"closed_unanswered",
              address +
                  " ended the connection after the TLS handshake, without an answer (see its log; "
                  "if it wants a certificate, set REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE)"};
    case TlsStage::kNone:
      break;
  }
  return {"closed_unanswered",
          address +
              " ended the connection without an answer (a TLS port wants rediss:// in REDIS_URLS; "
              "else a proxy without its Redis, or another program: correct the address)"};
}

DownReason SilentFromTheStart(const std::string& address, TlsStage stage, bool spoke_tls) {
  if (stage == TlsStage::kShaking && !spoke_tls) {
    return {
        "tls_failed",
        address +
            " accepted the connection and does not answer the TLS handshake (a plain port wants "
            "redis:// in REDIS_URLS; else a frozen Redis, or another program)"};
  }
  return {
      "unresponsive",
      address +
          " accepted the connection and does not answer (a frozen Redis, a command or script that "
          "runs long, or another program)"};
}

DownReason AnswersNoRedis(const std::string& address, std::string_view first_bytes,
                          std::string_view fault) {
  if (IsTls(first_bytes)) {
    return {"not_redis", address + " speaks TLS (write rediss:// in REDIS_URLS)"};
  }
  return {"not_redis", address + " does not speak Redis's protocol: " + std::string(fault) +
                           "; its answer begins with '" + FirstLine(first_bytes) +
                           "' (another program listens there: correct the address in REDIS_URLS)"};
}

std::string_view HintOfTlsBytes(std::string_view first_bytes) {
  return IsTls(first_bytes) ? ""
                            : " (it does not speak TLS: a plain port wants redis:// in REDIS_URLS)";
}

}  // namespace kache::redis
