// SPDX-License-Identifier: GPL-2.0
#include "commands.h"
#include "report.h"
#include "words.h"

#include <array>
#include <fmt/format.h>
#include <vector>

namespace {

constexpr const char *footer =
    "Exit codes:\n"
    "  0  everything ran, every byte was right\n"
    "  1  wrong data, or a job did not take the path it expects\n"
    "  2  usage: command line or job file\n"
    "  3  something is missing: module, device, privilege\n"
    "  4  the device or the kernel reported an error, or something leaked";

// CLI11 names the option it does not know; this adds the one that was most likely meant.
std::string suggestion(const CLI::App &app, int argc, char **argv) {
  const CLI::App *chosen = &app;
  if (const auto used = app.get_subcommands(); !used.empty())
    chosen = used.front();
  std::vector<std::string> known;
  for (const CLI::Option *option : chosen->get_options())
    for (const std::string &name : option->get_lnames())
      known.push_back("--" + name);
  const std::vector<std::string_view> views(known.begin(), known.end());
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (!argument.starts_with("--"))
      continue;
    const auto name = argument.substr(0, argument.find('='));
    if (std::find(views.begin(), views.end(), name) != views.end())
      continue;
    if (const auto near = xsw::nearest(name, views); !near.empty())
      return fmt::format(", did you mean {}?", near);
  }
  return {};
}

// The first argument that ends in a '='; CLI11 takes a flag's for the flag alone.
std::string_view without_value(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with("--") && argument.ends_with('='))
      return argument;
  }
  return {};
}

} // namespace

// What a handler prints may throw; then there is no place left to say so.
// NOLINTNEXTLINE(bugprone-exception-escape)
int main(int argc, char **argv) {
  CLI::App app("Drives /dev/xswiotlb: DMA mappings by the thousand, every byte compared.",
               "xswiotlb");
  app.set_version_flag("--version", xsw::tool_version);
  app.footer(footer);
  app.require_subcommand(1);
  const std::array<xsw::Command, 4> commands{xsw::add_info(app), xsw::add_run(app),
                                             xsw::add_stress(app), xsw::add_bench(app)};
  const std::array<const char *, 4> names{"info", "run", "stress", "bench"};
  for (const char *name : names)
    app.get_subcommand(name)->footer(footer);
  if (const auto argument = without_value(argc, argv); !argument.empty()) {
    fmt::print(stderr, "xswiotlb: {} has no value behind the '='\n", argument);
    return static_cast<int>(xsw::Exit::usage);
  }
  try {
    app.parse(argc, argv);
    for (size_t i = 0; i < names.size(); ++i)
      if (app.got_subcommand(names[i]))
        return static_cast<int>(commands[i]());
  } catch (const CLI::ParseError &error) {
    if (error.get_exit_code() == 0)
      return app.exit(error);
    if (argc > 1 && argv[1][0] != '-' && app.get_subcommands().empty())
      fmt::print(stderr, "xswiotlb: '{}' is no command: info, run, stress, bench; see --help\n",
                 argv[1]);
    else
      fmt::print(stderr, "xswiotlb: {}{}\n", error.what(), suggestion(app, argc, argv));
    return static_cast<int>(xsw::Exit::usage);
  } catch (const std::exception &error) {
    fmt::print(stderr, "xswiotlb: {}\n", error.what());
    return static_cast<int>(xsw::Exit::device);
  }
  return static_cast<int>(xsw::Exit::usage);
}
