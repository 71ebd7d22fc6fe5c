#include "server/api/slow_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <sstream>
#include <string>

#include "ring/hash_ring.h"
#include "ring/node_id.h"
#include "spdlog/sinks/ostream_sink.h"
#include "spdlog/spdlog.h"

namespace kache {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

class SlowLogTest : public ::testing::Test {
 protected:
  SlowLogTest() : before_(spdlog::default_logger()) {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_)));
  }
  ~SlowLogTest() override { spdlog::set_default_logger(before_); }

  std::string Reported(const OperationInstants& instants, const std::string& facts = "",
                       const RequestName& name = {}) {
    log_.Report("Get", instants, "OK", facts, name);
    return text_.str();
  }

  const std::shared_ptr<spdlog::logger> before_;
  std::ostringstream text_;
  prometheus::Registry registry_;
  SlowLog log_{absl::Milliseconds(100), {"cache-a", "cache-b"}, registry_};
  const MonotonicTime start_{std::chrono::hours(1)};
};

TEST_F(SlowLogTest, KnowsWhatIsSlow) {
  EXPECT_FALSE(log_.IsSlow(start_, start_ + milliseconds(99)));
  EXPECT_TRUE(log_.IsSlow(start_, start_ + milliseconds(100)));
  prometheus::Registry registry;
  const SlowLog off(absl::ZeroDuration(), {}, registry);
  EXPECT_FALSE(off.on());
  EXPECT_FALSE(off.IsSlow(start_, start_ + std::chrono::hours(1)));
}

TEST_F(SlowLogTest, TellsTheStagesAndTheName) {
  const std::string line = Reported(
      {start_, start_ + milliseconds(10), start_ + milliseconds(130), start_ + milliseconds(150)},
      " keys=3", {.id = "r-1", .number = 0, .traceparent = ""});
  EXPECT_THAT(line, HasSubstr("slow operation rpc=Get ms=150.0 queue_ms=10.0 redis_ms=120.0 "
                              "answer_ms=20.0 code=OK keys=3 request_id=r-1"));
}

TEST_F(SlowLogTest, AnOperationThatWasNotTakenUpHasQueuedOnly) {
  EXPECT_THAT(
      Reported({start_, MonotonicTime(), start_ + milliseconds(130), start_ + milliseconds(150)}),
      HasSubstr("ms=150.0 queue_ms=130.0 redis_ms=0.0 answer_ms=20.0"));
}

TEST_F(SlowLogTest, CoarseInstantsDoNotMakeNegativeTimes) {
  EXPECT_THAT(Reported({start_, start_ - milliseconds(3), start_ - milliseconds(1),
                        start_ + milliseconds(150)}),
              HasSubstr("ms=150.0 queue_ms=0.0 redis_ms=0.0 answer_ms=150.0"));
}

TEST_F(SlowLogTest, FactsHoldNeitherKeyNorValue) {
  v1::GetRequest get;
  get.set_key("the-key");
  v1::GetResponse found;
  found.set_found(true);
  found.set_value("the-value");
  found.mutable_receipt()->set_node_id(WireNodeId("cache-b"));
  found.mutable_receipt()->set_acknowledged(2);
  found.mutable_receipt()->set_degraded(true);
  const std::string facts = log_.Facts(get, found);
  std::ostringstream token;
  token << std::hex << HashRing::Token("the-key");
  EXPECT_THAT(facts, HasSubstr(token.str()));
  EXPECT_THAT(facts, HasSubstr(" key_bytes=7 value_bytes=9 node=cache-b acknowledged=2 "
                               "degraded=true"));
  EXPECT_THAT(facts, Not(HasSubstr("the-")));

  v1::PutRequest put;
  put.set_key("the-key");
  put.set_value("the-value");
  EXPECT_THAT(log_.Facts(put, v1::PutResponse()), HasSubstr(" key_bytes=7 value_bytes=9"));
  EXPECT_THAT(log_.Facts(put, v1::PutResponse()), Not(HasSubstr("the-")));

  v1::BatchGetRequest batch;
  batch.add_keys("the-key");
  batch.add_keys("the-other");
  EXPECT_EQ(log_.Facts(batch, v1::BatchGetResponse()), " keys=2");
  EXPECT_EQ(log_.Facts(v1::GetStatusRequest(), v1::GetStatusResponse()), "");
}

TEST_F(SlowLogTest, ANodeThatIsNotKnownIsLeftOut) {
  v1::GetResponse response;
  response.mutable_receipt()->set_node_id(7);
  EXPECT_THAT(log_.Facts(v1::GetRequest(), response), Not(HasSubstr("node=")));
}

}  // namespace
}  // namespace kache
