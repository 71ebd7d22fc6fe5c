#include "server/api/unstamped.h"

#include <gtest/gtest.h>

namespace kache {
namespace {

void SetStamp(v1::Stamp& stamp) {
  stamp.set_timestamp(1);
  stamp.set_clock(1 << 16);
}

TEST(HasUnstampedTest, OneWrite) {
  v1::PutRequest put;
  EXPECT_TRUE(HasUnstamped(put));
  put.mutable_stamp();
  EXPECT_TRUE(HasUnstamped(put)) << "a stamp of zeros is none";
  SetStamp(*put.mutable_stamp());
  EXPECT_FALSE(HasUnstamped(put));

  v1::DeleteRequest erase;
  EXPECT_TRUE(HasUnstamped(erase));
  SetStamp(*erase.mutable_stamp());
  EXPECT_FALSE(HasUnstamped(erase));

  v1::TouchRequest touch;
  EXPECT_TRUE(HasUnstamped(touch));
  SetStamp(*touch.mutable_stamp());
  EXPECT_FALSE(HasUnstamped(touch));
}

TEST(HasUnstampedTest, ABatchWithOneSuchEntry) {
  v1::BatchPutRequest batch;
  EXPECT_FALSE(HasUnstamped(batch)) << "it writes nothing";
  SetStamp(*batch.add_entries()->mutable_stamp());
  EXPECT_FALSE(HasUnstamped(batch));
  batch.add_entries();
  EXPECT_TRUE(HasUnstamped(batch));
  SetStamp(*batch.mutable_entries(1)->mutable_stamp());
  EXPECT_FALSE(HasUnstamped(batch));
}

TEST(HasUnstampedTest, ABatchOfDeletes) {
  v1::BatchDeleteRequest batch;
  EXPECT_FALSE(HasUnstamped(batch)) << "it deletes nothing";
  batch.add_keys("a");
  batch.add_keys("b");
  EXPECT_TRUE(HasUnstamped(batch));
  SetStamp(*batch.add_stamps());
  batch.add_stamps();
  EXPECT_TRUE(HasUnstamped(batch));
  SetStamp(*batch.mutable_stamps(1));
  EXPECT_FALSE(HasUnstamped(batch));
}

}  // namespace
}  // namespace kache
