// How results look: tables for people, JSON for scripts, progress on a terminal.
#pragma once

#include <chrono>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "lfs/base/json.h"

namespace lazylfs::cli {

// One value, indented, and a newline.
void print_json(std::ostream& out, const Json& value);

// Rows of equal length; every column but the last is padded to its widest cell.
void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& rows);

// "3 objects", "1 object".
std::string counted(std::uint64_t count, std::string_view noun);

// `path` in quotes and escaped when it holds control characters, so that a hostile name cannot
// drive a terminal.
std::string printable(std::string_view path);

// One line of stderr that is drawn over, at most five times a second, when somebody watches; else
// nothing. Thread-compatible.
class ProgressLine {
 public:
  explicit ProgressLine(Context& context) : err_(context.err), shown_(context.show_progress) {}
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() { clear(); }

  void update(std::string_view text);
  void clear();

 private:
  std::ostream& err_;
  bool shown_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace lazylfs::cli
