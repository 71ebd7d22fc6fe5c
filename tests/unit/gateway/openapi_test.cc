// The description of the API in gateway/web/openapi.json is the description of this gateway. That
// real answers are as described is checked by tests/e2e/openapi_test.py.
#include <gmock/gmock.h>

#include <set>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "absl/strings/ascii.h"
#include "base/version.h"
#include "gateway/web/web_file.h"
#include "tests/unit/gateway/gateway_fixture.h"

namespace kache::gateway {
namespace {

using ::testing::HasSubstr;

class OpenApi : public GatewayTest {
 protected:
  static boost::json::object Document() {
    return boost::json::parse(FindWebFile("openapi.json")->bytes).as_object();
  }

  // "GET /ping" for each operation described, HEAD excepted: it goes with GET.
  static std::set<std::string> DescribedOperations() {
    std::set<std::string> operations;
    const boost::json::object document = Document();
    for (const auto& [path, item] : document.at("paths").as_object()) {
      for (const auto& [method, operation] : item.as_object()) {
        if (method == "parameters") continue;
        if (method == "head") {
          EXPECT_TRUE(item.as_object().contains("get")) << path;
          continue;
        }
        operations.insert(absl::AsciiStrToUpper(std::string(method)) + " " + std::string(path));
      }
    }
    return operations;
  }
};

TEST_F(OpenApi, DescribesEveryRouteAndNoOther) {
  StartGateway();
  std::set<std::string> routes;
  for (const Route& route : gateway_->routes()) {
    routes.insert(Concat(HttpMethodName(route.method), " ", route.pattern));
  }
  EXPECT_EQ(DescribedOperations(), routes);
}

TEST_F(OpenApi, NamesThisRelease) {
  EXPECT_EQ(Document()["openapi"].as_string(), "3.1.0");
  EXPECT_EQ(Document()["info"].at("version").as_string(), kVersion);
}

TEST_F(OpenApi, IsServedAsItStandsInTheTree) {
  StartGateway();
  const RawResponse response = Ask("GET", "/openapi.json");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.Header("content-type"), "application/json");
  EXPECT_EQ(response.body, FindWebFile("openapi.json")->bytes);
}

class WebFilesServed : public GatewayTest {};

TEST_F(WebFilesServed, WithATypeAStrictPolicyAndAnETag) {
  StartGateway();
  const RawResponse page = Ask("GET", "/docs");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.Header("content-type"), "text/html; charset=utf-8");
  EXPECT_THAT(page.Header("content-security-policy"), HasSubstr("default-src 'none'"));
  EXPECT_EQ(page.Header("x-content-type-options"), "nosniff");
  EXPECT_EQ(page.Header("cache-control"), "no-cache");

  const std::string etag(page.Header("etag"));
  const RawResponse again = Ask("GET", "/docs", "", Concat("If-None-Match: ", etag, "\r\n"));
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(Ask("GET", "/docs", "", "If-None-Match: \"other\"\r\n").status, 200);
}

TEST_F(WebFilesServed, EveryAssetUnderItsNameAndNothingElse) {
  StartGateway();
  for (const WebFile& file : WebFiles()) {
    const bool asset = file.name.substr(0, 7) == "assets/";
    const RawResponse response = Ask("GET", Concat("/", file.name));
    if (asset) {
      EXPECT_EQ(response.body, file.bytes) << file.name;
    }
    EXPECT_EQ(response.status, asset || file.name == "openapi.json" ? 200 : 404) << file.name;
  }
  for (const char* path : {"/assets/", "/assets/none.js", "/assets/../docs.html",
                           "/assets/%2e%2e/docs.html", "/assets/docs.js/"}) {
    const RawResponse response = Ask("GET", path);
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_THAT(response.body, testing::Not(HasSubstr("key"))) << path;
  }
}

TEST(WebFile, ETagsTellFilesApart) {
  std::set<std::string_view> etags;
  for (const WebFile& file : WebFiles()) etags.insert(file.etag);
  EXPECT_EQ(etags.size(), WebFiles().size());
  EXPECT_EQ(FindWebFile("none"), nullptr);
}

}  // namespace
}  // namespace kache::gateway
