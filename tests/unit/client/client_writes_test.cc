// Writes over real sockets: their stamps, and what becomes of attempts that come late, are lost, or
// lose to a newer version (kache.proto, "Safe retries").
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "base/error_details.h"
#include "client/stamp_clock.h"
#include "tests/unit/client/writes_fixture.h"

namespace kache {
namespace {

using testing::Answer;

TEST_F(WritesTest, AreStampedByClusterTime) {
  first_.SetClusterTimeAhead(absl::Hours(1));
  const absl::Time before = first_.cluster_time();
  Connect({&first_});
  const absl::StatusOr<v1::Receipt> stored = Put("k", "v");
  ASSERT_TRUE(stored.ok()) << stored.status();
  const absl::Time after = first_.cluster_time();
  const v1::Stamp stamp = first_.stamps().at(0);
  // Cluster time is known to half of the round trip in which it was told, all of which lies between
  // the two.
  const absl::Duration inexact = (after - before) / 2 + absl::Milliseconds(1);
  EXPECT_GE(MillisOf(stamp.timestamp()), absl::ToUnixMillis(before - inexact));
  EXPECT_LE(MillisOf(stamp.timestamp()), absl::ToUnixMillis(after + inexact));
  EXPECT_NE(stamp.clock(), 0u);
  EXPECT_EQ(stamp.clock() & 0xffff, 0u);
  EXPECT_EQ(stored->version().timestamp(), stamp.timestamp());
}

TEST_F(WritesTest, DeletesAndLargeValuesAreStampedToo) {
  Connect({&first_});
  ASSERT_TRUE(Put("k", std::string(size_t{70} << 10, 'x')).ok());
  v1::DeleteRequest erase;
  erase.set_key("k");
  Answer<v1::DeleteResponse> erased;
  transport_->Delete(erase, Within(kPatience), erased.Callback());
  ASSERT_TRUE(erased.WaitFor(kPatience));
  ASSERT_TRUE(erased.ok()) << erased.status();
  EXPECT_NE(first_.last_put().stamp().timestamp(), 0u);
  EXPECT_GT(first_.last_delete().stamp().timestamp(), first_.last_put().stamp().timestamp());
  EXPECT_FALSE(first_.Holds("k"));
}

TEST_F(WritesTest, ShareOneQuestionForTheTime) {
  first_.Freeze();
  Connect({&first_});
  std::vector<Answer<v1::PutResponse>> answers;
  for (int i = 0; i < 50; ++i) answers.push_back(StartPut(PutOf("k", "v"), Within(kPatience)));
  ASSERT_TRUE(Eventually([&] { return first_.status_calls() == 1; }));
  EXPECT_EQ(first_.calls(), 0);
  first_.Thaw();
  for (const auto& answer : answers) EXPECT_TRUE(answer.WaitFor(kPatience) && answer.ok());
  EXPECT_EQ(first_.status_calls(), 1);
}

TEST_F(WritesTest, AnswersToReadsTeachTheTime) {
  Connect({&first_});
  Answer<v1::GetResponse> found;
  v1::GetRequest get;
  get.set_key("k");
  transport_->Get(get, Within(kPatience), found.Callback());
  ASSERT_TRUE(found.WaitFor(kPatience));
  EXPECT_TRUE(Put("k", "v").ok());
  EXPECT_EQ(first_.status_calls(), 0);
}

TEST_F(WritesTest, OneWhoseTimeIsUpBeforeTheClockIsKnownIsNotSent) {
  first_.Freeze();
  Connect({&first_});
  EXPECT_EQ(Put(PutOf("k", "v"), Within(absl::Milliseconds(100))).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  first_.Thaw();
  EXPECT_EQ(first_.calls(), 0);
}

TEST_F(WritesTest, WaitForTheTimeNoLongerThanTheTransportLives) {
  first_.Freeze();
  Connect({&first_});
  const Answer<v1::PutResponse> answer = StartPut(PutOf("k", "v"), Within(kPatience));
  ASSERT_TRUE(Eventually([&] { return first_.status_calls() == 1; }));
  transport_.reset();
  EXPECT_EQ(answer.code(), absl::StatusCode::kCancelled);
}

TEST_F(WritesTest, EachTransportHasAClockOfItsOwn) {
  Connect({&first_}, /*lanes=*/2);
  ASSERT_TRUE(Put("k", "1").ok());
  CallOptions other_lane = Within(kPatience);
  other_lane.lane = 1;
  ASSERT_TRUE(Put(PutOf("k", "2"), other_lane).ok());
  transport_.reset();
  counts_.streams = 0;
  Connect({&first_});
  ASSERT_TRUE(Put("k", "3").ok());
  const std::vector<v1::Stamp> stamps = first_.stamps();
  EXPECT_EQ(stamps.at(0).clock(), stamps.at(1).clock());
  EXPECT_NE(stamps.at(1).clock(), stamps.at(2).clock());
}

TEST_F(WritesTest, EveryAttemptCarriesTheSameStamp) {
  Connect({&first_, &second_});
  first_.SetAnswerDelay(absl::Hours(1));
  const Answer<v1::PutResponse> answer = StartPutAtFirst("k", "v");
  ASSERT_TRUE(answer.WaitFor(kPatience));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(counts_.retries, 1);
  EXPECT_EQ(first_.stamps().back().SerializeAsString(),
            second_.stamps().back().SerializeAsString());
}

// A coordinator that stood still wakes up with a write that was long done elsewhere, and replaced.
TEST_F(WritesTest, AnAttemptThatComesLateUndoesNothing) {
  Connect({&first_, &second_});
  ASSERT_TRUE(Put("k", "0").ok());
  first_.Freeze();
  const Answer<v1::PutResponse> answer = StartPutAtFirst("k", "1");
  ASSERT_TRUE(answer.WaitFor(kPatience));
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_TRUE(Put("k", "2").ok());
  const size_t done = first_.stamps().size();
  first_.Thaw();
  ASSERT_TRUE(Eventually([&] { return first_.stamps().size() > done; }));
  ASSERT_TRUE(Put("other", "v").ok());
  EXPECT_EQ(Value("k"), "2");
}

TEST_F(WritesTest, OneThatLostIsStampedAboveTheNewerVersionAndSentAgain) {
  Connect({&first_});
  ASSERT_TRUE(Put("k", "0").ok());
  first_.LetRivalsWrite(1);
  const absl::StatusOr<v1::Receipt> stored = Put("k", "v");
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(Value("k"), "v");
  const std::vector<v1::Stamp> stamps = first_.stamps();
  ASSERT_EQ(stamps.size(), 3u);
  EXPECT_GT(stamps[2].timestamp(), stamps[2].above().timestamp());
  // The instant from which the life runs stays: named, or the first stamp's milliseconds.
  const int64_t made_at_ms = stamps[1].made_at_unix_ms() != 0 ? stamps[1].made_at_unix_ms()
                                                              : MillisOf(stamps[1].timestamp());
  EXPECT_EQ(stamps[2].made_at_unix_ms() != 0 ? stamps[2].made_at_unix_ms()
                                             : MillisOf(stamps[2].timestamp()),
            made_at_ms);
  EXPECT_EQ(counts_.restamps, 1);
  EXPECT_EQ(counts_.retries, 0) << "it is no retry";
}

TEST_F(WritesTest, ALargeValueThatLostIsStampedAnewToo) {
  Connect({&first_});
  first_.LetRivalsWrite(1);
  const std::string value(size_t{70} << 10, 'x');
  const absl::StatusOr<v1::Receipt> stored = Put("k", value);
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(Value("k"), value);
  EXPECT_EQ(counts_.restamps, 1);
}

TEST_F(WritesTest, OneThatLosesAgainAndAgainFails) {
  Connect({&first_});
  first_.LetRivalsWrite(1000);
  const absl::Status status = Put("k", "v").status();
  EXPECT_TRUE(absl::IsAborted(status)) << status;
  EXPECT_EQ(ReasonOf(status), "");  // The stamp was not the caller's.
  EXPECT_EQ(first_.stamps().size(), 6u);
}

TEST_F(WritesTest, OneThatWasAboveAllThatWasAcknowledgedCountsAsStored) {
  Connect({&first_});
  first_.LetRivalsWrite(1000);
  first_.SetAllHeard(true);
  const absl::StatusOr<v1::Receipt> stored = Put("k", "v");
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(first_.stamps().size(), 2u);
  EXPECT_EQ(stored->version().timestamp(), first_.stamps().at(1).timestamp());
}

TEST_F(WritesTest, OneThatALaterWriteOfThisTransportOvertookCountsAsStored) {
  Connect({&first_, &second_});
  ASSERT_TRUE(Put("k", "0").ok());
  first_.Freeze();
  const Answer<v1::PutResponse> earlier = StartPutAtFirst("k", "1");
  const Answer<v1::PutResponse> later = StartPut(PutOf("k", "2"), Within(kPatience));
  ASSERT_TRUE(later.WaitFor(kPatience));
  first_.Thaw();
  ASSERT_TRUE(earlier.WaitFor(kPatience));
  EXPECT_TRUE(earlier.ok()) << earlier.status();
  EXPECT_EQ(counts_.restamps, 0);
  EXPECT_EQ(Value("k"), "2");
}

TEST_F(WritesTest, TheDeadlineEndsIt) {
  Connect({&first_});
  ASSERT_TRUE(Put("k", "0").ok());
  first_.LetRivalsWrite(1000);
  first_.SetDelay(absl::Milliseconds(100));
  const absl::Status late = Put(PutOf("k", "v"), Within(absl::Milliseconds(250))).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(late)) << late;
  EXPECT_LE(first_.stamps().size(), 4u);
}

struct Gone final : Requester {
  bool StillWaits() const override { return false; }
};

TEST_F(WritesTest, OneThatNobodyWaitsForIsNotStampedAnew) {
  Connect({&first_});
  first_.LetRivalsWrite(1);
  const Gone gone;
  CallOptions options = Within(kPatience);
  options.requester = &gone;
  EXPECT_TRUE(absl::IsAborted(Put(PutOf("k", "v"), options).status()));
  EXPECT_EQ(first_.stamps().size(), 1u);
}

TEST_F(WritesTest, AGivenStampIsSentAsItIs) {
  Connect({&first_});
  v1::PutRequest request = PutOf("k", "v");
  request.mutable_stamp()->set_timestamp(TimestampAt(absl::Now()));
  request.mutable_stamp()->set_clock(0x7777'0000);
  ASSERT_TRUE(Put(request, Within(kPatience)).ok());
  first_.LetRivalsWrite(1);
  request.mutable_stamp()->set_timestamp(request.stamp().timestamp() + 1);
  EXPECT_EQ(ReasonOf(Put(request, Within(kPatience)).status()), kSuperseded);
  request.mutable_stamp()->set_timestamp(1);
  EXPECT_EQ(ReasonOf(Put(request, Within(kPatience)).status()), kStampOutOfRange);
  EXPECT_EQ(first_.stamps().size(), 3u);
  EXPECT_EQ(first_.stamps().at(2).SerializeAsString(), request.stamp().SerializeAsString());
}

TEST_F(WritesTest, OneOutOfRangeIsStampedByTheTimeThatTheErrorTells) {
  Connect({&first_});
  ASSERT_TRUE(Put("k", "0").ok());
  for (const absl::Duration ahead : {absl::Hours(1), -absl::Hours(2)}) {
    first_.SetClusterTimeAhead(ahead);
    const size_t before = first_.stamps().size();
    ASSERT_TRUE(Put(absl::FormatDuration(ahead), "v").ok());
    EXPECT_EQ(first_.stamps().size(), before + 2);
    EXPECT_LT(absl::AbsDuration(absl::FromUnixMillis(MillisOf(first_.stamps().back().timestamp())) -
                                first_.cluster_time()),
              kPatience);
    ASSERT_TRUE(Put(absl::FormatDuration(ahead), "v2").ok());
    EXPECT_EQ(first_.stamps().size(), before + 3) << "it was learned";
  }
}

TEST_F(WritesTest, AWrongClocksVersionDoesNotMakeTheKeyUnwritable) {
  Connect({&first_});
  FakeRecords::Record wrong{.value = "wrong"};
  wrong.version.set_timestamp(TimestampAt(absl::Now() + absl::Hours(24 * 365 * 74)));
  wrong.version.set_clock(0x7777'0000);
  records_->Store("k", wrong);
  for (const std::string value : {"1", "2", "3"}) {
    const absl::StatusOr<v1::Receipt> stored = Put("k", value);
    ASSERT_TRUE(stored.ok()) << stored.status();
    EXPECT_EQ(Value("k"), value);
  }
  ASSERT_TRUE(Put("other", "v").ok());
  EXPECT_LT(MillisOf(first_.stamps().back().timestamp()),
            absl::ToUnixMillis(absl::Now() + absl::Hours(1)));
}

TEST_F(WritesTest, AreStampedAboveWhatThisTransportHasRead) {
  Connect({&first_});
  ASSERT_TRUE(Put("other", "v").ok());
  FakeRecords::Record theirs{.value = "theirs"};
  theirs.version.set_timestamp(TimestampAt(absl::Now() + absl::Seconds(2)));
  theirs.version.set_clock(0x7777'0000);
  records_->Store("k", theirs);
  Answer<v1::GetResponse> found;
  v1::GetRequest get;
  get.set_key("k");
  transport_->Get(get, Within(kPatience), found.Callback());
  ASSERT_TRUE(found.WaitFor(kPatience));
  ASSERT_TRUE(Put("k", "v").ok());
  EXPECT_EQ(counts_.restamps, 0);
  EXPECT_EQ(Value("k"), "v");
}

TEST_F(WritesTest, AServerThatGivesUpEarlyIsFollowedByTheOther) {
  Connect({&first_, &second_});
  first_.FailNext(1, {grpc::StatusCode::DEADLINE_EXCEEDED, "no reply from Redis"});
  second_.FailNext(1, {grpc::StatusCode::DEADLINE_EXCEEDED, "no reply from Redis"});
  EXPECT_TRUE(Put("k", "v").ok());
}

TEST_F(WritesTest, WhatAnOlderReleaseMayHaveDoneIsNotSentAgain) {
  for (FakeKache* server : {&first_, &second_}) server->SetKnowsStamps(false);
  Connect({&first_, &second_});
  // Each shows that it ignores stamps.
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(Put("k", "v").ok());
  for (FakeKache* server : {&first_, &second_}) {
    server->FailNext(1, {grpc::StatusCode::DEADLINE_EXCEEDED, "no reply from Redis"});
  }
  const int before = first_.calls() + second_.calls();
  EXPECT_TRUE(absl::IsDeadlineExceeded(Put("k", "v").status()));
  EXPECT_EQ(first_.calls() + second_.calls(), before + 1);
  // What it did not do is.
  for (FakeKache* server : {&first_, &second_}) {
    server->FailNext(1, {grpc::StatusCode::UNAVAILABLE, "draining"});
  }
  EXPECT_TRUE(Put("k", "v").ok());
  // And all is, once it was upgraded.
  for (FakeKache* server : {&first_, &second_}) {
    server->FailNext(0, grpc::Status::OK);
    server->SetKnowsStamps(true);
  }
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(Put("new", "v").ok());
  first_.FailNext(1, {grpc::StatusCode::DEADLINE_EXCEEDED, "no reply from Redis"});
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(Put("new", "v").ok());
}

TEST_F(WritesTest, WhatABrokenStreamToAnOlderReleaseHadIsNotSentAgain) {
  for (FakeKache* server : {&first_, &second_}) server->SetKnowsStamps(false);
  Connect({&first_, &second_});
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(Put("k", "v").ok());
  first_.Freeze();
  const Answer<v1::PutResponse> answer = StartPutAtFirst("k", "v");
  ASSERT_TRUE(answer.WaitFor(kPatience));
  EXPECT_EQ(answer.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(counts_.retries, 0);
}

TEST_F(WritesTest, WithoutClusterTimeTheWallClockCounts) {
  first_.SetKnowsStamps(false);
  Connect({&first_});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Put("k", "v").ok());
  EXPECT_EQ(first_.status_calls(), 1);
  EXPECT_LT(absl::Now() - absl::FromUnixMillis(MillisOf(first_.stamps().back().timestamp())),
            kPatience);
}

}  // namespace
}  // namespace kache
