// SPDX-License-Identifier: GPL-2.0
// xswiotlb bench: what a mapping costs with our ops and with the kernel's own, in turn, on the same
// buffers, and what it costs to ask for one.
#include "bench.h"
#include "clock.h"
#include "commands.h"
#include "ring.h"
#include "words.h"

#include <atomic>
#include <bit>
#include <cerrno>
#include <fmt/format.h>
#include <memory>
#include <sched.h>
#include <thread>
#include <unistd.h>

namespace xsw {
namespace {

struct Options {
  std::vector<std::string> names;
  unsigned rounds = 200;
  std::vector<unsigned> threads;
  bool list = false;
  Output output;
  Eta eta;
};

constexpr uint32_t narrow_bits = 32;

unsigned usable_cpus() {
  cpu_set_t may;
  return sched_getaffinity(0, sizeof(may), &may) ? 1U : static_cast<unsigned>(CPU_COUNT(&may));
}

// On the nth CPU that this process may use: its part of the pool, its caches, and one clock, which
// differs from another CPU's on Xen. Where that can't be had, it is anywhere.
void stay_on(unsigned nth) {
  cpu_set_t may;
  if (sched_getaffinity(0, sizeof(may), &may))
    return;
  nth %= static_cast<unsigned>(CPU_COUNT(&may));
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &may) || nth--)
      continue;
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(cpu, &only);
    (void)sched_setaffinity(0, sizeof(only), &only);
    return;
  }
}

xsw_engine_open engine_of(xsw_ops_kind ops, const BenchCase &what = {}) {
  xsw_engine_open op{};
  op.kind = XSW_ENGINE_SIM;
  op.ops = ops;
  op.p2m = ops == XSW_OPS_OURS ? what.p2m : XSW_P2M_HOST;
  op.flags = ops == XSW_OPS_OURS && what.forced ? XSW_ENGINE_FORCE_BOUNCE : 0U;
  op.dma_bits = what.narrow ? narrow_bits : 0;
  return op;
}

Result<Buffer> buffer_of(const Device &device, uint32_t engine, const BenchCase &what) {
  if (what.user)
    return Buffer::scattered(device, what.bytes);
  return Buffer::kernel(device, engine, what.placement, what.bytes);
}

// Threads that begin each command at once, so that they are at it together.
class Meeting {
public:
  explicit Meeting(unsigned of) : of_(of) {}
  // Nobody is waited for any more: one of them has failed.
  void end() { ended_ = true; }
  void wait() {
    constexpr unsigned patience = 10000; // there may be fewer CPUs than threads
    const unsigned turn = turn_;
    if (++arrived_ == of_) {
      arrived_ = 0;
      ++turn_;
    }
    for (unsigned i = 0; turn_ == turn && !ended_; ++i)
      if (i > patience)
        sched_yield();
  }

private:
  unsigned of_;
  std::atomic<unsigned> arrived_{0};
  std::atomic<unsigned> turn_{0};
  std::atomic<bool> ended_{false};
};

// Pairs in one command: no other comes from userspace in between.
Result<void> one_command(const Device &device, uint32_t engine, uint32_t buffer,
                         const BenchCase &what, std::span<xsw_sample> samples, BenchSide &side) {
  xsw_measure op{};
  op.flags = what.user ? XSW_F_SG : 0U;
  op.engine = engine;
  op.buffer = buffer;
  op.dir = what.dir;
  op.nr = static_cast<uint32_t>(samples.size());
  op.sync = what.sync ? XSW_SYNC_FOR_CPU : 0;
  op.len = what.bytes;
  op.sync_len = what.sync;
  op.samples = std::bit_cast<uintptr_t>(samples.data());
  const auto measured = device.measure(op);
  if (!measured)
    return tl::unexpected(measured.error());
  side.add(samples);
  side.reason = measured->src_reason;
  side.segments = measured->nr_segs;
  return {};
}

// What threads have measured, each on its CPU; one that fails is not waited for.
template <class Share, class Run>
Result<std::vector<Share>> by_threads(unsigned nr_threads, const Run &run) {
  std::vector<Result<Share>> shares(nr_threads, Share{});
  Meeting meeting(nr_threads);
  {
    std::vector<std::jthread> threads;
    threads.reserve(shares.size());
    for (unsigned i = 0; i < nr_threads; ++i)
      threads.emplace_back([&, i] {
        stay_on(i);
        shares.at(i) = run(meeting);
        if (!shares.at(i))
          meeting.end();
      });
  }
  std::vector<Share> all;
  for (auto &share : shares) {
    if (!share)
      return tl::unexpected(share.error());
    all.push_back(std::move(*share));
  }
  return all;
}

using Sides = std::array<BenchSide, 2>;

// A thread's share: a session, an engine with either ops, a buffer that both map.
Result<Sides> run_pairs(const BenchCase &what, unsigned rounds, Meeting &meeting) {
  constexpr unsigned warmup = 2;
  Sides sides;
  std::vector<xsw_sample> samples(what.pairs);
  const auto device = Device::open();
  if (!device)
    return tl::unexpected(device.error());
  const auto ours = Engine::open(*device, engine_of(XSW_OPS_OURS, what));
  if (!ours)
    return tl::unexpected(ours.error());
  const auto kernel = Engine::open(*device, engine_of(XSW_OPS_KERNEL, what));
  if (!kernel)
    return tl::unexpected(kernel.error());
  const auto buffer = buffer_of(*device, ours->handle(), what);
  if (!buffer)
    return tl::unexpected(buffer.error());
  for (unsigned i = 0; i < warmup + rounds; ++i) {
    if (i == warmup)
      sides = {};
    // Each first in every other round: what one of them leaves in the caches meets both.
    for (unsigned turn = 0; turn < 2; ++turn) {
      const unsigned which = (i + turn) % 2;
      meeting.wait();
      if (auto done = one_command(*device, (which ? *kernel : *ours).handle(), buffer->handle(),
                                  what, samples, sides.at(which));
          !done)
        return tl::unexpected(done.error());
    }
  }
  for (BenchSide &side : sides)
    side.finish();
  return sides;
}

BenchPairs measure_pairs(const BenchCase &what, unsigned nr_threads, unsigned rounds) {
  BenchPairs result{.what = what, .threads = nr_threads, .sides = {}, .failure = {}};
  auto shares = by_threads<Sides>(
      nr_threads, [&](Meeting &meeting) { return run_pairs(what, rounds, meeting); });
  if (!shares) {
    result.failure = shares.error();
    return result;
  }
  for (size_t i = 0; i < result.sides.size(); ++i) {
    std::vector<BenchSide> of_threads;
    for (Sides &share : *shares)
      of_threads.push_back(std::move(share.at(i)));
    result.sides.at(i) = BenchSide::together(std::move(of_threads));
  }
  return result;
}

// ---- submission ----

// What one reading of the clock takes.
Result<uint64_t> clock_of(const Device &device, uint32_t engine, uint32_t buffer) {
  const BenchCase what{.name = {}, .bytes = 64};
  std::array<xsw_sample, 128> samples{};
  BenchSide side;
  if (auto done = one_command(device, engine, buffer, what, samples, side); !done)
    return tl::unexpected(done.error());
  return percentile(side.clock, 50);
}

// A thread's share, with a session, a ring and buffers of its own: a command, or a vector of jobs
// in one, one way; per job, all of it and the mapping work in it.
Result<BenchWay> run_way(const BenchWayCase &what, unsigned rounds, Meeting &meeting) {
  constexpr uint32_t bytes = 4096;
  const auto device = Device::open();
  if (!device)
    return tl::unexpected(device.error());
  const auto engine = Engine::open(
      *device, engine_of(XSW_OPS_OURS, {.name = what.name, .bytes = bytes, .forced = what.forced}));
  if (!engine)
    return tl::unexpected(engine.error());
  // All jobs map the same: no more of the machine's memory than one does.
  const auto buffer = Buffer::kernel(*device, engine->handle(), XSW_PLACE_LOW, 2 * bytes);
  if (!buffer)
    return tl::unexpected(buffer.error());
  auto fixed = Memory::anonymous(2 * bytes);
  if (!fixed)
    return tl::unexpected(fixed.error());
  std::optional<Ring> ring;
  using By = BenchWayCase::By;
  if (what.by == By::ring || what.by == By::sqpoll) {
    auto made = Ring::create(4, device->fd(), what.by == By::sqpoll);
    if (!made)
      return tl::unexpected(made.error());
    ring.emplace(std::move(*made));
    const std::array<std::span<std::byte>, 1> memory{fixed->bytes()};
    if (auto done = ring->register_buffers(memory); what.fixed && !done)
      return tl::unexpected(done.error());
  }

  std::vector<xsw_result> results(std::max(what.jobs, 1U));
  std::vector<xsw_job> jobs(results.size());
  for (size_t i = 0; i < jobs.size(); ++i) {
    xsw_job &job = jobs[i];
    job.size = sizeof(job);
    job.engine = engine->handle();
    job.len = bytes;
    const uint64_t at = what.fixed ? std::bit_cast<uintptr_t>(fixed->bytes().data()) : 0;
    job.src_buffer = job.dst_buffer = what.fixed ? 0 : buffer->handle();
    job.src_offset = at;
    job.dst_offset = at + bytes;
    job.src_dir = XSW_TO_DEVICE;
    job.dst_dir = XSW_FROM_DEVICE;
    job.result = std::bit_cast<uintptr_t>(&results[i]);
  }
  xsw_jobv vector{};
  vector.size = sizeof(vector);
  vector.nr = what.jobs;
  vector.stride = sizeof(xsw_job);
  vector.jobs = std::bit_cast<uintptr_t>(jobs.data());
  const xsw_nop nop{.size = sizeof(nop), .flags = 0};

  const auto issue = [&](uint32_t cmd, const void *op, size_t size) {
    return device->issue(cmd, op, size, ring ? &*ring : nullptr, what.fixed ? 0 : -1);
  };
  const auto system_call = [] {
    getppid();
    return 0;
  };
  // What it takes: the clock is read within only where that is asked for.
  const auto once = [&](bool times) -> Result<uint64_t> {
    for (xsw_job &job : jobs)
      job.flags = (times ? XSW_F_TIMES : 0U) | (what.fixed ? XSW_F_FIXED : 0U);
    meeting.wait();
    const uint64_t start = now_ns();
    const int res = what.by == By::none ? system_call()
                    : what.jobs == 0    ? issue(XSW_IOC_NOP, &nop, sizeof(nop))
                    : what.jobs == 1    ? issue(XSW_IOC_JOB, jobs.data(), sizeof(xsw_job))
                                        : issue(XSW_IOC_JOBV, &vector, sizeof(vector));
    const uint64_t took = now_ns() - start;
    if (res == (what.jobs > 1 ? static_cast<int>(what.jobs) : 0))
      return took;
    return tl::unexpected(Error{.what = fmt::format("bench '{}'", what.name),
                                .device = device->path(),
                                .err = res < 0 ? -res : 0,
                                .cause = results.front().cause,
                                .advice = {},
                                .exit = Exit::device});
  };
  const auto clock = clock_of(*device, engine->handle(), buffer->handle());
  if (!clock)
    return tl::unexpected(clock.error());

  BenchWay way{.what = what, .threads = 1, .command = {}, .work = {}, .mapping = {}, .failure = {}};
  for (unsigned i = 0; i < rounds; ++i) {
    const auto took = once(false);
    if (!took)
      return tl::unexpected(took.error());
    way.command.push_back(*took / std::max(what.jobs, 1U));
    if (!what.jobs)
      continue;
    if (const auto timed = once(true); !timed)
      return tl::unexpected(timed.error());
    // Two maps, two unmaps, a move: a reading of the clock each.
    uint64_t mapping = 0;
    uint64_t moving = 0;
    for (const xsw_result &result : results) {
      mapping += uint64_t{result.map_ns} + result.unmap_ns;
      moving += result.xfer_ns;
    }
    mapping -= std::min(mapping, *clock * 4 * what.jobs);
    moving -= std::min(moving, *clock * what.jobs);
    way.mapping.push_back(mapping / what.jobs);
    way.work.push_back((mapping + moving) / what.jobs);
  }
  return way;
}

BenchWay measure_way(const BenchWayCase &what, unsigned nr_threads, unsigned rounds) {
  auto shares = by_threads<BenchWay>(
      nr_threads, [&](Meeting &meeting) { return run_way(what, rounds, meeting); });
  if (shares)
    return BenchWay::together(std::move(*shares));
  return {.what = what,
          .threads = nr_threads,
          .command = {},
          .work = {},
          .mapping = {},
          .failure = shares.error()};
}

// ---- the command ----

Exit run(Options &options) {
  if (auto good = options.output.resolve(); !good)
    return complain(good.error());
  const auto all = bench_names();
  for (const std::string &name : options.names)
    if (std::find(all.begin(), all.end(), name) == all.end()) {
      const auto near = nearest(name, all);
      return complain(
          usage_error(
              fmt::format("'{}' is no case{}", name,
                          near.empty() ? std::string() : fmt::format(", did you mean {}?", near)),
              "`xswiotlb bench --list` names them")
              .value());
    }
  if (options.list) {
    for (const std::string_view name : all)
      fmt::print("{}\n", name);
    return Exit::verified;
  }
  std::vector<unsigned> threads = options.threads;
  if (threads.empty())
    threads = usable_cpus() > 1 ? std::vector{1U, 2U} : std::vector{1U};
  for (const unsigned nr : threads)
    if (options.rounds * nr > most_rounds_by_threads)
      return complain(
          usage_error(fmt::format("--rounds={} by {} threads: rounds times threads are {} at most, "
                                  "as all samples are kept",
                                  options.rounds, nr, most_rounds_by_threads))
              .value());
  const auto device = Device::open();
  if (!device)
    return complain(device.error());
  const auto info = device->query();
  if (!info)
    return complain(info.error());

  BenchReport report;
  report.environment = Environment::of(*info);
  report.rounds = options.rounds;
  const auto wanted = [&](std::string_view name) {
    return options.names.empty() ||
           std::find(options.names.begin(), options.names.end(), name) != options.names.end();
  };
  const auto progress = [&](std::string_view name) {
    if (options.eta.wanted())
      options.eta.show(fmt::format("bench: {}", name));
  };
  const auto measure_all = [&](bool simulated) {
    for (const BenchCase &what : bench_cases())
      if (wanted(what.name) && (what.p2m != XSW_P2M_HOST) == simulated)
        for (const unsigned nr : threads) {
          progress(what.name);
          report.add(measure_pairs(what, nr, options.rounds));
        }
  };
  measure_all(false);
  for (const BenchWayCase &what : bench_ways())
    if (wanted(what.name))
      for (const unsigned nr : threads) {
        progress(what.name);
        report.add(measure_way(what, nr, options.rounds));
      }
  // What these switch on in the module stays on until it goes.
  measure_all(true);
  options.eta.clear();
  if (auto done =
          options.output.write([&] { return report.text(); }, [&] { return report.json(); });
      !done)
    return complain(done.error());
  return report.exit();
}

} // namespace

Command add_bench(CLI::App &app) {
  CLI::App *command =
      app.add_subcommand("bench", "what mappings cost with our ops and with the kernel's");
  auto options = std::make_shared<Options>();
  command->add_option("CASE", options->names, "only these; --list names them");
  command
      ->add_option("--rounds", options->rounds,
                   "commands of each case and side; half of the rounds begin with ours")
      ->check(CLI::Range(least_rounds, most_rounds))
      ->capture_default_str();
  command
      ->add_option(
          "--threads", options->threads,
          "that are at it at once, each with its own engines and CPU; several: one after the "
          "other (default: 1, and 2 where there are two CPUs)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(1U, most_threads));
  command->add_flag("--list", options->list, "name the cases, then stop");
  options->output.add_to(*command);
  options->eta.add_to(*command);
  return [options] { return run(*options); };
}

} // namespace xsw
