// SPDX-License-Identifier: GPL-2.0
// What `xswiotlb bench` measures, and its report.
#pragma once

#include "report.h"
#include <array>
#include <cstdint>
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
  bool narrow = false; // the device reaches 32 bits only
  bool user = false;   // pages of the process, as a scatterlist
  bool sync = false;
};

// A command of @jobs jobs, or the empty one.
struct BenchWayCase {
  std::string_view name;
  uint32_t jobs;
  bool ring = false;
  bool fixed = false;
};

std::span<const BenchCase> bench_cases();
std::span<const BenchWayCase> bench_ways();

// Nanoseconds, one a round, by the kernel's clock: reading it is in all of them.
struct BenchSide {
  std::vector<uint64_t> map;
  std::vector<uint64_t> sync;
  std::vector<uint64_t> unmap;
  unsigned reason = XSW_REASON_NONE; // of the last
  unsigned segments = 0;

  void merge(const BenchSide &other);
  // Map, sync and unmap of each round.
  std::vector<uint64_t> pairs() const;
};

uint64_t least(std::span<const uint64_t> values);
// The value that @percent of all are not above; 0 when there are none.
uint64_t percentile(std::vector<uint64_t> values, double percent);

// Of the medians, and of those of ten parts of the run the second least and the second greatest.
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
};

struct BenchWay {
  BenchWayCase what;
  std::vector<uint64_t> command; // per job, submission and completion included
  std::vector<uint64_t> work;    // per job, what the module says mapping and moving took
  std::optional<Error> failure;
};

struct BenchReport {
  Environment environment;
  unsigned rounds = 0;
  std::vector<BenchPairs> pairs;
  std::vector<BenchWay> ways;

  // What there is no such memory for here is no failure.
  Exit exit() const;
  std::string text() const;
  nlohmann::json json() const;
};

} // namespace xsw
