#include "client/ctl/table.h"

#include <gtest/gtest.h>

namespace kache::ctl {
namespace {

TEST(Table, AlignsColumnsWithoutBlanksAtTheEnd) {
  Table table({{"NODE"}, {"SHARE", Align::kRight}, {"NOTE"}});
  table.AddRow({{"a"}, {"5%"}, {""}});
  table.AddRow({{"cache-b"}, {"100.5%"}, {"x"}});
  EXPECT_EQ(table.Render(false),
            "NODE      SHARE  NOTE\n"
            "a            5%\n"
            "cache-b  100.5%  x\n");
}

TEST(Table, ColoursDoNotMoveColumns) {
  Table table({{"A"}, {"B"}});
  table.AddRow({{"up", Tone::kGood}, {"1"}});
  EXPECT_EQ(table.Render(true),
            "\x1b[2mA\x1b[0m   \x1b[2mB\x1b[0m\n"
            "\x1b[32mup\x1b[0m  1\n");
}

}  // namespace
}  // namespace kache::ctl
