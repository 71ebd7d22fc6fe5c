#include "client/bench/http_response_head.h"

#include <gtest/gtest.h>

namespace kache::bench {
namespace {

TEST(HttpHead, WaitsForItsEnd) {
  HttpResponseHead head;
  EXPECT_FALSE(ParseHttpHead("", &head));
  EXPECT_FALSE(ParseHttpHead("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", &head));
}

TEST(HttpHead, GivesStatusAndLength) {
  HttpResponseHead head;
  const std::string_view text = "HTTP/1.1 200 OK\r\ncontent-length:  5 \r\nETag: x\r\n\r\n";
  ASSERT_TRUE(ParseHttpHead(std::string(text) + "hello", &head));
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body_bytes, 5u);
  EXPECT_EQ(head.head_bytes, text.size());
  EXPECT_FALSE(head.close);
}

TEST(HttpHead, SeesThatTheConnectionEnds) {
  HttpResponseHead head;
  ASSERT_TRUE(
      ParseHttpHead("HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", &head));
  EXPECT_EQ(head.status, 503);
  EXPECT_TRUE(head.close);
}

TEST(HttpHead, HasNoStatusWhereItIsMalformed) {
  for (const char* text : {"SSH-2.0\r\n\r\n", "HTTP/1.1 xyz\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
                           "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"}) {
    HttpResponseHead head;
    ASSERT_TRUE(ParseHttpHead(text, &head)) << text;
    EXPECT_EQ(head.status, 0) << text;
  }
}

TEST(HttpStatus, BecomesACode) {
  EXPECT_EQ(CodeOfHttpStatus(200), absl::StatusCode::kOk);
  EXPECT_EQ(CodeOfHttpStatus(404), absl::StatusCode::kNotFound);
  EXPECT_EQ(CodeOfHttpStatus(503), absl::StatusCode::kUnavailable);
  EXPECT_EQ(CodeOfHttpStatus(599), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace kache::bench
