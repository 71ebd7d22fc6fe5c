#include "base/notification.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

namespace kache {
namespace {

TEST(Notification, IsNotNotifiedAtFirst) {
  const Notification notification;
  EXPECT_FALSE(notification.HasBeenNotified());
  EXPECT_FALSE(notification.WaitForNotificationWithTimeout(absl::Milliseconds(1)));
  EXPECT_FALSE(notification.WaitForNotificationWithTimeout(absl::ZeroDuration()));
}

TEST(Notification, StaysNotified) {
  Notification notification;
  notification.Notify();
  EXPECT_TRUE(notification.HasBeenNotified());
  EXPECT_TRUE(notification.WaitForNotificationWithTimeout(absl::ZeroDuration()));
  notification.WaitForNotification();
}

TEST(Notification, WakesAllWhoWaitAndShowsWhatWasDoneBefore) {
  Notification notification;
  int done = 0;
  std::thread with_limit([&] {
    EXPECT_TRUE(notification.WaitForNotificationWithTimeout(absl::Seconds(60)));
    EXPECT_EQ(done, 1);
  });
  std::thread without([&] {
    notification.WaitForNotification();
    EXPECT_EQ(done, 1);
  });
  done = 1;
  notification.Notify();
  with_limit.join();
  without.join();
}

TEST(Notification, MayBeDestroyedByAWaiterAtOnce) {
  for (int i = 0; i < 1000; ++i) {
    auto notification = std::make_unique<Notification>();
    std::thread thread([&notified = *notification] { notified.Notify(); });
    notification->WaitForNotification();
    notification.reset();
    thread.join();
  }
}

}  // namespace
}  // namespace kache
