#include "client/ctl/receipt_view.h"

#include <gtest/gtest.h>

#include <string>

namespace kache::ctl {
namespace {

v1::Receipt MakeReceipt() {
  v1::Receipt receipt;
  receipt.mutable_version()->set_timestamp(1);
  receipt.mutable_version()->set_clock(2);
  receipt.set_acknowledged(1);
  receipt.set_required(1);
  return receipt;
}

TEST(ReceiptView, ShowsAValueInJson) {
  v1::GetResponse response;
  response.set_found(true);
  response.set_value("hello");
  response.set_ttl_ms(1500);
  *response.mutable_receipt() = MakeReceipt();
  EXPECT_EQ(GetJson("k", response, "cache-c"),
            R"({"key":"k","found":true,"value":"hello","ttlMs":1500,)"
            R"("version":"0000000000000001-0000000000000002","acknowledged":1,"required":1,)"
            R"("degraded":false,"node":"cache-c","expiresAt":0})");
}

TEST(ReceiptView, BytesThatAreNoTextAreBase64) {
  v1::GetResponse response;
  response.set_found(true);
  response.set_value(std::string("\xff\x00", 2));
  const std::string json = GetJson("\xfe", response, "");
  EXPECT_NE(json.find(R"("key":"/g==","keyEncoding":"base64")"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("value":"/wA=","encoding":"base64")"), std::string::npos) << json;
}

TEST(ReceiptView, AMissHasNoValue) {
  EXPECT_EQ(GetJson("k", v1::GetResponse(), ""),
            R"({"key":"k","found":false,"acknowledged":0,"required":0,"degraded":false,)"
            R"("expiresAt":0})");
}

TEST(ReceiptView, ATouchSaysWhetherItFoundTheKey) {
  v1::TouchResponse response;
  EXPECT_EQ(TouchJson("k", response),
            R"({"key":"k","found":false,"acknowledged":0,"required":0,"degraded":false,)"
            R"("expiresAt":0})");
  response.set_found(true);
  EXPECT_NE(TouchJson("k", response).find(R"("found":true)"), std::string::npos);
}

TEST(ReceiptView, TellsAWriteInOneLine) {
  v1::Receipt receipt = MakeReceipt();
  const absl::Time now = absl::FromUnixMillis(1'000'000);
  EXPECT_EQ(WriteText("stored", receipt, now),
            "stored: version 0000000000000001-0000000000000002, acknowledged by 1 (1 required)");
  receipt.set_expires_at_unix_ms(1'300'000);
  receipt.set_degraded(true);
  EXPECT_EQ(WriteText("stored", receipt, now),
            "stored: version 0000000000000001-0000000000000002, acknowledged by 1 (1 required), "
            "expires in 5m (degraded: a home replica was skipped or late)");
}

}  // namespace
}  // namespace kache::ctl
