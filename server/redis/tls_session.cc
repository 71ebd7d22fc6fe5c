#include "server/redis/tls_session.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "security/tls_context.h"

namespace kache::redis {
namespace {

// The most that one record holds.
constexpr size_t kRecordBytes = 16 * 1024;

}  // namespace

void TlsSession::Free::operator()(ssl_st* ssl) const { SSL_free(ssl); }

TlsSession::TlsSession(const std::shared_ptr<ssl_ctx_st>& context, const std::string& host)
    : ssl_(SSL_new(context.get())) {
  BIO* const from_network = BIO_new(BIO_s_mem());
  BIO* const to_network = BIO_new(BIO_s_mem());
  if (ssl_ == nullptr || from_network == nullptr || to_network == nullptr) {
    BIO_free(from_network);
    BIO_free(to_network);
    ssl_.reset();
    error_ = "no memory for TLS";
    return;
  }
  SSL_set_bio(ssl_.get(), from_network, to_network);  // owns both
  SSL_set_connect_state(ssl_.get());
  ExpectServer(ssl_.get(), host);
  Shake();
}

TlsSession::~TlsSession() = default;

bool TlsSession::Receive(std::string_view bytes, std::string* plain) {
  if (!error_.empty()) return false;
  ERR_clear_error();
  BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
  if (!established_ && !Shake()) return false;
  if (!established_) return true;
  std::array<char, kRecordBytes> buffer;
  int got = 0;
  while ((got = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()))) > 0) {
    plain->append(buffer.data(), static_cast<size_t>(got));
  }
  const bool fine = Fail(got);
  Gather();
  return fine;
}

bool TlsSession::Encrypt(std::string_view plain) {
  if (!error_.empty()) return false;
  ERR_clear_error();
  while (!plain.empty()) {
    const int size = static_cast<int>(std::min(plain.size(), kRecordBytes));
    const int written = SSL_write(ssl_.get(), plain.data(), size);
    if (written <= 0) {
      Fail(written);
      if (error_.empty()) error_ = "nothing can be written";  // memory is always ready
      return false;
    }
    plain.remove_prefix(static_cast<size_t>(written));
  }
  Gather();
  return true;
}

bool TlsSession::Shake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  established_ = result == 1;
  const bool fine = established_ || Fail(result);
  Gather();  // the alert, too, that tells the server what is wrong
  return fine;
}

// True when nothing is wrong: more bytes are needed, or the server said goodbye, after which its
// end of the connection follows.
bool TlsSession::Fail(int result) {
  const int kind = SSL_get_error(ssl_.get(), result);
  if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE ||
      kind == SSL_ERROR_ZERO_RETURN) {
    return true;
  }
  const unsigned long code = ERR_get_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  error_ = reason == nullptr ? "the server does not speak TLS as it should" : reason;
  const long verdict = SSL_get_verify_result(ssl_.get());
  if (verdict != X509_V_OK) Append(&error_, ": ", X509_verify_cert_error_string(verdict));
  ERR_clear_error();
  return false;
}

void TlsSession::Gather() {
  BIO* const to_network = SSL_get_wbio(ssl_.get());
  const size_t pending = BIO_ctrl_pending(to_network);
  if (pending == 0) return;
  const size_t before = outgoing_.size();
  outgoing_.resize(before + pending);
  BIO_read(to_network, outgoing_.data() + before, static_cast<int>(pending));
}

}  // namespace kache::redis
