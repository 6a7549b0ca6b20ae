// SPDX-License-Identifier: GPL-2.0
// A job as its file or command line describes it: the model, its keys, the INI reader.
#pragma once

#include "error.h"
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xsw {

// Both ends included.
struct Range {
  uint64_t low = 0;
  uint64_t high = 0;
};

enum class Direction { to, from, both, bidi };
enum class Buffers { user, fixed, kernel };
// Beside those of the ABI: user memory that this domain grants to itself.
constexpr auto place_foreign_grant = static_cast<xsw_placement>(XSW_PLACE_MMIO + 1);

enum class Submit { ioctl, uring };

struct Job {
  std::string name;
  std::string description;

  xsw_engine_kind engine = XSW_ENGINE_SIM;
  uint32_t engine_index = XSW_ANY_INDEX;
  xsw_ops_kind ops = XSW_OPS_OURS;
  bool both_ops = false; // ours and the kernel's in turn, compared
  xsw_p2m p2m = XSW_P2M_IDENTITY;
  uint64_t p2m_offset = 65536;
  bool no_m2p = false;
  bool no_flush = false;
  bool force_bounce = false;
  bool no_bounce = false;
  uint64_t pool_bytes = 0;
  uint64_t latency_us = 0;
  uint32_t mask_bits = 0;
  uint32_t min_align_mask = 0;
  uint64_t seg_boundary = 0;

  Range size{4096, 4096};
  Range offset{0, 0};
  uint32_t offset_align = 1;
  Direction direction = Direction::both;
  Buffers buffers = Buffers::kernel;
  xsw_placement placement = XSW_PLACE_ANY;
  bool sg = false;
  bool sync = false;
  uint32_t attrs = 0;

  Submit submit = Submit::uring;
  uint32_t depth = 1;
  uint32_t batch = 1;
  uint32_t threads = 1;
  uint64_t count = 0;
  uint64_t runtime_ms = 0;

  bool verify = true;
  uint64_t seed = 0; // 0: the run's own
  std::vector<unsigned> expect_reasons;
  std::vector<unsigned> expect_causes;

  // Where a key was given, "file:12" or "command line"; not there: it has its default.
  std::map<std::string, std::string, std::less<>> where;

  // Which sides carry buffers= and placement=; the other is a plain low kernel buffer.
  bool places_source() const { return direction != Direction::from; }
  bool places_destination() const { return direction != Direction::to; }
  // Jobs to run where neither count= nor runtime= says.
  static constexpr uint64_t default_count = 1000;
  uint64_t job_limit() const;
};

struct Key {
  std::string_view name;
  std::string_view alias; // another name, or empty
  std::string_view values;
  std::string_view help;
  bool flag; // "key" alone means key=1
  std::function<bool(Job &, std::string_view)> parse;
  std::function<std::string(const Job &)> show;
};

std::span<const Key> keys();
// By name or alias; null when there is none.
const Key *find_key(std::string_view name);
// "unknown key 'dephth', did you mean 'depth'?"
std::string unknown_key(std::string_view name);

// One setting; the error names @where, key, value and what is allowed.
Result<void> set_key(Job &job, std::string_view key, std::string_view value,
                     const std::string &where);

struct Setting {
  std::string key;
  std::string value;
};

// Reads a job file: [global] settings hold for the sections below them, @overrides for all.
// The jobs are checked, and are those whose name is in @sections where that is not empty.
Result<std::vector<Job>> parse_jobs(std::string_view text, const std::string &file,
                                    std::span<const Setting> overrides = {},
                                    std::span<const std::string> sections = {});
Result<std::vector<Job>> read_jobs(const std::string &file, std::span<const Setting> overrides,
                                   std::span<const std::string> sections);
// A job without a file.
Result<Job> job_of(std::span<const Setting> settings);

// Settings that contradict one another.
Result<void> check_job(const Job &job);

// The command line that runs this job alone; its description is no part of that.
std::string command_line(const Job &job);
// What --cmdhelp prints.
std::string describe(const Key &key);

// "4k" is 4096, "2m" two mebibytes; nothing for what is no size.
bool parse_size(std::string_view text, uint64_t &bytes);
// "10m" is ten million.
bool parse_count(std::string_view text, uint64_t &count);
// Milliseconds of "500ms", "30s", "2m", "1h"; a bare number is seconds.
bool parse_duration(std::string_view text, uint64_t &ms);
std::string show_size(uint64_t bytes);

} // namespace xsw
