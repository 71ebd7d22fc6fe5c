#include "base/shutdown.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <thread>

namespace kache {
namespace {

// Each test runs in a process of its own, as signals and their masks belong to the process.
class ShutdownDeathTest : public testing::Test {
 protected:
  void SetUp() override { testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

void SendToThisProcess(int signal) { kill(getpid(), signal); }

TEST_F(ShutdownDeathTest, WaitsForEitherSignal) {
  for (const int expected : {SIGTERM, SIGINT}) {
    EXPECT_EXIT(
        {
          ShutdownSignal shutdown;
          std::thread sender([expected] { SendToThisProcess(expected); });
          const int signal = shutdown.Wait();
          sender.join();
          std::exit(signal == expected ? 0 : 1);
        },
        testing::ExitedWithCode(0), "");
  }
}

TEST_F(ShutdownDeathTest, WaitsForARequestToo) {
  EXPECT_EXIT(
      {
        ShutdownSignal shutdown(absl::ZeroDuration());
        std::thread sender(ShutdownSignal::RequestStop);
        const int signal = shutdown.Wait();
        sender.join();
        ShutdownSignal::RequestStop();  // changes nothing any more
        std::exit(signal);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(ShutdownDeathTest, EndsAtOnceOnASecondSignal) {
  EXPECT_EXIT(
      {
        ShutdownSignal shutdown(absl::ZeroDuration());
        SendToThisProcess(SIGTERM);
        shutdown.Wait();
        SendToThisProcess(SIGTERM);
        std::exit(0);
      },
      testing::ExitedWithCode(128 + SIGTERM), "");
  EXPECT_EXIT(
      {
        ShutdownSignal shutdown(absl::ZeroDuration());
        SendToThisProcess(SIGTERM);
        shutdown.Wait();
        SendToThisProcess(SIGINT);
        std::exit(0);
      },
      testing::ExitedWithCode(128 + SIGINT), "");
}

TEST_F(ShutdownDeathTest, TakesARepeatRightAfterTheFirstForTheSame) {
  EXPECT_EXIT(
      {
        ShutdownSignal shutdown(absl::Hours(1));
        SendToThisProcess(SIGTERM);
        SendToThisProcess(SIGINT);
        shutdown.Wait();
        SendToThisProcess(SIGTERM);
        SendToThisProcess(SIGINT);
        std::exit(0);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(ShutdownDeathTest, TellsOfHangupsAndWaitsOn) {
  EXPECT_EXIT(
      {
        ShutdownSignal shutdown;
        int hangups = 0;
        SendToThisProcess(SIGHUP);
        const int signal = shutdown.Wait([&] {
          // Signals of one kind that wait are one.
          if (++hangups < 3) SendToThisProcess(SIGHUP);
          if (hangups == 3) SendToThisProcess(SIGTERM);
        });
        SendToThisProcess(SIGHUP);
        std::exit(signal == SIGTERM && hangups == 3 ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
  EXPECT_EXIT(
      {
        ShutdownSignal shutdown;
        SendToThisProcess(SIGHUP);
        SendToThisProcess(SIGINT);
        std::exit(shutdown.Wait() == SIGINT ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(ShutdownDeathTest, IgnoresBrokenPipes) {
  EXPECT_EXIT(
      {
        ShutdownSignal shutdown;
        int ends[2];
        if (pipe(ends) != 0) std::exit(1);
        close(ends[0]);
        std::exit(write(ends[1], "x", 1) == -1 && errno == EPIPE ? 0 : 2);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace kache
