#include "gateway/http/router.h"

#include <gtest/gtest.h>

namespace kache::gateway {
namespace {

Router TestRouter() {
  const auto nothing = [](const HttpRequest&, Responder) {};
  return Router({
      {HttpMethod::kGet, "/keys/{key}", nullptr, nothing},
      {HttpMethod::kPut, "/keys/{key}", [](const HttpRequest&) { return Admission::UpTo(7); },
       nothing},
      {HttpMethod::kPost, "/keys:batch", nullptr, nothing},
  });
}

HttpRequest Request(HttpMethod method, std::string target) {
  HttpRequest request;
  request.method = method;
  request.target = std::move(target);
  return request;
}

int RefusalOf(HttpMethod method, std::string target) {
  Router router = TestRouter();
  HttpRequest request = Request(method, std::move(target));
  const Admission admission = router.Admit(request);
  return admission.refusal ? admission.refusal->status : 0;
}

TEST(Router, FindsRouteParameterAndQuery) {
  Router router = TestRouter();
  HttpRequest request = Request(HttpMethod::kPut, "/keys/a%2Fb?ttl=1");
  const Admission admission = router.Admit(request);
  EXPECT_FALSE(admission.refusal.has_value());
  EXPECT_EQ(admission.body_limit, 7u);
  EXPECT_EQ(request.route, 1u);
  EXPECT_EQ(request.parameter, "a%2Fb");
  EXPECT_EQ(request.query, "ttl=1");
}

TEST(Router, HeadGoesWhereGetGoes) {
  Router router = TestRouter();
  HttpRequest request = Request(HttpMethod::kHead, "/keys/a");
  EXPECT_FALSE(router.Admit(request).refusal.has_value());
  EXPECT_EQ(request.route, 0u);
}

TEST(Router, AnEmptyParameterIsTheHandlersBusiness) {
  EXPECT_EQ(RefusalOf(HttpMethod::kGet, "/keys/"), 0);
  EXPECT_EQ(RefusalOf(HttpMethod::kGet, "/keys"), 404);
}

TEST(Router, UnknownPathsAre404) {
  EXPECT_EQ(RefusalOf(HttpMethod::kGet, "/"), 404);
  EXPECT_EQ(RefusalOf(HttpMethod::kGet, "/Keys/a"), 404);
  EXPECT_EQ(RefusalOf(HttpMethod::kOther, "/nowhere"), 404);
  EXPECT_EQ(RefusalOf(HttpMethod::kGet, "no-path"), 400);
}

TEST(Router, ARawSlashInAKeyIs404AndSaysWhy) {
  Router router = TestRouter();
  HttpRequest request = Request(HttpMethod::kGet, "/keys/a/b");
  const Admission admission = router.Admit(request);
  ASSERT_TRUE(admission.refusal.has_value());
  EXPECT_EQ(admission.refusal->status, 404);
  EXPECT_NE(admission.refusal->body.find("%2F"), std::string::npos);
}

TEST(Router, OtherMethodsAre405WithAllow) {
  Router router = TestRouter();
  for (const HttpMethod method : {HttpMethod::kPost, HttpMethod::kOther, HttpMethod::kDelete}) {
    HttpRequest request = Request(method, "/keys/a");
    const Admission admission = router.Admit(request);
    ASSERT_TRUE(admission.refusal.has_value());
    EXPECT_EQ(admission.refusal->status, 405);
    EXPECT_EQ(admission.refusal->FindHeader("Allow"), "GET, HEAD, PUT");
    EXPECT_EQ(request.route, HttpRequest::kNoRoute);
  }
}

}  // namespace
}  // namespace kache::gateway
