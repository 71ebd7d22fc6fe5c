// The syntax of dotenv files.
//
//   # a comment
//   export NAME=value                 # `export` and blanks round name and value are dropped
//   NAME = "a value, with blanks\n"   # knows \n \r \t \" \\ \$
//   NAME='taken as it stands: \n'
//
// An unquoted value ends at the end of the line or before a '#' that follows a blank. Nothing is
// expanded: $NAME stays as it is. A value does not go on to the next line. CRLF and a byte order
// mark are accepted.
#ifndef KACHE_BASE_DOTENV_H_
#define KACHE_BASE_DOTENV_H_

#include <string>
#include <string_view>
#include <vector>

namespace kache {

struct Dotenv {
  struct Entry {
    int line = 0;  // from 1
    std::string name;
    std::string value;
  };
  struct Mistake {
    int line = 0;
    std::string message;
  };
  std::vector<Entry> entries;  // in the order of the text; a name may stand more than once
  std::vector<Mistake> mistakes;
};

// Never fails: a line that can't be understood becomes a mistake, which does not show the line, as
// it may hold a password. Stops after 100 mistakes. O(n).
Dotenv ParseDotenv(std::string_view text);

}  // namespace kache

#endif  // KACHE_BASE_DOTENV_H_
