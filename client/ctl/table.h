// Columns under headings, aligned, the way `docker ps` prints them.
//
//   Table table({{"NODE"}, {"SHARE", Align::kRight}});
//   table.AddRow({{"cache-a", Tone::kGood}, {"25.3%"}});
//   std::string text = table.Render(colour);
//
// Thread-compatible, no errors.
#ifndef KACHE_CLIENT_CTL_TABLE_H_
#define KACHE_CLIENT_CTL_TABLE_H_

#include <string>
#include <vector>

#include "client/ctl/terminal.h"

namespace kache::ctl {

enum class Align { kLeft, kRight };

class Table {
 public:
  struct Column {
    std::string heading;
    Align align = Align::kLeft;
  };
  struct Cell {
    std::string text;  // Printable
    Tone tone = Tone::kPlain;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  // Requires: one cell for each column.
  void AddRow(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }
  // A line for the headings and one for each row, without blanks at their ends.
  std::string Render(bool colour) const;

 private:
  std::string Line(const std::vector<Cell>& cells, const std::vector<size_t>& widths,
                   bool colour) const;

  const std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace kache::ctl

#endif  // KACHE_CLIENT_CTL_TABLE_H_
