// SPDX-License-Identifier: GPL-2.0
// The subcommands: each adds itself to the command line and runs when it was chosen.
#pragma once

#include "error.h"
#include <CLI/CLI.hpp>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace xsw {

using Command = std::function<Exit()>;

Command add_info(CLI::App &app);
Command add_run(CLI::App &app);
Command add_stress(CLI::App &app);
Command add_bench(CLI::App &app);

// Says it on stderr and returns its exit code.
Exit complain(const Error &error);
// Puts a document where --output says, stdout when that is empty.
Result<void> deliver(const std::string &text, const std::string &file);

// What --output-format and --output ask for, the same in every command.
struct Output {
  std::string formats = "normal";
  std::string file;
  bool normal = false;
  bool json = false;

  void add_to(CLI::App &app);
  // Checks them; one document goes to one place.
  Result<void> resolve();
  Result<void> write(const std::function<std::string()> &text,
                     const std::function<nlohmann::json()> &document) const;
};

// --eta: progress on a terminal only, unless told otherwise.
struct Eta {
  std::string when = "auto";

  void add_to(CLI::App &app);
  bool wanted() const;
  // A line that the next one overwrites on a terminal, a line of its own elsewhere.
  void show(const std::string &line) const;
  void clear() const;
};

} // namespace xsw
