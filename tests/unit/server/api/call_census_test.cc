#include "server/api/call_census.h"

#include <gtest/gtest.h>

#include <string>

#include "base/connection_book.h"

namespace kache {
namespace {

// As gRPC 1.51 writes them.
constexpr char kServer[] =
    R"({"server":{"data":{"callsFailed":"3","callsStarted":"1000","callsSucceeded":"900",)"
    R"("lastCallStartedTimestamp":"2026-11-30T18:00:00.000000000Z","trace":{"events":[]}},)"
    R"("ref":{"serverId":"7"}}})";
constexpr char kSocket[] =
    R"({"socket":{"data":{"messagesReceived":"12","streamsFailed":"2","streamsStarted":"50",)"
    R"("streamsSucceeded":"8"},"local":{"tcpip_address":{"ip_address":"fwAAAQ==","port":6380}},)"
    R"("ref":{"name":"chttp2 ipv4:127.0.0.2:43210","socketId":"9"},)"
    R"("remote":{"tcpip_address":{"ip_address":"fwAAAg==","port":43210}}}})";

TEST(CallCensus, ReadsTheCallsOfAServer) {
  EXPECT_EQ(ParseServerCalls(kServer).started, 1000);
  EXPECT_EQ(ParseServerCalls(kServer).ended, 903);
  EXPECT_EQ(ParseServerCalls(R"({"server":{"data":{}}})").started, 0);
  EXPECT_EQ(ParseServerCalls("").ended, 0);
}

TEST(CallCensus, ReadsTheCallsOfAConnection) {
  const auto connection = ParseConnectionCalls(kSocket);
  ASSERT_TRUE(connection.has_value());
  EXPECT_EQ(connection->calls, 40);
  EXPECT_EQ(connection->messages, 12);
  EXPECT_EQ(connection->peer, PeerBytes({127, 0, 0, 2}, 43210));
}

TEST(CallCensus, LeavesOutWhatHasNoAddress) {
  EXPECT_FALSE(ParseConnectionCalls("").has_value());
  EXPECT_FALSE(ParseConnectionCalls(R"({"socket":{"data":{},"remote":{}}})").has_value());
  EXPECT_FALSE(ParseConnectionCalls(R"({"remote":{"tcpip_address":{"ip_address":"?","port":1}}})"));
}

TEST(CallCensus, ReadsTheIdsOfAPage) {
  const std::vector<intptr_t> ids = {5, 17};
  EXPECT_EQ(ParseSocketIds(R"({"end":true,"socketRef":[{"name":"a","socketId":"5"},)"
                           R"({"name":"b","socketId":"17"}]})"),
            ids);
  EXPECT_TRUE(ParseSocketIds(R"({"end":true,"socketRef":[]})").empty());
}

TEST(CallCensus, FindsNothingWhereThereIsNoServer) {
  CallCensus census(12345678);
  EXPECT_EQ(census.AtMost(), 0);
  EXPECT_TRUE(census.Count().empty());
}

}  // namespace
}  // namespace kache
