// SPDX-License-Identifier: GPL-2.0
// What `xswiotlb bench` measures, and its report.
#pragma once

#include "report.h"
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xsw {

// A map and its unmap, with our ops and with the kernel's.
struct BenchCase {
  std::string_view name;
  uint32_t bytes;
  xsw_dir dir = XSW_TO_DEVICE;
  xsw_placement placement = XSW_PLACE_LOW;
  bool narrow = false;        // the device reaches 32 bits only
  bool user = false;          // pages of the process, as a scatterlist
  uint32_t sync = 0;          // so many bytes are handed over between map and unmap
  unsigned pairs = 128;       // in a command
  bool forced = false;        // ours are told to bounce, the kernel's are by swiotlb=force
  xsw_p2m p2m = XSW_P2M_HOST; // of ours
};

// A command of @jobs jobs, or the empty one; or no command, but a system call that does nothing.
struct BenchWayCase {
  enum class By : uint8_t { none, ioctl, ring, sqpoll };
  std::string_view name;
  uint32_t jobs;
  By by = By::ring;
  bool fixed = false;
  bool forced = false; // all jobs bounce
};

std::span<const BenchCase> bench_cases();
std::span<const BenchWayCase> bench_ways();
// Of both, in the order of harness/bench-cases, where scripts look them up.
std::vector<std::string_view> bench_names();

// What --rounds and --threads take; scripts/bench-guest reads them here. All samples of a case are
// in memory at once, 8 KiB a round and thread.
constexpr unsigned least_rounds = 10;
constexpr unsigned most_rounds = 10000;
constexpr unsigned most_threads = 64;
constexpr unsigned most_rounds_by_threads = 20000;

// Nanoseconds by the kernel's clock, one a pair, but for those of a command's first pairs.
struct BenchSide {
  std::vector<uint64_t> map;
  std::vector<uint64_t> sync;
  std::vector<uint64_t> unmap;
  std::vector<uint64_t> clock;       // what one reading of the clock takes
  std::vector<uint64_t> cold;        // first pair of each command, all of it
  std::vector<uint64_t> command;     // all of its counted pairs together
  double a_second = 0;               // pairs, of all CPUs, by the median command
  unsigned reason = XSW_REASON_NONE; // of the last
  unsigned segments = 0;

  // What a command measured. Its first pair is cold, a few more are on the way from there.
  void add(std::span<const xsw_sample> samples);
  // Takes the clock off all the others, and counts pairs.
  void finish();
  // Of threads that were at it together, their samples in turn: any part of it is of them all.
  static BenchSide together(std::vector<BenchSide> threads);
  // Map, sync and unmap of each pair.
  std::vector<uint64_t> pairs() const;
};

uint64_t least(std::span<const uint64_t> values);
// The value that @percent of all are not above; 0 when there are none.
uint64_t percentile(std::vector<uint64_t> values, double percent);

// Of the medians, and of those of ten parts of the run the second least and the second greatest. A
// part in which the kernel's median is 0 has none.
struct Ratio {
  double median;
  double low;
  double high;
};
std::optional<Ratio> ratio_of(std::span<const uint64_t> ours, std::span<const uint64_t> kernel);

struct BenchPairs {
  BenchCase what;
  unsigned threads;
  std::array<BenchSide, 2> sides; // ours, the kernel's
  std::optional<Error> failure;

  // Why the two sides did not do the same; empty if they did.
  std::string no_comparison() const;
};

struct BenchWay {
  BenchWayCase what;
  unsigned threads;
  std::vector<uint64_t> command; // per job, submission and completion included
  std::vector<uint64_t> work;    // per job, what the module says mapping and moving took
  std::vector<uint64_t> mapping; // per job, the DMA API's part of that
  double a_second = 0;           // jobs, of all CPUs, by the median command
  std::optional<Error> failure;

  // As of sides.
  static BenchWay together(std::vector<BenchWay> threads);
};

class BenchReport {
public:
  Environment environment;
  unsigned rounds = 0;

  // What it has shown is kept, its samples are not.
  void add(const BenchPairs &result);
  void add(const BenchWay &result);

  // What there is no such memory for here is no failure.
  Exit exit() const { return exit_; }
  std::string text() const;
  nlohmann::json json() const;

private:
  Exit exit_ = Exit::verified;
  std::string pairs_text_;
  std::string ways_text_;
  nlohmann::json pairs_json_ = nlohmann::json::array();
  nlohmann::json ways_json_ = nlohmann::json::array();
};

} // namespace xsw
