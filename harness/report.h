// SPDX-License-Identifier: GPL-2.0
// What a run has shown, as text for people and JSON for programs.
#pragma once

#include "worker.h"
#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace xsw {

constexpr const char *tool_version = "0.1.0";
// Of the JSON documents: raised when a key changes its meaning or goes.
constexpr int schema_version = 1;

// What the module tells of the host's environment in debugfs, "key: value" a line: features of
// Xen, counters; not what QUERY tells as well. Empty where that can't be read.
class HostNotes {
public:
  static HostNotes read(const char *path = "/sys/kernel/debug/xswiotlb/env");
  static HostNotes parse(std::istream &lines);

  const std::vector<std::pair<std::string, std::string>> &all() const { return notes_; }
  // How often a page was looked up in the kernel's p2m; nothing where nobody counts.
  std::optional<uint64_t> p2m_lookups() const;

private:
  std::vector<std::pair<std::string, std::string>> notes_;
};

// Where it ran.
struct Environment {
  std::string kernel;
  std::string machine;
  std::string command_line; // the kernel's; empty where there is no /proc
  std::string date;         // ISO 8601, UTC
  unsigned cpus = 0;
  xsw_info info{};
  HostNotes notes; // of when it was looked at

  static Environment of(const xsw_info &info);
};

// What was still there after everything had been unmapped and destroyed; all must be 0.
struct Leaks {
  uint64_t pool_slots = 0;
  uint64_t mappings = 0;
  uint64_t buffers = 0;
  uint64_t pinned_bytes = 0;

  bool any() const { return pool_slots || mappings || buffers || pinned_bytes; }
  std::string text() const;
  nlohmann::json json() const;
  // Of a session that holds nothing but open engines; @engine's pool is looked at.
  static Result<Leaks> read(const Device &device, uint32_t engine);
};

struct JobReport {
  Job job;
  uint64_t seed = 0;
  Tally tally;
  Leaks leaks;
  uint64_t pool_slots = 0, pool_hiwater_slots = 0;
  std::optional<uint64_t> p2m_lookups{}; // of all mappings there were meanwhile
  std::vector<std::string> complaints;   // expectations that were not met
  std::optional<Error> failure;
  bool baseline = false; // the kernel's ops, beside ours: what they can't is no failure

  Exit exit() const;
  // The same job again: what it has shown is shown as one.
  void add(const JobReport &round);
};

// One job with ours and with the kernel's ops, in turn.
struct Comparison {
  std::string name;
  size_t ours; // in RunReport::jobs
  size_t kernel;
};

// Ours as a multiple of the kernel's median; nothing where one of them has none.
std::optional<double> median_ratio(const Histogram &ours, const Histogram &kernel);
// What became of the job with the ones and not with the others, a sentence each.
std::vector<std::string> differences(const JobReport &ours, const JobReport &kernel);

// Reasons that expect= names and no mapping took, and reasons that it does not name.
std::vector<std::string> unmet(const Job &job, const Tally &tally);

struct RunReport {
  Environment environment;
  uint64_t seed = 0;
  std::vector<JobReport> jobs;
  std::vector<Comparison> comparisons;

  Exit exit() const;
  std::string text() const;
  nlohmann::json json() const;
};

// "direct 12, bounce-mask 3"; "none" when all are 0.
std::string counts_text(std::span<const uint64_t> counts, std::string_view (*name)(unsigned));
nlohmann::json counts_json(std::span<const uint64_t> counts, std::string_view (*name)(unsigned));
nlohmann::json environment_json(const Environment &environment);
std::string environment_text(const Environment &environment);
nlohmann::json histogram_json(const Histogram &histogram);
const char *verdict(Exit exit);

// "1.5 MiB"
std::string human_bytes(uint64_t bytes);

} // namespace xsw
