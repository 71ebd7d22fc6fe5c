// Text for people: colours where they are wanted, and nothing that a terminal would obey.
//
// Thread-safe.
#ifndef KACHE_CLIENT_CTL_TERMINAL_H_
#define KACHE_CLIENT_CTL_TERMINAL_H_

#include <string>
#include <string_view>

namespace kache::ctl {

enum class Tone { kPlain, kGood, kWarning, kBad, kFaint, kBold };

// `text` in the colour of `tone`; unchanged without `colour`.
std::string Paint(std::string_view text, Tone tone, bool colour);

// `text` with control characters and malformed UTF-8 as \xNN, so that a key, or what a server
// sends, cannot move the cursor.
std::string Printable(std::string_view text);

// Columns that `text` takes: its characters. Double-width ones count as one.
size_t DisplayWidth(std::string_view text);

// Whether output to file descriptor `fd` is to be coloured: a terminal that is not "dumb", and no
// NO_COLOR in the environment (https://no-color.org).
bool WantsColour(int fd);

// "s" unless there is exactly one.
inline const char* Plural(long long count) { return count == 1 ? "" : "s"; }

}  // namespace kache::ctl

#endif  // KACHE_CLIENT_CTL_TERMINAL_H_
