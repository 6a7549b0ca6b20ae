// SPDX-License-Identifier: GPL-2.0
// Everything at random from one seed: jobs, vectors, primitive sequences against a byte
// model, wrong operations, full pools, and buffers and engines that come and go.
#pragma once

#include "device.h"
#include "report.h"
#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace xsw {

struct StressPlan {
  uint64_t seed = 0;
  uint64_t ops = 0;     // mappings to make, 0: until the time is over
  uint64_t time_ms = 0; // 0: until the mappings are made
  unsigned threads = 2;
  unsigned sim = 3; // engines that all threads share; each thread has its own besides
  unsigned edu = 0;
  uint64_t min_edu_transfers = 0;
};

struct StressTally {
  uint64_t mappings = 0;
  uint64_t jobs = 0;
  uint64_t sequences = 0;
  uint64_t injected = 0; // wrong operations that were refused as they must be
  uint64_t retries = 0;  // after the pool was full
  uint64_t bytes = 0;
  uint64_t engines = 0;
  uint64_t buffers = 0;
  uint64_t grants_refused = 0; // by gntalloc, by gntdev or by Xen, for reasons that are not told
  uint64_t abandoned = 0;      // sessions closed with everything still there
  uint64_t edu_transfers = 0;
  uint64_t mismatches = 0;
  // Of mappings in the host's own environment: edu, and sim with p2m=host.
  std::array<uint64_t, XSW_NR_REASONS> host_reasons{};
  std::array<uint64_t, XSW_NR_REASONS> reasons{};
  std::array<uint64_t, XSW_NR_CAUSES> causes{};
  std::vector<std::string> mismatch_texts;
  std::optional<Error> failure;
  Leaks leaks;

  void merge(const StressTally &other);
};

// An engine with what has to be known to choose jobs that it must be able to do.
struct StressEngine {
  Engine engine;
  xsw_engine_open op;
  uint64_t max_job;

  static Result<StressEngine> open(const Device &device, const xsw_engine_open &op,
                                   const xsw_info &info);
  // Does it map in the host's environment, and bounce to the host's pool?
  bool host() const { return op.kind == XSW_ENGINE_EDU || op.p2m == XSW_P2M_HOST; }
  std::string text() const;
};

// A sim engine as any. @large: with the room for mappings of several MiB; @host: in the host's
// environment.
xsw_engine_open random_engine(Random &random, bool large, bool host);
// The host's environment has an address translation of its own.
bool on_xen(const xsw_info &info);

struct StressShared {
  const StressPlan &plan;
  const xsw_info &info;
  const Device &device; // the session that all threads use, with these engines
  std::vector<StressEngine> &engines;
  uint64_t deadline_ns;
  std::atomic<uint64_t> mappings{0};
  std::atomic<uint64_t> edu_transfers{0};
  std::atomic<bool> stop{false};

  // Has the plan been met?
  bool enough() const;
};

// A thread of sim load; a thread that drives edu device @index.
StressTally stress_sim(StressShared &shared, unsigned thread);
StressTally stress_edu(StressShared &shared, unsigned index);

} // namespace xsw
