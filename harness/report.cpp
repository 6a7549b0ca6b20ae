// SPDX-License-Identifier: GPL-2.0
#include "report.h"
#include "words.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sys/utsname.h>

namespace xsw {
namespace {

constexpr std::array<double, 12> percentiles{1, 5, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.99};
constexpr std::array<double, 6> shown_percentiles{1, 50, 90, 99, 99.9, 100};

double per_second(uint64_t count, double seconds) {
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

std::string latency_line(const char *name, const Histogram &histogram) {
  std::string line = fmt::format("    {:<14}", name);
  for (const double percent : shown_percentiles)
    line += fmt::format(" {:>11}", histogram.percentile(percent));
  return line + "\n";
}

std::string engine_name(const Job &job) {
  std::string name = job.engine == XSW_ENGINE_EDU ? "edu" : "sim";
  if (job.ops == XSW_OPS_KERNEL)
    name += ", kernel ops";
  return name;
}

uint64_t bounced(const Tally &tally) {
  uint64_t sum = 0;
  for (const unsigned reason :
       {XSW_REASON_BOUNCE_MASK, XSW_REASON_BOUNCE_STRADDLE, XSW_REASON_BOUNCE_FOREIGN,
        XSW_REASON_BOUNCE_FORCED, XSW_REASON_BOUNCE_CACHELINE})
    sum += tally.reasons[reason];
  return sum;
}

std::string job_text(const JobReport &report) {
  const Job &job = report.job;
  const Tally &tally = report.tally;
  std::string text = fmt::format("{}: {}\n", job.name, verdict(report.exit()));
  if (!job.description.empty())
    text += fmt::format("  {}\n", job.description);
  Job reproducing = job;
  reproducing.seed = report.seed;
  text += fmt::format("  command     {}\n", command_line(reproducing));
  text +=
      fmt::format("  operations  {} mappings ({} jobs, 2 mappings each), {} in {:.3f} s: {:.0f} "
                  "mappings/s, {}/s{}\n",
                  tally.jobs * 2, tally.jobs, human_bytes(tally.bytes), tally.seconds,
                  per_second(tally.jobs * 2, tally.seconds),
                  human_bytes(static_cast<uint64_t>(per_second(tally.bytes, tally.seconds))),
                  job.verify ? " with filling and comparing" : "");
  text += fmt::format("  paths       {}\n", counts_text(tally.reasons, reason_name));
  text += fmt::format("  errors      {}\n", counts_text(tally.causes, cause_name));
  if (tally.jobs) {
    text += fmt::format("    {:<14} {:>11} {:>11} {:>11} {:>11} {:>11} {:>11}\n", "latency in ns",
                        "1%", "50%", "90%", "99%", "99.9%", "max");
    text += latency_line("map", tally.map_ns);
    text += latency_line("transfer", tally.transfer_ns);
    if (tally.sync_ns.count())
      text += latency_line("sync", tally.sync_ns);
    text += latency_line("unmap", tally.unmap_ns);
    text += latency_line(job.batch > 1 ? "whole vector" : "whole job", tally.command_ns);
    text += latency_line("empty command", tally.nop_ns);
    text += fmt::format("  baseline    {:.0f} empty commands/s the same way\n",
                        per_second(tally.nop_count, tally.nop_seconds));
  }
  text +=
      fmt::format("  verified    {}; leaks: {}; pool at most {} of {} slots\n",
                  job.verify ? fmt::format("{} jobs, {} mismatches", tally.jobs, tally.mismatches)
                             : std::string("not asked for"),
                  report.leaks.text(), report.pool_hiwater_slots, report.pool_slots);
  if (report.p2m_lookups)
    text += fmt::format("  p2m         {} lookups of pages in the kernel's tree\n",
                        *report.p2m_lookups);
  for (const std::string &line : tally.mismatch_texts)
    text += fmt::format("  MISMATCH    {}\n", line);
  if (tally.mismatches > tally.mismatch_texts.size())
    text +=
        fmt::format("  MISMATCH    and {} more\n", tally.mismatches - tally.mismatch_texts.size());
  for (const std::string &line : report.complaints)
    text += fmt::format("  EXPECTED    {}\n", line);
  if (report.failure)
    text += fmt::format("  ERROR       {}\n", report.failure->text());
  return text + "\n";
}

std::string ratio_text(const Histogram &ours, const Histogram &kernel) {
  const auto ratio = median_ratio(ours, kernel);
  return ratio ? fmt::format("{:>11.3f}", *ratio) : fmt::format("{:>11}", "-");
}

std::string comparison_text(const std::string &name, const JobReport &ours,
                            const JobReport &kernel) {
  std::string text = fmt::format("{}: our ops and the kernel's, in turn\n", name);
  text += fmt::format("    {:<14} {:>11} {:>11} {:>11}\n", "median in ns", "ours", "kernel",
                      "ours/kernel");
  const auto line = [&](const char *what, const Histogram &a, const Histogram &b) {
    text += fmt::format("    {:<14} {:>11} {:>11} {}\n", what, a.percentile(50), b.percentile(50),
                        ratio_text(a, b));
  };
  line("map", ours.tally.map_ns, kernel.tally.map_ns);
  line("unmap", ours.tally.unmap_ns, kernel.tally.unmap_ns);
  text += fmt::format("    {:<14} {} | {}\n", "paths", counts_text(ours.tally.reasons, reason_name),
                      counts_text(kernel.tally.reasons, reason_name));
  text += fmt::format("    {:<14} {} | {}\n", "errors", counts_text(ours.tally.causes, cause_name),
                      counts_text(kernel.tally.causes, cause_name));
  const auto found = differences(ours, kernel);
  if (found.empty())
    text += fmt::format("    {:<14} none\n", "difference");
  for (const std::string &difference : found)
    text += fmt::format("    {:<14} {}\n", "DIFFERENCE", difference);
  return text + "\n";
}

nlohmann::json comparison_json(const std::string &name, const JobReport &ours,
                               const JobReport &kernel) {
  nlohmann::json json{{"name", name},
                      {"ours", ours.job.name},
                      {"kernel", kernel.job.name},
                      {"differences", differences(ours, kernel)}};
  const auto ratio = [&](const char *key, const Histogram &a, const Histogram &b) {
    const auto value = median_ratio(a, b);
    json[key] = value ? nlohmann::json(*value) : nlohmann::json();
  };
  ratio("map_median_ratio", ours.tally.map_ns, kernel.tally.map_ns);
  ratio("unmap_median_ratio", ours.tally.unmap_ns, kernel.tally.unmap_ns);
  return json;
}

nlohmann::json job_json(const JobReport &report) {
  const Job &job = report.job;
  const Tally &tally = report.tally;
  nlohmann::json config;
  for (const Key &key : keys())
    config[std::string(key.name)] = key.show(job);
  nlohmann::json json{
      {"name", job.name},
      {"config", config},
      {"seed", report.seed},
      {"mapping_operations", tally.jobs * 2},
      {"jobs", tally.jobs},
      {"failed_jobs", tally.failed},
      {"bytes", tally.bytes},
      {"runtime_s", tally.seconds},
      {"mapping_operations_per_s", per_second(tally.jobs * 2, tally.seconds)},
      {"bytes_per_s", per_second(tally.bytes, tally.seconds)},
      {"paths", counts_json(tally.reasons, reason_name)},
      {"placed_paths", counts_json(tally.placed_reasons, reason_name)},
      {"errors", counts_json(tally.causes, cause_name)},
      {"map_ns", histogram_json(tally.map_ns)},
      {"transfer_ns", histogram_json(tally.transfer_ns)},
      {"sync_ns", histogram_json(tally.sync_ns)},
      {"unmap_ns", histogram_json(tally.unmap_ns)},
      {"command_ns", histogram_json(tally.command_ns)},
      {"jobs_per_command", job.batch},
      {"nop_ns", histogram_json(tally.nop_ns)},
      {"nop_per_s", per_second(tally.nop_count, tally.nop_seconds)},
      {"verified", job.verify},
      {"mismatches", tally.mismatches},
      {"mismatch_messages", tally.mismatch_texts},
      {"leaks", report.leaks.json()},
      {"pool_slots", report.pool_slots},
      {"pool_hiwater_slots", report.pool_hiwater_slots},
      {"unmet_expectations", report.complaints},
      {"exit_code", static_cast<int>(report.exit())},
      {"verdict", verdict(report.exit())},
  };
  if (report.p2m_lookups)
    json["p2m_lookups"] = *report.p2m_lookups;
  if (report.failure)
    json["error"] = report.failure->text();
  return json;
}

} // namespace

HostNotes HostNotes::parse(std::istream &lines) {
  HostNotes notes;
  for (std::string line; std::getline(lines, line);)
    if (const size_t colon = line.find(": "); colon != std::string::npos &&
                                              !line.starts_with("environment: ") &&
                                              !line.starts_with("hypervisor: "))
      notes.notes_.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  return notes;
}

HostNotes HostNotes::read(const char *path) {
  std::ifstream file(path);
  return parse(file);
}

std::optional<uint64_t> HostNotes::p2m_lookups() const {
  for (const auto &[key, value] : notes_) {
    uint64_t count = 0;
    const char *end = value.data() + value.size();
    if (key == "p2m_lookups" && std::from_chars(value.data(), end, count).ptr == end)
      return count;
  }
  return {};
}

Environment Environment::of(const xsw_info &info) {
  Environment environment;
  utsname names{};
  uname(&names);
  environment.kernel = names.release;
  environment.machine = names.machine;
  std::ifstream proc("/proc/cmdline");
  std::getline(proc, environment.command_line);
  const time_t now = time(nullptr);
  tm utc{};
  gmtime_r(&now, &utc);
  char date[32];
  strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &utc);
  environment.date = date;
  environment.cpus = info.nr_cpus;
  environment.info = info;
  environment.notes = HostNotes::read();
  return environment;
}

std::string Leaks::text() const {
  if (!any())
    return "0";
  return fmt::format("{} pool slots, {} mappings, {} buffers, {} pinned bytes", pool_slots,
                     mappings, buffers, pinned_bytes);
}

nlohmann::json Leaks::json() const {
  return {{"pool_slots", pool_slots},
          {"mappings", mappings},
          {"buffers", buffers},
          {"pinned_bytes", pinned_bytes}};
}

Result<Leaks> Leaks::read(const Device &device, uint32_t engine) {
  return device.stats(engine).map([](const xsw_stats &stats) {
    return Leaks{.pool_slots = stats.pool_used,
                 .mappings = stats.session_mappings,
                 .buffers = stats.session_buffers,
                 .pinned_bytes = stats.session_pinned};
  });
}

Exit JobReport::exit() const {
  Exit exit = Exit::verified;
  if (failure && !baseline)
    exit = worse(exit, failure->exit);
  if (leaks.any())
    exit = worse(exit, Exit::device);
  if ((tally.mismatches && !baseline) || !complaints.empty())
    exit = worse(exit, Exit::mismatch);
  return exit;
}

void JobReport::add(const JobReport &round) {
  const double seconds = tally.seconds + round.tally.seconds;
  const double nop_seconds = tally.nop_seconds + round.tally.nop_seconds;
  tally.merge(round.tally);
  tally.seconds = seconds;
  tally.nop_seconds = nop_seconds;
  leaks.pool_slots += round.leaks.pool_slots;
  leaks.mappings += round.leaks.mappings;
  leaks.buffers += round.leaks.buffers;
  leaks.pinned_bytes += round.leaks.pinned_bytes;
  pool_slots = std::max(pool_slots, round.pool_slots);
  pool_hiwater_slots = std::max(pool_hiwater_slots, round.pool_hiwater_slots);
  if (p2m_lookups && round.p2m_lookups)
    *p2m_lookups += *round.p2m_lookups;
  if (!failure)
    failure = round.failure;
}

std::optional<double> median_ratio(const Histogram &ours, const Histogram &kernel) {
  if (!ours.count() || !kernel.count() || !kernel.percentile(50))
    return {};
  return static_cast<double>(ours.percentile(50)) / static_cast<double>(kernel.percentile(50));
}

std::vector<std::string> differences(const JobReport &ours, const JobReport &kernel) {
  std::vector<std::string> found;
  const auto side = [&](const char *who, const JobReport &one, const JobReport &other) {
    if (one.failure && !other.failure)
      found.push_back(
          fmt::format("{} ops did not get through the job: {}", who, one.failure->text()));
    for (unsigned cause = 0; cause < XSW_NR_CAUSES; ++cause)
      if (one.tally.causes[cause] && !other.tally.causes[cause])
        found.push_back(fmt::format("{} ops refused {} jobs ({}), of which the other ones refused "
                                    "none for that",
                                    who, one.tally.causes[cause], cause_name(cause)));
    if (one.tally.mismatches && !other.tally.mismatches)
      found.push_back(
          fmt::format("with {} ops {} jobs had wrong bytes", who, one.tally.mismatches));
  };
  side("our", ours, kernel);
  side("the kernel's", kernel, ours);
  return found;
}

std::vector<std::string> unmet(const Job &job, const Tally &tally) {
  std::vector<std::string> complaints;
  if (!job.expect_reasons.empty())
    for (unsigned reason = 0; reason < XSW_NR_REASONS; ++reason) {
      const bool wanted = std::find(job.expect_reasons.begin(), job.expect_reasons.end(), reason) !=
                          job.expect_reasons.end();
      const uint64_t count = tally.placed_reasons[reason];
      if (wanted && !count)
        complaints.push_back(fmt::format("no mapping took the path {}", reason_name(reason)));
      if (!wanted && count)
        complaints.push_back(
            fmt::format("{} mappings took the path {}, which expect= does not name", count,
                        reason_name(reason)));
    }
  for (const unsigned cause : job.expect_causes)
    if (!tally.causes[cause])
      complaints.push_back(fmt::format("no operation failed with {}", cause_name(cause)));
  return complaints;
}

Exit RunReport::exit() const {
  Exit exit = Exit::verified;
  for (const JobReport &job : jobs)
    exit = worse(exit, job.exit());
  return exit;
}

std::string RunReport::text() const {
  std::string text = environment_text(environment);
  text += fmt::format("seed        {}\n\n", seed);
  for (const JobReport &job : jobs)
    text += job_text(job);
  for (const Comparison &pair : comparisons)
    text += comparison_text(pair.name, jobs[pair.ours], jobs[pair.kernel]);

  size_t width = 4;
  for (const JobReport &job : jobs)
    width = std::max(width, job.job.name.size());
  text += fmt::format("{:<{}}  {:<15} {:>10} {:>10} {:>10} {:>10} {:>6} {:>5}  {}\n", "job", width,
                      "engine", "mappings", "direct", "foreign", "bounced", "wrong", "leaks",
                      "verdict");
  for (const JobReport &job : jobs) {
    const Tally &tally = job.tally;
    text += fmt::format("{:<{}}  {:<15} {:>10} {:>10} {:>10} {:>10} {:>6} {:>5}  {}\n",
                        job.job.name, width, engine_name(job.job), tally.jobs * 2,
                        tally.reasons[XSW_REASON_DIRECT] + tally.reasons[XSW_REASON_KERNEL_DIRECT],
                        tally.reasons[XSW_REASON_FOREIGN],
                        bounced(tally) + tally.reasons[XSW_REASON_KERNEL_OTHER], tally.mismatches,
                        job.leaks.any() ? "yes" : "0", verdict(job.exit()));
  }
  return text;
}

nlohmann::json RunReport::json() const {
  nlohmann::json json{
      {"schema_version", schema_version},
      {"tool", "xswiotlb"},
      {"tool_version", tool_version},
      {"time", environment.date},
      {"environment", environment_json(environment)},
      {"seed", seed},
      {"exit_code", static_cast<int>(exit())},
      {"verdict", verdict(exit())},
  };
  json["jobs"] = nlohmann::json::array();
  for (const JobReport &job : jobs)
    json["jobs"].push_back(job_json(job));
  json["comparisons"] = nlohmann::json::array();
  for (const Comparison &pair : comparisons)
    json["comparisons"].push_back(comparison_json(pair.name, jobs[pair.ours], jobs[pair.kernel]));
  return json;
}

std::string counts_text(std::span<const uint64_t> counts, std::string_view (*name)(unsigned)) {
  std::string text;
  for (unsigned i = 0; i < counts.size(); ++i)
    if (counts[i])
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name(i), counts[i]);
  return text.empty() ? "none" : text;
}

nlohmann::json counts_json(std::span<const uint64_t> counts, std::string_view (*name)(unsigned)) {
  nlohmann::json json = nlohmann::json::object();
  for (unsigned i = 0; i < counts.size(); ++i)
    if (counts[i])
      json[std::string(name(i))] = counts[i];
  return json;
}

nlohmann::json environment_json(const Environment &environment) {
  const xsw_info &info = environment.info;
  nlohmann::json notes = nlohmann::json::object();
  for (const auto &[key, value] : environment.notes.all())
    notes[key] = value;
  return {
      {"host_notes", notes},
      {"kernel", environment.kernel},
      {"machine", environment.machine},
      {"command_line", environment.command_line},
      {"date", environment.date},
      {"cpus", environment.cpus},
      {"hypervisor", info.hypervisor},
      {"module_version", info.version},
      {"abi_version", info.abi_version},
      {"env", info.env},
      {"pool_bytes", info.pool_bytes},
      {"slot_bytes", info.slot_size},
      {"edu_devices", info.nr_edu},
  };
}

std::string environment_text(const Environment &environment) {
  const xsw_info &info = environment.info;
  constexpr std::string_view more = "\n            ";
  std::string line, notes;
  if (!environment.command_line.empty())
    line = fmt::format("{}{}", more, environment.command_line);
  for (const auto &[key, value] : environment.notes.all())
    notes += fmt::format("{}{} {}", notes.empty() ? more : ", ", key, value);
  return fmt::format("xswiotlb    {} (module {}, ABI {})\n"
                     "kernel      {} {}, {} CPUs, hypervisor {}{}\n"
                     "host        env {}, pool {}{}\n"
                     "date        {}\n",
                     tool_version, info.version, info.abi_version, environment.kernel,
                     environment.machine, environment.cpus, info.hypervisor, line, info.env,
                     human_bytes(info.pool_bytes), notes, environment.date);
}

nlohmann::json histogram_json(const Histogram &histogram) {
  nlohmann::json json{{"count", histogram.count()},
                      {"min", histogram.min()},
                      {"max", histogram.max()},
                      {"mean", histogram.mean()}};
  json["percentile"] = nlohmann::json::object();
  for (const double percent : percentiles)
    json["percentile"][fmt::format("{:.6f}", percent)] = histogram.percentile(percent);
  return json;
}

const char *verdict(Exit exit) {
  switch (exit) {
  case Exit::verified:
    return "ok";
  case Exit::mismatch:
    return "MISMATCH";
  case Exit::usage:
    return "USAGE";
  case Exit::environment:
    return "MISSING";
  case Exit::device:
    return "ERROR";
  }
  return "?";
}

std::string human_bytes(uint64_t bytes) {
  constexpr std::array<const char *, 5> units{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < units.size(); ++unit)
    value /= 1024;
  return unit ? fmt::format("{:.1f} {}", value, units[unit]) : fmt::format("{} B", bytes);
}

} // namespace xsw
