// SPDX-License-Identifier: GPL-2.0
#include "commands.h"

#include <cstdio>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace xsw {

Exit complain(const Error &error) {
  fmt::print(stderr, "xswiotlb: {}\n", error.text());
  return error.exit;
}

Result<void> deliver(const std::string &text, const std::string &file) {
  if (file.empty()) {
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    if (std::fflush(stdout) == 0 && written)
      return {};
  } else if (std::ofstream stream(file); stream << text << std::flush) {
    return {};
  }
  return usage_error(fmt::format("{}: can't be written", file.empty() ? "stdout" : file));
}

void Output::add_to(CLI::App &app) {
  app.add_option("--output-format", formats, "normal, json, or both as a list")
      ->capture_default_str();
  app.add_option("--output", file, "write the report there; with both formats, the JSON one");
}

Result<void> Output::resolve() {
  size_t from = 0;
  while (from <= formats.size()) {
    const size_t comma = std::min(formats.find(',', from), formats.size());
    const std::string format = formats.substr(from, comma - from);
    if (format == "normal")
      normal = true;
    else if (format == "json")
      json = true;
    else
      return usage_error(
          fmt::format("--output-format={}: '{}' must be normal or json", formats, format));
    from = comma + 1;
  }
  if (normal && json && file.empty())
    return usage_error("--output-format=normal,json needs --output=FILE for the JSON document");
  return {};
}

Result<void> Output::write(const std::function<std::string()> &text,
                           const std::function<nlohmann::json()> &document) const {
  if (normal)
    if (auto done = deliver(text(), json ? std::string() : file); !done)
      return done;
  // A name or a kernel's command line may hold any bytes.
  if (json)
    return deliver(document().dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n",
                   file);
  return {};
}

void Eta::add_to(CLI::App &app) {
  app.add_option("--eta", when, "progress on stderr: auto (on a terminal), always, never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
}

bool Eta::wanted() const { return when == "always" || (when == "auto" && isatty(STDERR_FILENO)); }

void Eta::show(const std::string &line) const {
  if (isatty(STDERR_FILENO))
    fmt::print(stderr, "\r\033[K{}", line);
  else
    fmt::print(stderr, "{}\n", line);
  std::fflush(stderr);
}

void Eta::clear() const {
  if (wanted() && isatty(STDERR_FILENO))
    fmt::print(stderr, "\r\033[K");
}

} // namespace xsw
