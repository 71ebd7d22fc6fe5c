// The servers that kachectl asks, over real sockets.
#include "client/ctl/servers.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "tests/testing/eventually.h"
#include "tests/testing/fake_kache.h"

namespace kache::ctl {
namespace {

using Kache = v1::Kache::StubInterface;

class ServersTest : public testing::Test {
 protected:
  static absl::StatusOr<v1::Receipt> Put(Servers& servers, const std::string& value) {
    v1::PutRequest request;
    request.set_key("k");
    request.set_value(value);
    v1::PutResponse response;
    const absl::Status status = servers.Write(&Kache::Put, request, &response);
    if (!status.ok()) return status;
    return response.receipt();
  }
  std::string Value() const { return records_->Find("k")->value; }

  const std::shared_ptr<FakeRecords> records_ = std::make_shared<FakeRecords>();
  FakeKache first_{0, records_};
  FakeKache second_{0, records_};
};

TEST_F(ServersTest, WritesAreStampedByClusterTime) {
  first_.SetClusterTimeAhead(-absl::Hours(1));
  Servers servers({first_.address()}, kPatience);
  const absl::StatusOr<v1::Receipt> stored = Put(servers, "v");
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(first_.stamps().size(), 1u) << "it was not out of range";
  EXPECT_EQ(stored->version().timestamp(), first_.stamps()[0].timestamp());
  v1::DeleteRequest erase;
  erase.set_key("k");
  v1::DeleteResponse erased;
  ASSERT_TRUE(servers.Write(&Kache::Delete, erase, &erased).ok());
  EXPECT_GT(first_.stamps()[1].timestamp(), first_.stamps()[0].timestamp());
  EXPECT_FALSE(first_.Holds("k"));
}

TEST_F(ServersTest, AllAttemptsOfAWriteCarryOneStamp) {
  // Both do the write; the first one's answer is lost.
  first_.LoseAnswers(1);
  Servers servers({first_.address(), second_.address()}, kPatience);
  const absl::StatusOr<v1::Receipt> stored = Put(servers, "v");
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(servers.answered_by(), 1u);
  ASSERT_EQ(first_.stamps().size(), 1u);
  ASSERT_EQ(second_.stamps().size(), 1u);
  EXPECT_EQ(first_.stamps()[0].SerializeAsString(), second_.stamps()[0].SerializeAsString());
}

TEST_F(ServersTest, AServerThatIsNotThereIsSentNoWrite) {
  for (const auto code : {grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::DEADLINE_EXCEEDED}) {
    first_.FailStatus({code, "nobody is there"});
    Servers servers({first_.address(), second_.address()}, kPatience);
    EXPECT_TRUE(Put(servers, "v").ok());
  }
  EXPECT_EQ(first_.status_calls(), 2);
  EXPECT_EQ(first_.calls(), 0);
}

TEST_F(ServersTest, WhatAnOlderReleaseMayHaveDoneIsNotSentToAnother) {
  first_.SetKnowsStamps(false);
  first_.FailNext(1, {grpc::StatusCode::UNAVAILABLE, "the connection broke"});
  Servers servers({first_.address(), second_.address()}, kPatience);
  EXPECT_TRUE(absl::IsUnavailable(Put(servers, "v").status()));
  EXPECT_EQ(second_.calls(), 0);
  first_.SetKnowsStamps(true);
  first_.FailNext(1, {grpc::StatusCode::UNAVAILABLE, "the connection broke"});
  EXPECT_TRUE(Put(servers, "v").ok());
  EXPECT_EQ(second_.calls(), 1);
}

TEST_F(ServersTest, AWriteThatLostIsStampedAboveTheNewerVersion) {
  Servers servers({first_.address()}, kPatience);
  first_.LetRivalsWrite(1);
  const absl::StatusOr<v1::Receipt> stored = Put(servers, "v");
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(Value(), "v");
  first_.LetRivalsWrite(1000);
  first_.SetAllHeard(true);
  EXPECT_TRUE(Put(servers, "w").ok()) << "it was above all that was acknowledged before";
  EXPECT_EQ(first_.stamps().size(), 4u);
  first_.SetAllHeard(false);
  EXPECT_TRUE(absl::IsAborted(Put(servers, "x").status()));
}

TEST_F(ServersTest, ErrorsNameTheServer) {
  first_.FailNext(1, {grpc::StatusCode::INVALID_ARGUMENT, "the key is empty"});
  Servers servers({first_.address()}, kPatience);
  EXPECT_EQ(Put(servers, "v").status(),
            absl::InvalidArgumentError(first_.address() + ": the key is empty"));
}

}  // namespace
}  // namespace kache::ctl
