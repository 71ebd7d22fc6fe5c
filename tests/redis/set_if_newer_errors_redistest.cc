// How a server that can't store says so: each reply must be classified as what it is, by a script
// that stays atomic.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/testing/client_under_test.h"
#include "tests/testing/scripted_key.h"

namespace kache {
namespace {

using redis::ErrorKind;
using testing::ClientUnderTest;
using testing::IsAcknowledged;
using testing::ScriptedKey;

constexpr int64_t kFarEnd = 4'000'000'000'000;  // in 2096

Record At(uint64_t timestamp) { return {{timestamp, 7}, 0, false, "v"}; }

// Both ways of storing, with and without an expiry, must fail with `kind` and change nothing.
void ExpectRefused(ScriptedKey& key, ErrorKind kind) {
  const std::string before = key.Value();
  for (const int64_t end : {int64_t{0}, kFarEnd}) {
    const redis::Reply reply = key.Store(At(10), end, 1000);
    ASSERT_TRUE(reply.IsError());
    EXPECT_EQ(redis::ClassifyError(reply.text), kind) << reply.text;
    EXPECT_TRUE(redis::IsWriteRefused(kind));
  }
  EXPECT_EQ(key.Value(), before);
}

TEST(SetIfNewerErrors, OutOfMemory) {
  ScriptedKey key;
  key.Store(At(5));
  key.Run({"CONFIG", "SET", "maxmemory", "1"});
  ExpectRefused(key, ErrorKind::kOom);
  key.Run({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_TRUE(IsAcknowledged(key.Store(At(10))));
}

TEST(SetIfNewerErrors, OlderRecordsAreRefusedAsOlderWithoutMemory) {
  ScriptedKey key;
  key.Store(At(5));
  key.Run({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_EQ(DecodeVersion(key.Store(At(4)).text), (Version{5, 7}));
}

TEST(SetIfNewerErrors, ReadOnly) {
  ScriptedKey key;
  key.Store(At(5));
  key.Run({"REPLICAOF", "127.0.0.1", std::to_string(key.server().port())});
  ExpectRefused(key, ErrorKind::kReadOnly);
}

TEST(SetIfNewerErrors, Misconfigured) {
  ScriptedKey key({"--save", "3600 1000000"});
  key.Store(At(5));
  // A snapshot fails, as its directory is gone.
  std::filesystem::remove_all(key.server().directory());
  EXPECT_TRUE(key.Run({"SAVE"}).IsError());
  key.Run({"BGSAVE"});
  const absl::Time limit = absl::Now() + absl::Seconds(20);
  const auto has_failed = [&key] {
    return key.Run({"INFO", "persistence"}).text.find("rdb_last_bgsave_status:err") !=
           std::string::npos;
  };
  while (!has_failed()) ASSERT_LT(absl::Now(), limit);
  ExpectRefused(key, ErrorKind::kMisconf);
}

TEST(SetIfNewerErrors, NoPermission) {
  ScriptedKey key;
  key.Store(At(5));
  key.Run({"ACL", "SETUSER", "reader", "on", ">secret", "~*", "+@all", "-set"});
  const redis::Reply reply =
      key.server().RunAs("reader", "secret",
                         {"EVALSHA", SetIfNewer().sha1, "1", ScriptedKey::kKey,
                          EncodeRecord(At(10)), EncodeTerms({})});
  ASSERT_TRUE(reply.IsError());
  EXPECT_EQ(redis::ClassifyError(reply.text), ErrorKind::kNoPerm) << reply.text;
}

TEST(SetIfNewerErrors, ForgottenScriptsAreLoadedAgain) {
  ScriptedKey key;
  ClientUnderTest client(key.server().endpoint(), {}, AllScripts());
  ASSERT_TRUE(client.WaitUntilReady());
  key.Run({"SCRIPT", "FLUSH"});
  const auto reply = client.Run(redis::Command::Call(SetIfNewer(), {ScriptedKey::kKey},
                                                     {EncodeRecord(At(10)), EncodeTerms({})}));
  ASSERT_TRUE(reply.ok());
  EXPECT_TRUE(IsAcknowledged(*reply));
  EXPECT_EQ(key.Value(), EncodeRecord(At(10)));
  EXPECT_EQ(client->counters().script_reloads, 1u);
}

}  // namespace
}  // namespace kache
