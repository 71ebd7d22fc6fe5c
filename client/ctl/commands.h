// The commands of kachectl. Each asks the servers, prints, and returns the exit code.
//
// Thread-compatible.
#ifndef KACHE_CLIENT_CTL_COMMANDS_H_
#define KACHE_CLIENT_CTL_COMMANDS_H_

#include <cstdio>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "client/ctl/arguments.h"
#include "client/ctl/servers.h"

namespace kache::ctl {

// What commands print to.
struct Console {
  std::FILE* out = stdout;
  std::FILE* err = stderr;
  bool colour = false;       // of `out`
  bool is_terminal = false;  // `out` is

  void Print(std::string_view text) const { std::fwrite(text.data(), 1, text.size(), out); }
  // `json` and a line break.
  void PrintLine(std::string_view json) const {
    Print(json);
    Print("\n");
  }
  // "kachectl: ..." and what to do, on `err`; returns kExitFailure.
  int Fail(const absl::Status& status) const;
};

// Runs the command that `arguments` names. Output that cannot be written is a failure too.
int RunCommand(const Arguments& arguments, const Console& console);

// The commands, by file.
int Get(const Arguments& arguments, Servers& servers, const Console& console);
int Put(const Arguments& arguments, Servers& servers, const Console& console);
int Touch(const Arguments& arguments, Servers& servers, const Console& console);
int Delete(const Arguments& arguments, Servers& servers, const Console& console);
int Locate(const Arguments& arguments, Servers& servers, const Console& console);

int Status(const Arguments& arguments, Servers& servers, const Console& console);
int Ring(const Arguments& arguments, Servers& servers, const Console& console);
int Health(const Arguments& arguments, Servers& servers, const Console& console);
int Doctor(const Arguments& arguments, Servers& servers, const Console& console);
int DeclareCoordinatorLost(const Arguments& arguments, Servers& servers, const Console& console);
int ForsakeNode(const Arguments& arguments, Servers& servers, const Console& console);

}  // namespace kache::ctl

#endif  // KACHE_CLIENT_CTL_COMMANDS_H_
