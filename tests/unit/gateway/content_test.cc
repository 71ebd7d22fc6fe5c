#include "gateway/handlers/content.h"

#include <gtest/gtest.h>

namespace kache::gateway {
namespace {

HttpRequest With(std::string_view name, std::string_view value) {
  HttpRequest request;
  request.headers.Add(name, value);
  return request;
}

int StatusOf(const HttpRequest& request) {
  const MaybeProblem problem = CheckContent(request);
  return problem ? problem->status : 200;
}

TEST(Content, KnowsJson) {
  for (const char* type : {"application/json", "Application/JSON", "application/json;charset=utf-8",
                           "application/json ; charset=\"UTF-8\""}) {
    EXPECT_TRUE(IsJsonContent(With("content-type", type))) << type;
    EXPECT_EQ(StatusOf(With("content-type", type)), 200) << type;
  }
  for (const char* type : {"application/jsonp", "text/plain", "application/x+json", ""}) {
    EXPECT_FALSE(IsJsonContent(With("content-type", type))) << type;
  }
  EXPECT_FALSE(IsJsonContent(HttpRequest()));
}

TEST(Content, RefusesWhatItWouldHaveToConvert) {
  EXPECT_EQ(StatusOf(With("Content-Type", "application/json; charset=latin1")), 415);
  EXPECT_EQ(StatusOf(With("Content-Type", "text/plain; charset=latin1")), 200);  // only bytes
  EXPECT_EQ(StatusOf(With("Content-Encoding", "gzip")), 415);
  EXPECT_EQ(StatusOf(With("Content-Encoding", "identity")), 200);
  EXPECT_EQ(StatusOf(With("Content-Range", "bytes 0-1/2")), 400);
  HttpRequest twice = With("Content-Type", "application/json");
  twice.headers.Add("content-type", "text/plain");
  EXPECT_EQ(StatusOf(twice), 400);
}

TEST(Accept, RawBytesWhenTheyArePreferred) {
  for (const char* accept :
       {"application/octet-stream", "APPLICATION/Octet-Stream",
        "application/octet-stream, */*;q=0.1",
        "application/json;q=0.5, application/octet-stream;q=0.6",
        "application/octet-stream;q=0.001", "text/html, application/octet-stream",
        "*/*, application/json;q=0.9"}) {
    EXPECT_TRUE(PrefersRawBytes(accept)) << accept;
  }
}

TEST(Accept, JsonOtherwise) {
  for (const char* accept :
       {"", "*/*", "application/*", "application/json", "text/html", "application/octet-stream;q=0",
        "application/json, application/octet-stream", "application/octet-stream, */*",
        "application/octet-stream;q=2", "application/octet-stream;q=x",
        "application/json;q=0.8, application/octet-stream;q=0.8", "application/octet-stream-x",
        "text/x;a=\", application/octet-stream\""}) {
    EXPECT_FALSE(PrefersRawBytes(accept)) << accept;
  }
}

TEST(IfNoneMatch, ListsWeakOnesAndTheStar) {
  EXPECT_TRUE(ListsETag("\"a\"", "\"a\""));
  EXPECT_TRUE(ListsETag("\"b\", W/\"a\"", "\"a\""));
  EXPECT_TRUE(ListsETag("*", "\"a\""));
  EXPECT_TRUE(ListsETag(" \"x,y\" ,\"a\"", "\"a\""));
  EXPECT_FALSE(ListsETag("\"b\"", "\"a\""));
  EXPECT_FALSE(ListsETag("a", "\"a\""));
  EXPECT_FALSE(ListsETag("", "\"a\""));
  EXPECT_FALSE(ListsETag("w/\"a\"", "\"a\""));
}

TEST(IfNoneMatch, ComparesWeakTagsLikeStrongOnes) {
  EXPECT_TRUE(ListsETag("\"a\"", "W/\"a\""));
  EXPECT_TRUE(ListsETag("\"b\", W/\"a\"", "W/\"a\""));
  EXPECT_FALSE(ListsETag("W/\"b\"", "W/\"a\""));
  EXPECT_FALSE(ListsETag("W/W/\"a\"", "W/\"a\""));
}

}  // namespace
}  // namespace kache::gateway
