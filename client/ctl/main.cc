// kachectl: the command line of those who run Kache. This file is a shell; commands.h has the rest.
//
// Exit codes: 0 success, 1 a failure, 2 wrong usage or settings, 3 the key was not found.
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "client/ctl/arguments.h"
#include "client/ctl/commands.h"
#include "client/ctl/terminal.h"

int main(int argc, char** argv) {
  const kache::ctl::Parsed parsed = kache::ctl::ParseArguments(
      std::vector<std::string>(argv + 1, argv + argc), kache::Environment::FromProcess());
  std::fputs(parsed.out.c_str(), stdout);
  std::fputs(parsed.err.c_str(), stderr);
  if (!parsed.arguments) return parsed.exit_code;
  kache::ctl::Console console;
  console.is_terminal = isatty(STDOUT_FILENO) == 1;
  console.colour = kache::ctl::WantsColour(STDOUT_FILENO);
  return kache::ctl::RunCommand(*parsed.arguments, console);
}
