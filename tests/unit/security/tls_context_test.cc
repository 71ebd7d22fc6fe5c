#include "security/tls_context.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <memory>
#include <string>

namespace kache {
namespace {

class ExpectServerTest : public ::testing::Test {
 protected:
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{SSL_CTX_new(TLS_client_method()),
                                                                   SSL_CTX_free};
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{SSL_new(context_.get()), SSL_free};

  std::string Asked() const {
    const char* const name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? "" : name;
  }
  std::string Checked() const {
    const char* const name = X509_VERIFY_PARAM_get0_host(SSL_get0_param(ssl_.get()), 0);
    return name == nullptr ? "" : name;
  }
};

TEST_F(ExpectServerTest, AsksForTheNameAndChecksIt) {
  ExpectServer(ssl_.get(), "redis-a.cache.svc.cluster.local");
  EXPECT_EQ(Asked(), "redis-a.cache.svc.cluster.local");
  EXPECT_EQ(Checked(), "redis-a.cache.svc.cluster.local");
}

TEST_F(ExpectServerTest, ADotAtTheEndIsForDnsOnly) {
  ExpectServer(ssl_.get(), "redis-a.cache.svc.cluster.local.");
  EXPECT_EQ(Asked(), "redis-a.cache.svc.cluster.local");
  EXPECT_EQ(Checked(), "redis-a.cache.svc.cluster.local");
}

TEST_F(ExpectServerTest, AnAddressIsNoName) {
  ExpectServer(ssl_.get(), "127.0.0.1");
  EXPECT_EQ(Asked(), "");
  EXPECT_EQ(Checked(), "");
}

}  // namespace
}  // namespace kache
