// SPDX-License-Identifier: GPL-2.0
// One thread of a job: depth commands of batch jobs each under way, every byte compared.
#pragma once

#include "device.h"
#include "histogram.h"
#include "job.h"
#include "pattern.h"
#include <array>
#include <atomic>
#include <optional>
#include <string>
#include <vector>

namespace xsw {

// What a thread has counted, and all of them together.
struct Tally {
  uint64_t jobs = 0; // that succeeded; each made two mappings
  uint64_t bytes = 0;
  uint64_t failed = 0;
  std::array<uint64_t, XSW_NR_REASONS> reasons{};        // of all mappings
  std::array<uint64_t, XSW_NR_REASONS> placed_reasons{}; // of the sides that carry placement=
  std::array<uint64_t, XSW_NR_CAUSES> causes{};
  Histogram map_ns, transfer_ns, sync_ns, unmap_ns;
  Histogram command_ns; // submission to completion, as the caller sees it
  Histogram nop_ns;     // the same of the empty command
  uint64_t nop_count = 0;
  double nop_seconds = 0;
  uint64_t mismatches = 0;
  std::vector<std::string> mismatch_texts; // the first few
  std::optional<Error> failure;            // the first that was not expected
  double seconds = 0;

  void merge(const Tally &other);
};

// What all threads of a job share.
struct Shared {
  const Device &device;
  const Engine &engine;
  const Job &job;
  uint64_t seed;
  std::atomic<uint64_t> jobs_done{0}; // for progress
  std::atomic<bool> stop{false};      // one has failed
};

// Runs thread @index of the job to its end.
Tally run_worker(Shared &shared, unsigned index);

// How slots for jobs are laid out in the memory of one side.
struct Layout {
  size_t slot;       // bytes from one slot to the next, whole pages
  size_t per_buffer; // slots in one buffer
  size_t buffers;

  // Room for @slots jobs of @job: offset, data, and a guard on both sides.
  static Layout of(const Job &job, size_t slots);
  // From a buffer's start to slot @index of it: the guard of the first needs a page before it.
  size_t start(size_t index) const;
  size_t buffer_bytes() const { return start(per_buffer); }
};

// Random offset of a job's range, a multiple of offset_align.
uint64_t pick_offset(const Job &job, Random &random);

} // namespace xsw
