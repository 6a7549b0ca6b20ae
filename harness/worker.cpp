// SPDX-License-Identifier: GPL-2.0
#include "worker.h"
#include "clock.h"
#include "words.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <climits>
#include <fmt/format.h>
#include <memory>

namespace xsw {
namespace {

constexpr size_t page = 4096;
constexpr size_t mismatches_told = 4;
// A result that the kernel never wrote.
constexpr int unwritten = INT_MIN;

// Memory of one side of a thread's jobs.
class Side {
public:
  struct Place {
    uint32_t buffer; // 0: a registered buffer
    uint64_t offset; // into the buffer, or an address
    std::byte *data;
  };

  static Result<Side> create(const Shared &shared, bool placed, size_t slots);

  Place at(size_t slot) const {
    const size_t in_buffer = layout_.start(slot % layout_.per_buffer);
    if (fixed_) {
      std::byte *data = memory_.bytes().data() + in_buffer;
      return {0, std::bit_cast<uintptr_t>(data), data};
    }
    const Buffer &buffer = buffers_[slot / layout_.per_buffer];
    return {buffer.handle(), in_buffer, buffer.bytes().data() + in_buffer};
  }
  std::span<std::byte> fixed_memory() const { return memory_.bytes(); }

private:
  Layout layout_{};
  std::vector<Buffer> buffers_;
  Memory memory_;
  bool fixed_ = false;
};

Result<Side> Side::create(const Shared &shared, bool placed, size_t slots) {
  const Job &job = shared.job;
  Side side;
  side.layout_ = Layout::of(job, slots);
  if (placed && job.buffers == Buffers::fixed) {
    side.layout_.per_buffer = slots;
    auto memory = Memory::anonymous(side.layout_.buffer_bytes());
    if (!memory)
      return tl::unexpected(memory.error());
    side.memory_ = std::move(*memory);
    side.fixed_ = true;
    return side;
  }
  for (size_t i = 0; i < side.layout_.buffers; ++i) {
    const size_t bytes = side.layout_.buffer_bytes();
    auto buffer =
        placed && job.placement == place_foreign_grant ? Buffer::granted(shared.device, bytes)
        : placed && job.buffers == Buffers::user
            ? Buffer::user(shared.device, bytes)
            : Buffer::kernel(shared.device, shared.engine.handle(),
                             static_cast<uint32_t>(placed ? job.placement : XSW_PLACE_LOW), bytes);
    if (!buffer)
      return tl::unexpected(buffer.error());
    side.buffers_.push_back(std::move(*buffer));
  }
  return side;
}

// One job of a command.
struct Slot {
  Side::Place source;
  Side::Place destination;
  std::byte *source_data;
  std::byte *destination_data;
  uint64_t seed;
  uint64_t number;
};

// What one submission carries.
struct Command {
  std::vector<Slot> slots;
  std::vector<xsw_job> jobs;
  std::vector<xsw_result> results;
  xsw_jobv vector{};
  uint32_t nr = 0; // jobs in it this time
  uint64_t start_ns = 0;
};

class Worker {
public:
  Worker(Shared &shared, unsigned index)
      : shared_(shared), job_(shared.job), index_(index), random_(derive_seed(shared.seed, index)) {
  }

  Tally run() {
    if (auto ready = prepare(); !ready) {
      fail(ready.error());
      return std::move(tally_);
    }
    measure_nop();
    const uint64_t start = now_ns();
    deadline_ns_ = job_.runtime_ms ? start + job_.runtime_ms * 1000000 : UINT64_MAX;
    if (ring_)
      run_ring();
    else
      run_ioctl();
    tally_.seconds = static_cast<double>(now_ns() - start) * 1e-9;
    return std::move(tally_);
  }

private:
  Result<void> prepare();
  void fill(Command &command);
  void complete(Command &command, int res);
  void check(const Slot &slot, const xsw_job &job, const xsw_result &result);
  void mismatch(const Slot &slot, const xsw_job &job, const xsw_result &result, const char *where,
                const Mismatch &difference, int64_t base);
  void refused(int res, unsigned cause);
  void run_ioctl();
  void run_ring();
  void measure_nop();

  bool more() {
    return next_ < limit_ && !shared_.stop.load(std::memory_order_relaxed) &&
           now_ns() < deadline_ns_;
  }
  uint32_t ioc() const { return job_.batch > 1 ? XSW_IOC_JOBV : XSW_IOC_JOB; }
  const void *op(const Command &command) const {
    return job_.batch > 1 ? static_cast<const void *>(&command.vector)
                          : static_cast<const void *>(command.jobs.data());
  }
  size_t op_size() const { return job_.batch > 1 ? sizeof(xsw_jobv) : sizeof(xsw_job); }
  int fixed() const { return job_.buffers == Buffers::fixed ? 0 : -1; }

  void fail(Error error) {
    if (!tally_.failure)
      tally_.failure = std::move(error);
    shared_.stop = true;
  }

  Shared &shared_;
  const Job &job_;
  unsigned index_;
  Random random_;
  Tally tally_;
  // The ring is declared last, so ended first: nothing is under way when memory goes.
  std::optional<Side> source_;
  std::optional<Side> destination_;
  std::vector<Command> commands_;
  uint64_t next_ = 0;
  uint64_t limit_ = 0;
  uint64_t deadline_ns_ = 0;
  std::optional<Ring> ring_;
};

Result<void> Worker::prepare() {
  const uint64_t all = job_.job_limit();
  limit_ = all == UINT64_MAX ? all : all / job_.threads + (index_ < all % job_.threads ? 1 : 0);

  const size_t slots = size_t{job_.depth} * job_.batch;
  // Registered buffers: both ranges of a job lie in one, so one side's memory holds twice the
  // slots.
  const bool is_fixed = job_.buffers == Buffers::fixed;
  auto source = Side::create(shared_, job_.places_source(), is_fixed ? 2 * slots : slots);
  if (!source)
    return tl::unexpected(source.error());
  source_.emplace(std::move(*source));
  if (!is_fixed) {
    auto destination = Side::create(shared_, job_.places_destination(), slots);
    if (!destination)
      return tl::unexpected(destination.error());
    destination_.emplace(std::move(*destination));
  }

  commands_.resize(job_.depth);
  for (size_t c = 0; c < commands_.size(); ++c) {
    Command &command = commands_[c];
    command.slots.resize(job_.batch);
    command.jobs.resize(job_.batch);
    command.results.resize(job_.batch);
    for (size_t i = 0; i < job_.batch; ++i) {
      const size_t slot = c * job_.batch + i;
      command.slots[i].source = source_->at(slot);
      command.slots[i].destination = is_fixed ? source_->at(slots + slot) : destination_->at(slot);
    }
  }

  if (job_.submit == Submit::uring) {
    auto ring = Ring::create(std::bit_ceil(job_.depth), shared_.device.fd());
    if (!ring)
      return tl::unexpected(ring.error());
    ring_.emplace(std::move(*ring));
    if (is_fixed) {
      const std::array<std::span<std::byte>, 1> buffers{source_->fixed_memory()};
      return ring_->register_buffers(buffers);
    }
  }
  return {};
}

void Worker::fill(Command &command) {
  command.nr = static_cast<uint32_t>(std::min<uint64_t>(job_.batch, limit_ - next_));
  for (uint32_t i = 0; i < command.nr; ++i) {
    Slot &slot = command.slots[i];
    xsw_job &job = command.jobs[i];
    slot.number = next_++;
    slot.seed = random_.next();
    const uint64_t len = random_.between(job_.size.low, job_.size.high);
    const uint64_t source_offset = pick_offset(job_, random_);
    const uint64_t destination_offset = pick_offset(job_, random_);
    slot.source_data = slot.source.data + source_offset;
    slot.destination_data = slot.destination.data + destination_offset;

    job = {};
    job.size = sizeof(job);
    job.flags = XSW_F_TIMES | (job_.sg ? XSW_F_SG : 0U) | (job_.sync ? XSW_F_SYNC : 0U) |
                (fixed() >= 0 ? XSW_F_FIXED : 0U);
    job.engine = shared_.engine.handle();
    job.len = static_cast<uint32_t>(len);
    job.src_buffer = slot.source.buffer;
    job.dst_buffer = slot.destination.buffer;
    job.src_offset = slot.source.offset + source_offset;
    job.dst_offset = slot.destination.offset + destination_offset;
    const bool bidi = job_.direction == Direction::bidi;
    job.src_dir = static_cast<uint8_t>(bidi ? XSW_BIDIRECTIONAL : XSW_TO_DEVICE);
    job.dst_dir = static_cast<uint8_t>(bidi ? XSW_BIDIRECTIONAL : XSW_FROM_DEVICE);
    job.attrs = static_cast<uint16_t>(job_.attrs);
    job.result = std::bit_cast<uintptr_t>(&command.results[i]);
    command.results[i] = {};
    command.results[i].status = unwritten;

    if (job_.verify) {
      pattern_fill({slot.source_data, len}, slot.seed);
      guard_fill({slot.destination_data - guard_bytes, guard_bytes}, slot.seed);
      guard_fill({slot.destination_data + len, guard_bytes}, slot.seed);
    }
  }
  command.vector = {};
  command.vector.size = sizeof(command.vector);
  command.vector.nr = command.nr;
  command.vector.stride = sizeof(xsw_job);
  command.vector.jobs = std::bit_cast<uintptr_t>(command.jobs.data());
}

void Worker::mismatch(const Slot &slot, const xsw_job &job, const xsw_result &result,
                      const char *where, const Mismatch &difference, int64_t base) {
  ++tally_.mismatches;
  if (tally_.mismatch_texts.size() >= mismatches_told)
    return;
  tally_.mismatch_texts.push_back(fmt::format("job '{}': operation {} of thread {}, seed {}: {} "
                                              "byte {} of {}: expected {:#04x}, got {:#04x}; "
                                              "source {} at {:#x}, destination {} at {:#x}",
                                              job_.name, slot.number, index_, shared_.seed, where,
                                              base + static_cast<int64_t>(difference.offset),
                                              job.len, difference.expected, difference.got,
                                              reason_name(result.src_reason), job.src_offset,
                                              reason_name(result.dst_reason), job.dst_offset));
}

void Worker::check(const Slot &slot, const xsw_job &job, const xsw_result &result) {
  const size_t len = job.len;
  const std::span<const std::byte> before{slot.destination_data - guard_bytes, guard_bytes};
  const std::span<const std::byte> after{slot.destination_data + len, guard_bytes};
  if (const auto bad = pattern_verify({slot.destination_data, len}, slot.seed))
    mismatch(slot, job, result, "destination", *bad, 0);
  else if (const auto bad_before = guard_verify(before, slot.seed))
    mismatch(slot, job, result, "guard before the destination", *bad_before,
             -static_cast<int64_t>(guard_bytes));
  else if (const auto bad_after = guard_verify(after, slot.seed))
    mismatch(slot, job, result, "guard behind the destination", *bad_after,
             static_cast<int64_t>(len));
  else if (const auto bad_source = pattern_verify({slot.source_data, len}, slot.seed))
    mismatch(slot, job, result, "source", *bad_source, 0);
}

void Worker::refused(int res, unsigned cause) {
  ++tally_.failed;
  if (cause < XSW_NR_CAUSES)
    ++tally_.causes[cause];
  if (std::find(job_.expect_causes.begin(), job_.expect_causes.end(), cause) !=
      job_.expect_causes.end())
    return;
  fail(Error{.what = fmt::format("job '{}'", job_.name),
             .device = fmt::format("{}, {} engine", shared_.device.path(),
                                   job_.engine == XSW_ENGINE_EDU ? "edu" : "sim"),
             .err = -res,
             .cause = cause,
             .advice = advice_for(-res, cause),
             .exit = exit_for(-res, cause)});
}

void Worker::complete(Command &command, int res) {
  // A vector returns how many of its jobs succeeded; below zero it did nothing.
  if (res < 0 && job_.batch > 1) {
    refused(res, XSW_CAUSE_NONE);
    return;
  }
  uint64_t done = 0;
  for (uint32_t i = 0; i < command.nr; ++i) {
    const xsw_result &result = command.results[i];
    const int status = res < 0 ? res : result.status;
    if (status == unwritten || (status == 0 && result.bytes != command.jobs[i].len)) {
      fail(Error{.what = fmt::format(
                     "job '{}', operation {}: {}", job_.name, command.slots[i].number,
                     status == unwritten
                         ? std::string("its result was never written")
                         : fmt::format("moved {} of {} bytes", result.bytes, command.jobs[i].len)),
                 .device = shared_.device.path(),
                 .err = 0,
                 .cause = XSW_CAUSE_NONE,
                 .advice = "this is a defect of the module",
                 .exit = Exit::device});
      continue;
    }
    if (status < 0) {
      refused(status, result.cause);
      continue;
    }
    ++done;
    tally_.bytes += result.bytes;
    const auto src = std::min<unsigned>(result.src_reason, XSW_NR_REASONS - 1);
    const auto dst = std::min<unsigned>(result.dst_reason, XSW_NR_REASONS - 1);
    ++tally_.reasons[src];
    ++tally_.reasons[dst];
    if (job_.places_source())
      ++tally_.placed_reasons[src];
    if (job_.places_destination())
      ++tally_.placed_reasons[dst];
    tally_.map_ns.add(result.map_ns);
    tally_.transfer_ns.add(result.xfer_ns);
    if (job_.sync)
      tally_.sync_ns.add(result.sync_ns);
    tally_.unmap_ns.add(result.unmap_ns);
    if (job_.verify)
      check(command.slots[i], command.jobs[i], result);
  }
  if (job_.batch > 1 && done != static_cast<uint64_t>(res))
    fail(
        Error{.what = fmt::format("job '{}': a vector returned {} where the results of {} jobs say "
                                  "success",
                                  job_.name, res, done),
              .device = shared_.device.path(),
              .err = 0,
              .cause = XSW_CAUSE_NONE,
              .advice = "this is a defect of the module",
              .exit = Exit::device});
  tally_.jobs += done;
  shared_.jobs_done.fetch_add(command.nr, std::memory_order_relaxed);
}

void Worker::run_ioctl() {
  Command &command = commands_.front();
  while (more()) {
    fill(command);
    const uint64_t start = now_ns();
    const int res = shared_.device.issue(ioc(), op(command), op_size());
    tally_.command_ns.add(now_ns() - start);
    complete(command, res);
  }
}

void Worker::run_ring() {
  std::vector<size_t> idle(commands_.size());
  for (size_t i = 0; i < idle.size(); ++i)
    idle[i] = i;
  std::vector<size_t> ready;
  std::vector<std::pair<size_t, int>> seen;
  size_t under_way = 0;

  for (;;) {
    // Data first, then the clock: what a command waits for others to be filled is not its time.
    ready.clear();
    while (!idle.empty() && more()) {
      fill(commands_[idle.back()]);
      ready.push_back(idle.back());
      idle.pop_back();
    }
    const uint64_t start = now_ns();
    for (const size_t i : ready) {
      Command &command = commands_[i];
      command.start_ns = start;
      if (!ring_->queue(ioc(), op(command), op_size(), i, fixed()))
        std::abort(); // as many entries as commands
    }
    under_way += ready.size();
    if (!under_way)
      return;
    if (const int rc = ring_->submit(1); rc < 0) {
      fail(Error{.what = "submitting",
                 .device = "io_uring",
                 .err = -rc,
                 .cause = XSW_CAUSE_NONE,
                 .advice = {},
                 .exit = Exit::device});
      return;
    }
    seen.clear();
    ring_->reap([&](uint64_t i, int res) { seen.emplace_back(i, res); });
    const uint64_t end = now_ns();
    under_way -= seen.size();
    for (const auto &[i, res] : seen) {
      tally_.command_ns.add(end - commands_[i].start_ns);
      complete(commands_[i], res);
      idle.push_back(i);
    }
  }
}

// The empty command over the same way and with the same depth: what submission alone costs.
void Worker::measure_nop() {
  constexpr uint64_t commands = 2000;
  const xsw_nop nop{.size = sizeof(nop), .flags = 0};
  const uint64_t start = now_ns();
  uint64_t done = 0;
  int rc = 0;
  while (done < commands && rc >= 0) {
    const uint64_t before = now_ns();
    if (!ring_) {
      rc = shared_.device.issue(XSW_IOC_NOP, &nop, sizeof(nop));
      tally_.nop_ns.add(now_ns() - before);
      ++done;
      continue;
    }
    for (uint32_t i = 0; i < job_.depth; ++i)
      ring_->queue(XSW_IOC_NOP, &nop, sizeof(nop), 0);
    uint32_t back = 0;
    while (back < job_.depth && rc >= 0) {
      rc = ring_->submit(1);
      const uint64_t after = now_ns();
      back += ring_->reap([&](uint64_t, int res) {
        tally_.nop_ns.add(after - before);
        if (res < 0)
          rc = res;
      });
    }
    done += back;
  }
  if (rc < 0)
    fail(Error{.what = "the empty command",
               .device = shared_.device.path(),
               .err = -rc,
               .cause = XSW_CAUSE_NONE,
               .advice = advice_for(-rc, XSW_CAUSE_NONE),
               .exit = exit_for(-rc, XSW_CAUSE_NONE)});
  tally_.nop_count = done;
  tally_.nop_seconds = static_cast<double>(now_ns() - start) * 1e-9;
}

} // namespace

void Tally::merge(const Tally &other) {
  jobs += other.jobs;
  bytes += other.bytes;
  failed += other.failed;
  for (size_t i = 0; i < reasons.size(); ++i) {
    reasons[i] += other.reasons[i];
    placed_reasons[i] += other.placed_reasons[i];
  }
  for (size_t i = 0; i < causes.size(); ++i)
    causes[i] += other.causes[i];
  map_ns.merge(other.map_ns);
  transfer_ns.merge(other.transfer_ns);
  sync_ns.merge(other.sync_ns);
  unmap_ns.merge(other.unmap_ns);
  command_ns.merge(other.command_ns);
  nop_ns.merge(other.nop_ns);
  nop_count += other.nop_count;
  nop_seconds = std::max(nop_seconds, other.nop_seconds);
  mismatches += other.mismatches;
  for (const std::string &text : other.mismatch_texts)
    if (mismatch_texts.size() < mismatches_told)
      mismatch_texts.push_back(text);
  if (!failure)
    failure = other.failure;
  seconds = std::max(seconds, other.seconds);
}

Layout Layout::of(const Job &job, size_t slots) {
  constexpr size_t buffer_target = 1 << 20;
  Layout layout{};
  layout.slot = (job.offset.high + job.size.high + 2 * guard_bytes + page - 1) & ~(page - 1);
  layout.per_buffer = std::clamp<size_t>(buffer_target / layout.slot, 1, slots);
  layout.buffers = (slots + layout.per_buffer - 1) / layout.per_buffer;
  return layout;
}

size_t Layout::start(size_t index) const { return page + index * slot; }

uint64_t pick_offset(const Job &job, Random &random) {
  const uint64_t first = (job.offset.low + job.offset_align - 1) / job.offset_align;
  const uint64_t last = job.offset.high / job.offset_align;
  return random.between(first, last) * job.offset_align;
}

Tally run_worker(Shared &shared, unsigned index) { return Worker(shared, index).run(); }

} // namespace xsw
