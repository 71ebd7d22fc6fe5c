// The tables of docs/configuration.md, for tests that compare them with the code.
//
//   EXPECT_EQ(DocumentedSettings("kache-server"), ReadSettings(reader));
//
// Thread-safe.
#ifndef KACHE_TESTS_TESTING_SETTINGS_TABLE_H_
#define KACHE_TESTS_TESTING_SETTINGS_TABLE_H_

#include <map>
#include <string>
#include <string_view>

#include "base/settings.h"

namespace kache {

// The default of each setting by name, as the table below the heading `## program` gives it,
// without its backquotes. Empty when there is no such table.
std::map<std::string, std::string> DocumentedSettings(std::string_view program);

// What the same table says that the setting may be, as "1 to 1024". Empty when it does not stand
// there.
std::string DocumentedRange(std::string_view program, const std::string& setting);

// The defaults of what `reader` was asked for.
std::map<std::string, std::string> ReadSettings(const SettingsReader& reader);

}  // namespace kache

#endif  // KACHE_TESTS_TESTING_SETTINGS_TABLE_H_
