#include "client/ctl/table.h"

#include <algorithm>

namespace kache::ctl {

std::string Table::Render(bool colour) const {
  std::vector<Cell> headings;
  std::vector<size_t> widths;
  for (const Column& column : columns_) {
    headings.push_back({column.heading, Tone::kFaint});
    widths.push_back(DisplayWidth(column.heading));
  }
  for (const std::vector<Cell>& row : rows_) {
    for (size_t i = 0; i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(row[i].text));
    }
  }
  std::string text = Line(headings, widths, colour);
  for (const std::vector<Cell>& row : rows_) text += Line(row, widths, colour);
  return text;
}

std::string Table::Line(const std::vector<Cell>& cells, const std::vector<size_t>& widths,
                        bool colour) const {
  std::string line;
  std::string pending;  // blanks, written only when something follows
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string blanks(widths[i] - DisplayWidth(cells[i].text), ' ');
    if (columns_[i].align == Align::kRight) pending += blanks;
    if (!cells[i].text.empty()) {
      line += pending + Paint(cells[i].text, cells[i].tone, colour);
      pending.clear();
    }
    if (columns_[i].align == Align::kLeft) pending += blanks;
    pending += "  ";
  }
  return line + "\n";
}

}  // namespace kache::ctl
