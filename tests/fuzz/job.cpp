// SPDX-License-Identifier: GPL-2.0
// Fuzzer of the job files' parser. Lines in front that start with '!' are keys given on the command
// line, with '@' sections to be chosen.
#include "job.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <set>

namespace xsw {
namespace {

using std::string_view;

void require(bool good, string_view what, string_view detail) {
  if (good)
    return;
  fmt::print(stderr, "{}: {}\n", what, detail);
  std::abort();
}

bool within(uint64_t value, uint64_t low, uint64_t high) { return value >= low && value <= high; }

bool low_bits(uint64_t value) { return (value & (value + 1)) == 0; }

// What worker and kernel take for granted of a job.
void check_ranges(const Job &j) {
  const auto ranges = {
      j.engine == XSW_ENGINE_SIM || j.engine == XSW_ENGINE_EDU,
      j.engine_index == XSW_ANY_INDEX || j.engine_index <= 255,
      j.p2m_offset < uint64_t{1} << 36,
      !j.pool_bytes || within(j.pool_bytes, 256 << 10, 256 << 20),
      j.latency_us <= 1000000,
      !j.mask_bits || within(j.mask_bits, 20, 64),
      j.min_align_mask <= 65535 && low_bits(j.min_align_mask),
      !j.seg_boundary || (j.seg_boundary >= 4095 && low_bits(j.seg_boundary)),
      within(j.size.low, 1, j.size.high) && j.size.high <= 1 << 30,
      j.offset.low <= j.offset.high && j.offset.high <= 4095,
      within(j.offset_align, 1, 4096) && std::has_single_bit(j.offset_align),
      within(j.depth, 1, 1024) && (j.submit == Submit::uring || j.depth == 1),
      within(j.batch, 1, 256),
      within(j.threads, 1, 64),
      j.count <= 1000000000000,
      j.runtime_ms <= 24 * 3600 * 1000,
      j.job_limit() > 0,
      (j.attrs & ~(XSW_ATTR_NO_WARN | XSW_ATTR_WEAK_ORDERING)) == 0,
      !(j.force_bounce && j.no_bounce),
      j.buffers == Buffers::kernel || j.placement == XSW_PLACE_ANY,
  };
  const auto bad = std::find(ranges.begin(), ranges.end(), false);
  require(bad == ranges.end(), "a job that is out of range was accepted",
          fmt::format("{}, range {}", command_line(j), bad - ranges.begin()));
  for (const unsigned reason : j.expect_reasons)
    require(reason > 0 && reason < XSW_NR_REASONS, "no reason", j.name);
  for (const unsigned cause : j.expect_causes)
    require(cause > 0 && cause < XSW_NR_CAUSES, "no cause", j.name);
}

bool printable(string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return (c < ' ' && c != '\t') || c == 0x7f; });
}

// What the job says of itself makes the same job.
void check_back(const Job &job) {
  std::vector<Setting> settings;
  const Job defaults;
  for (const Key &key : keys())
    if (auto value = key.show(job); value != key.show(defaults))
      settings.push_back({std::string(key.name), std::move(value)});
  const auto back = job_of(settings);
  require(back.has_value(), "a job's own settings are refused", back ? "" : back.error().text());
  for (const Key &key : keys())
    require(key.show(*back) == key.show(job), "it shows another value than it takes", key.name);
  require(printable(command_line(job)), "it shows a control character", job.name);
}

void check_error(const Error &error, string_view text) {
  const std::string said = error.text();
  require(error.exit == Exit::usage, "not the user's fault?", said);
  require(printable(said), "it shows a control character", said);
  require(!said.ends_with(": ") && !said.ends_with('\n'), "half a sentence", said);
  if (said.starts_with("command line: ") || said.starts_with("job '"))
    return;
  require(said.starts_with("t.ini:"), "it does not say where", said);
  if (said.starts_with("t.ini: "))
    return;
  char *end = nullptr;
  const auto line = std::strtoul(said.c_str() + 6, &end, 10);
  const auto lines = std::count(text.begin(), text.end(), '\n') + 1;
  require(string_view(end).starts_with(": ") && within(line, 1, static_cast<uint64_t>(lines)),
          "there is no such line", said);
}

void run(string_view text) {
  std::vector<Setting> overrides;
  std::vector<std::string> sections;
  while (text.starts_with('!') || text.starts_with('@')) {
    const auto end = std::min(text.find('\n'), text.size() - 1);
    const std::string line(text.substr(1, end - 1));
    const auto equals = std::min(line.find('='), line.size());
    if (!printable(line))
      return;
    if (text.front() == '@')
      sections.push_back(line);
    else
      overrides.push_back({line.substr(0, equals), line.substr(std::min(equals + 1, line.size()))});
    text.remove_prefix(end + 1);
  }
  const auto jobs = parse_jobs(text, "t.ini", overrides, sections);
  if (!jobs) {
    check_error(jobs.error(), text);
    return;
  }
  std::set<string_view> names;
  for (const Job &job : *jobs) {
    check_ranges(job);
    check_back(job);
    // It throws at what is no text.
    require(nlohmann::json{job.name, job.description}.dump().size() > 6, "no JSON", job.name);
    // Only a name on the command line can make two of one name.
    require(names.insert(job.name).second || job.where.contains("name"), "two jobs", job.name);
  }
}

} // namespace
} // namespace xsw

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const std::string text(data, data + size);
  xsw::run(text);
  return 0;
}
