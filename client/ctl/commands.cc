#include "client/ctl/commands.h"

#include <cerrno>
#include <cstring>

#include "base/strings.h"
#include "client/ctl/advice.h"
#include "client/ctl/terminal.h"

namespace kache::ctl {
namespace {

struct Entry {
  std::string_view name;
  int (*run)(const Arguments&, Servers&, const Console&);
};
constexpr Entry kCommands[] = {
    {"get", Get},
    {"put", Put},
    {"touch", Touch},
    {"delete", Delete},
    {"locate", Locate},
    {"status", Status},
    {"ring", Ring},
    {"health", Health},
    {"doctor", Doctor},
    {"node forsake", ForsakeNode},
    {kDeclareCoordinatorLost, DeclareCoordinatorLost},
};

}  // namespace

int Console::Fail(const absl::Status& status) const {
  std::string text = Concat("kachectl: ", Printable(ToStd(status.message())), "\n");
  if (const std::string_view advice = AdviceFor(status); !advice.empty()) {
    Append(&text, "  ", advice, "\n");
  }
  std::fwrite(text.data(), 1, text.size(), err);
  return kExitFailure;
}

int RunCommand(const Arguments& arguments, const Console& console) {
  const absl::StatusOr<ChannelSecurity> security = ChannelSecurity::Make(arguments.security);
  if (!security.ok()) return console.Fail(security.status());
  Servers servers(arguments.servers, arguments.timeout, *security);
  for (const Entry& entry : kCommands) {
    if (entry.name != arguments.command) continue;
    const int code = entry.run(arguments, servers, console);
    if (std::fflush(console.out) == 0 && std::ferror(console.out) == 0) return code;
    return console.Fail(
        absl::DataLossError(Concat("cannot write the output: ", std::strerror(errno))));
  }
  return console.Fail(absl::InternalError("no such command"));
}

}  // namespace kache::ctl
