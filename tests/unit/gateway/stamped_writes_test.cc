// Writes that carry a stamp, through the handlers and over a fake upstream.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "gateway/handlers/batch.h"
#include "gateway/handlers/keys.h"
#include "tests/unit/gateway/fake_upstream.h"

namespace kache::gateway {
namespace {

using ::testing::HasSubstr;

class StampedWrites : public testing::Test {
 protected:
  using Method = void (KeysHandler::*)(HttpRequest&, Responder) const;

  // Runs a handler for a key and returns its answer, if there is one yet.
  const std::optional<HttpResponse>& Run(Method method, std::string_view parameter) {
    request_.parameter = parameter;
    kept_ = std::make_shared<KeptResponse>();
    (keys_.*method)(request_, Responder(kept_));
    return kept_->response;
  }

  int StatusOf(Method method, std::string_view parameter) {
    const auto& response = Run(method, parameter);
    return response ? response->status : 0;
  }

  FakeUpstream upstream_;
  HandlerConfig config_;
  NodeNames names_;
  KeysHandler keys_{&upstream_, &config_, &names_};
  BatchHandler batch_{&upstream_, &config_, &names_};
  HttpRequest request_;
  std::shared_ptr<KeptResponse> kept_;
};

TEST_F(StampedWrites, CarryTheStampThatTheyAreGiven) {
  request_.headers.Add("kache-stamp",
                       "0190a1b2c3d40007-5e4f3a2b1c0d;made-at=1717000000000;"
                       "above=0190a1b2c3d40006-00000000000000ff");
  request_.body = "v";
  Run(&KeysHandler::Put, "k");
  Run(&KeysHandler::Delete, "k");
  for (const v1::Stamp& stamp :
       {upstream_.puts.back().request.stamp(), upstream_.deletes.back().request.stamp()}) {
    EXPECT_EQ(stamp.timestamp(), 0x0190a1b2c3d40007u);
    EXPECT_EQ(stamp.clock(), 0x5e4f3a2b1c0d0000u);
    EXPECT_EQ(stamp.made_at_unix_ms(), 1'717'000'000'000);
    EXPECT_EQ(stamp.above().timestamp(), 0x0190a1b2c3d40006u);
    EXPECT_EQ(stamp.above().clock(), 0xffu);
  }
  request_.Clear();
  request_.body = "v";
  Run(&KeysHandler::Put, "k");
  Run(&KeysHandler::Delete, "k");
  EXPECT_FALSE(upstream_.puts.back().request.has_stamp());
  EXPECT_FALSE(upstream_.deletes.back().request.has_stamp());
}

TEST_F(StampedWrites, AreRefusedWhereTheStampIsBad) {
  for (const char* stamp : {"", "1", "0190a1b2c3d40007-000000000000"}) {
    request_.Clear();
    request_.headers.Add("Kache-Stamp", stamp);
    EXPECT_EQ(StatusOf(&KeysHandler::Put, "k"), 400) << stamp;
    EXPECT_THAT(kept_->response->body, HasSubstr("\"BAD_STAMP\"")) << stamp;
    EXPECT_THAT(kept_->response->body, HasSubstr("<16 hexadecimal digits>-<12")) << stamp;
    EXPECT_EQ(StatusOf(&KeysHandler::Delete, "k"), 400) << stamp;
  }
  request_.Clear();
  request_.headers.Add("Kache-Stamp", "0190a1b2c3d40007-5e4f3a2b1c0d");
  EXPECT_EQ(StatusOf(&KeysHandler::Put, "k"), 0);
  request_.headers.Add("Kache-Stamp", "0190a1b2c3d40007-5e4f3a2b1c0d");
  EXPECT_EQ(StatusOf(&KeysHandler::Put, "k"), 400);
  EXPECT_EQ(upstream_.puts.size(), 1u);
  EXPECT_TRUE(upstream_.deletes.empty());
}

TEST_F(StampedWrites, TellClusterTime) {
  Run(&KeysHandler::Put, "k");
  v1::PutResponse put;
  put.set_cluster_time_unix_ms(1'717'000'000'123);
  upstream_.puts.back().done(put);
  EXPECT_EQ(kept_->response->FindHeader("Kache-Cluster-Time"), "1717000000123");
  Run(&KeysHandler::Delete, "k");
  v1::DeleteResponse erased;
  erased.set_cluster_time_unix_ms(1'717'000'000'124);
  upstream_.deletes.back().done(erased);
  EXPECT_EQ(kept_->response->FindHeader("Kache-Cluster-Time"), "1717000000124");
  Run(&KeysHandler::Put, "k");
  upstream_.puts.back().done(v1::PutResponse());  // a server that does not know it
  EXPECT_FALSE(kept_->response->FindHeader("Kache-Cluster-Time").has_value());
}

TEST_F(StampedWrites, InBatchesHaveStampsOfTheirOwn) {
  request_.body = R"({"entries":[{"key":"a","value":"1","stamp":"0190a1b2c3d40007-5e4f3a2b1c0d"},)"
                  R"({"key":"b","value":"2"}]})";
  kept_ = std::make_shared<KeptResponse>();
  batch_.Put(request_, Responder(kept_));
  ASSERT_EQ(upstream_.batch_puts.size(), 1u);
  const v1::BatchPutRequest& put = upstream_.batch_puts.back().request;
  EXPECT_EQ(put.entries(0).stamp().clock(), 0x5e4f3a2b1c0d0000u);
  EXPECT_FALSE(put.entries(1).has_stamp());
  v1::BatchPutResponse answer;
  answer.add_results()->mutable_receipt();
  v1::Error* const error = answer.add_results()->mutable_error();
  error->set_code(static_cast<int>(absl::StatusCode::kAborted));
  error->set_reason("SUPERSEDED");
  error->mutable_superseded()->mutable_held()->set_timestamp(2);
  answer.set_cluster_time_unix_ms(7);
  upstream_.batch_puts.back().done(std::move(answer));
  EXPECT_EQ(kept_->response->FindHeader("Kache-Cluster-Time"), "7");
  EXPECT_THAT(kept_->response->body,
              HasSubstr(R"("error":{"code":"SUPERSEDED","message":"",)"
                        R"("held":"0000000000000002-0000000000000000","allHeard":false})"));

  request_.body = R"({"keys":["a"],"stamps":["0190a1b2c3d40007-5e4f3a2b1c0d;made-at=9"]})";
  batch_.Delete(request_, Responder(std::make_shared<KeptResponse>()));
  ASSERT_EQ(upstream_.batch_deletes.size(), 1u);
  ASSERT_EQ(upstream_.batch_deletes.back().request.stamps_size(), 1);
  EXPECT_EQ(upstream_.batch_deletes.back().request.stamps(0).made_at_unix_ms(), 9);
  request_.body = R"({"keys":["a"]})";
  batch_.Delete(request_, Responder(std::make_shared<KeptResponse>()));
  EXPECT_EQ(upstream_.batch_deletes.back().request.stamps_size(), 0);
}

TEST_F(StampedWrites, InBatchesAreRefusedWhereAStampCannotCount) {
  const auto code_of = [&](void (BatchHandler::*method)(HttpRequest&, Responder) const,
                           std::string body) {
    request_.body = std::move(body);
    kept_ = std::make_shared<KeptResponse>();
    (batch_.*method)(request_, Responder(kept_));
    return kept_->response ? kept_->response->body.substr(0, 28) : "";
  };
  const std::string bad_stamp = R"({"error":{"code":"BAD_STAMP")";
  const std::string stamp = R"("0190a1b2c3d40007-5e4f3a2b1c0d")";
  // A key that stands there twice: only one of the writes could count.
  EXPECT_EQ(
      code_of(&BatchHandler::Put, R"({"entries":[{"key":"a","value":"1","stamp":)" + stamp +
                                      R"(},{"key":"YQ==","keyEncoding":"base64","value":"2"}]})"),
      bad_stamp);
  EXPECT_EQ(code_of(&BatchHandler::Delete,
                    R"({"keys":["a","a"],"stamps":[)" + stamp + "," + stamp + "]}"),
            bad_stamp);
  // Not one for each key.
  EXPECT_EQ(code_of(&BatchHandler::Delete, R"({"keys":["a","b"],"stamps":[)" + stamp + "]}"),
            bad_stamp);
  EXPECT_EQ(code_of(&BatchHandler::Delete, R"({"keys":["a"],"stamps":["1"]})"), bad_stamp);
  // The header is for one write.
  request_.headers.Add("Kache-Stamp", "0190a1b2c3d40007-5e4f3a2b1c0d");
  EXPECT_EQ(code_of(&BatchHandler::Put, R"({"entries":[{"key":"a","value":"1"}]})"), bad_stamp);
  EXPECT_EQ(code_of(&BatchHandler::Delete, R"({"keys":["a"]})"), bad_stamp);
  EXPECT_TRUE(upstream_.batch_puts.empty());
  EXPECT_TRUE(upstream_.batch_deletes.empty());
  EXPECT_EQ(code_of(&BatchHandler::Get, R"({"keys":["a"]})"), "");
}

}  // namespace
}  // namespace kache::gateway
