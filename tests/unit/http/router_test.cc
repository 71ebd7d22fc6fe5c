#include "http/router.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/testing/temporary_file.h"
#include "tests/testing/token_line.h"

namespace kache {
namespace {

Router TestRouter() {
  const auto nothing = [](const HttpRequest&, Responder) {};
  return Router({
      {HttpMethod::kGet, "/keys/{key}", nullptr, nothing},
      {HttpMethod::kPut, "/keys/{key}", [](const HttpRequest&) { return Admission::UpTo(7); },
       nothing},
      {HttpMethod::kPost, "/keys:batch", nullptr, nothing},
      {HttpMethod::kPost, "/keys/{key}:act", nullptr, nothing},
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

TEST(Router, WordsMayFollowTheParameter) {
  Router router = TestRouter();
  for (const char* key : {"a", "", "a:act", "a%3Aact", "a:b"}) {
    HttpRequest request = Request(HttpMethod::kPost, std::string("/keys/") + key + ":act");
    EXPECT_FALSE(router.Admit(request).refusal.has_value()) << key;
    EXPECT_EQ(request.route, 3u);
    EXPECT_EQ(request.parameter, key);
  }
  for (const char* other : {"/keys/a", "/keys/a%3Aact", "/keys/a:ac", "/keys/a:act2"}) {
    EXPECT_EQ(RefusalOf(HttpMethod::kPost, other), 405) << other;
  }
  EXPECT_EQ(RefusalOf(HttpMethod::kPost, "/keys/a/b:act"), 404);
  EXPECT_EQ(RefusalOf(HttpMethod::kGet, "/keys/a:act"), 0) << "a key like any other";
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
  EXPECT_EQ(RefusalOf(HttpMethod::kGet, "/%4Beys/a"), 404);
  EXPECT_EQ(RefusalOf(HttpMethod::kGet, "/%256Beys/a"), 404);
  EXPECT_EQ(RefusalOf(HttpMethod::kGet, "/%6/a"), 404);
  EXPECT_EQ(RefusalOf(HttpMethod::kOther, "/nowhere"), 404);
  EXPECT_EQ(RefusalOf(HttpMethod::kGet, "no-path"), 400);
}

TEST(Router, EquivalentSpellingsOfAPathReachTheRoute) {
  Router router = TestRouter();
  for (const char* target :
       {"/keys/%61", "/%6Beys/%61", "/k%65ys/%61?", "/keys/%61?&", "http://h/%6beys/%61"}) {
    HttpRequest request = Request(HttpMethod::kPut, target);
    EXPECT_FALSE(router.Admit(request).refusal.has_value()) << target;
    EXPECT_EQ(request.route, 1u) << target;
    EXPECT_EQ(request.parameter, "%61") << target;
  }
  for (const char* target : {"/keys%3Abatch", "/%6B%65%79%73%3abatch", "/keys:batc%68?"}) {
    HttpRequest request = Request(HttpMethod::kPost, target);
    EXPECT_FALSE(router.Admit(request).refusal.has_value()) << target;
    EXPECT_EQ(request.route, 2u) << target;
  }
  EXPECT_EQ(RefusalOf(HttpMethod::kGet, "/keys%3Abatch"), 405);
}

TEST(Router, AnEncodedSlashSeparatesNothing) {
  EXPECT_EQ(RefusalOf(HttpMethod::kGet, "/keys%2Fa"), 404);
  EXPECT_EQ(RefusalOf(HttpMethod::kGet, "%2Fkeys/a"), 400);
  EXPECT_EQ(RefusalOf(HttpMethod::kGet, "/keys/a%2Fb"), 0);
  EXPECT_EQ(RefusalOf(HttpMethod::kGet, "/keys/%2E%2E"), 0);
  EXPECT_EQ(RefusalOf(HttpMethod::kGet, "/keys/.."), 0);
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

// Routes of all roles behind tokens.
class GuardedRouter : public testing::Test {
 protected:
  GuardedRouter() {
    const auto nothing = [](const HttpRequest&, Responder) {};
    file_.Write(TokenLine("r", "read", "reading") + TokenLine("w", "write", "writing") +
                TokenLine("s", "read", "slow", " operations_per_second=1"));
    access_ = AccessControl::Start({.tokens_file = file_.path()}, registry_).value();
    router_ = std::make_unique<Router>(
        std::vector<Route>{{HttpMethod::kGet, "/open", nullptr, nothing, Role::kNone},
                           {HttpMethod::kGet, "/read", nullptr, nothing, Role::kRead},
                           {HttpMethod::kPut, "/write", nullptr, nothing, Role::kWrite},
                           {HttpMethod::kGet, "/forgotten", nullptr, nothing}},
        access_.get(), AllowedHosts());
  }

  HttpResponse Ask(HttpMethod method, const char* target, std::string_view authorization = "") {
    HttpRequest request = Request(method, target);
    if (!authorization.empty()) request.headers.Add("authorization", authorization);
    Admission admission = router_->Admit(request);
    return admission.refusal ? *std::move(admission.refusal) : HttpResponse();
  }
  int Status(HttpMethod method, const char* target, std::string_view authorization = "") {
    return Ask(method, target, authorization).status;
  }

  prometheus::Registry registry_;
  const TemporaryFile file_{""};
  std::unique_ptr<AccessControl> access_;
  std::unique_ptr<Router> router_;
};

// Routes of all roles without tokens.
class OpenRouter : public testing::Test {
 protected:
  HttpResponse Ask(const char* target, std::string_view host) {
    HttpRequest request = Request(HttpMethod::kGet, target);
    if (!host.empty()) request.headers.Add("Host", host);
    Admission admission = router_.Admit(request);
    return admission.refusal ? *std::move(admission.refusal) : HttpResponse();
  }

  static void Nothing(const HttpRequest&, Responder) {}
  Router router_{{{HttpMethod::kGet, "/open", nullptr, Nothing, Role::kNone},
                  {HttpMethod::kGet, "/read", nullptr, Nothing, Role::kRead}},
                 nullptr,
                 AllowedHosts({"kache.example.com"})};
};

TEST_F(OpenRouter, AnswersStrangersHostsOnProbesAlone) {
  EXPECT_EQ(Ask("/open", "evil.example").status, 200);
  for (const char* path : {"/read", "/nowhere"}) {
    const HttpResponse response = Ask(path, "evil.example");
    EXPECT_EQ(response.status, 403) << path;
    EXPECT_NE(response.body.find("\"HOST_NOT_ALLOWED\""), std::string::npos) << response.body;
    EXPECT_NE(response.body.find("HTTP_ALLOWED_HOSTS"), std::string::npos) << response.body;
  }
}

TEST_F(OpenRouter, AnswersItsOwnHosts) {
  EXPECT_EQ(Ask("/read", "localhost:8080").status, 200);
  EXPECT_EQ(Ask("/read", "kache.example.com").status, 200);
  EXPECT_EQ(Ask("/read", "").status, 200);
}

TEST_F(OpenRouter, LooksAtTheHostOfAnAbsoluteUrl) {
  EXPECT_EQ(Ask("http://evil.example/read", "localhost").status, 403);
  EXPECT_EQ(Ask("http://localhost:80/read", "evil.example").status, 200);
}

TEST_F(GuardedRouter, AnswersEveryHostThatShowsAToken) {
  HttpRequest request = Request(HttpMethod::kGet, "/read");
  request.headers.Add("Host", "evil.example");
  EXPECT_EQ(router_->Admit(request).refusal->status, 401);
  request.headers.Add("Authorization", "Bearer reading");
  EXPECT_FALSE(router_->Admit(request).refusal.has_value());
}

TEST_F(GuardedRouter, AsksForATokenEverywhereButWhereItIsOpen) {
  EXPECT_EQ(Status(HttpMethod::kGet, "/open"), 200);
  for (const char* path : {"/read", "/forgotten", "/nowhere"}) {
    const HttpResponse response = Ask(HttpMethod::kGet, path);
    EXPECT_EQ(response.status, 401) << path;
    EXPECT_EQ(response.FindHeader("WWW-Authenticate"), "Bearer, Basic realm=\"kache\"");
  }
  EXPECT_EQ(Ask(HttpMethod::kPut, "/write").FindHeader("WWW-Authenticate"), "Bearer");
  EXPECT_EQ(Status(HttpMethod::kPut, "/open"), 401);  // 405 only for those who may know
}

TEST_F(GuardedRouter, LooksAtTheRole) {
  EXPECT_EQ(Status(HttpMethod::kGet, "/read", "Bearer reading"), 200);
  EXPECT_EQ(Status(HttpMethod::kPut, "/write", "Bearer reading"), 403);
  EXPECT_EQ(Status(HttpMethod::kPut, "/write", "Bearer writing"), 200);
  EXPECT_EQ(Status(HttpMethod::kGet, "/forgotten", "Bearer writing"), 403);
  EXPECT_EQ(Status(HttpMethod::kGet, "/nowhere", "Bearer reading"), 404);
  EXPECT_EQ(Status(HttpMethod::kPut, "/read", "Bearer reading"), 405);
}

TEST_F(GuardedRouter, TakesBasicForReadingOnly) {
  EXPECT_EQ(Status(HttpMethod::kGet, "/read", "Basic OndyaXRpbmc="), 200);  // :writing
  EXPECT_EQ(Status(HttpMethod::kPut, "/write", "Basic OndyaXRpbmc="), 401);
}

TEST_F(GuardedRouter, TwoAuthorizationsAreNone) {
  HttpRequest request = Request(HttpMethod::kGet, "/read");
  request.headers.Add("Authorization", "Bearer reading");
  request.headers.Add("authorization", "Bearer reading");
  EXPECT_EQ(router_->Admit(request).refusal->status, 401);
}

TEST_F(GuardedRouter, TellsWhenToComeBack) {
  EXPECT_EQ(Status(HttpMethod::kGet, "/read", "Bearer slow"), 200);
  const HttpResponse response = Ask(HttpMethod::kGet, "/read", "Bearer slow");
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.FindHeader("Retry-After"), "1");
}

}  // namespace
}  // namespace kache
