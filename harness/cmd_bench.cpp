// SPDX-License-Identifier: GPL-2.0
// xswiotlb bench: what a mapping costs with our ops and with the kernel's own, in turn, on the same
// buffers, and what it costs to ask for one.
#include "bench.h"
#include "clock.h"
#include "commands.h"
#include "ring.h"
#include "words.h"

#include <barrier>
#include <bit>
#include <cerrno>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sched.h>
#include <thread>

namespace xsw {
namespace {

struct Options {
  std::vector<std::string> names;
  unsigned rounds = 2000;
  unsigned threads = 1;
  bool list = false;
  Output output;
  Eta eta;
};

constexpr uint32_t narrow_bits = 32;

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

xsw_engine_open engine_of(xsw_ops_kind ops, bool narrow) {
  xsw_engine_open op{};
  op.kind = XSW_ENGINE_SIM;
  op.p2m = XSW_P2M_HOST;
  op.ops = ops;
  op.dma_bits = narrow ? narrow_bits : 0;
  return op;
}

Result<Buffer> buffer_of(const Device &device, uint32_t engine, const BenchCase &what) {
  if (what.user)
    return Buffer::user(device, what.bytes);
  return Buffer::kernel(device, engine, what.placement, what.bytes);
}

// One map and its unmap, and between them a sync where the case is about that.
Result<void> one_pair(const Device &device, uint32_t engine, uint32_t buffer, const BenchCase &what,
                      BenchSide &side) {
  xsw_map map{};
  map.flags = XSW_F_TIMES | (what.user ? XSW_F_SG : 0U);
  map.engine = engine;
  map.buffer = buffer;
  map.dir = what.dir;
  map.len = what.bytes;
  const auto mapped = device.map(map);
  if (!mapped)
    return tl::unexpected(mapped.error());
  uint64_t sync_ns = 0;
  if (what.sync) {
    xsw_sync sync{};
    sync.flags = XSW_F_TIMES;
    sync.mapping = mapped->handle;
    sync.target = XSW_SYNC_FOR_CPU;
    sync.len = what.bytes;
    const auto synced = device.sync(sync);
    if (!synced)
      return tl::unexpected(synced.error());
    sync_ns = synced->sync_ns;
  }
  xsw_unmap unmap{};
  unmap.flags = XSW_F_TIMES;
  unmap.mapping = mapped->handle;
  const auto unmapped = device.unmap(unmap);
  if (!unmapped)
    return tl::unexpected(unmapped.error());
  side.map.push_back(mapped->map_ns);
  side.sync.push_back(sync_ns);
  side.unmap.push_back(unmapped->unmap_ns);
  side.reason = mapped->src_reason;
  side.segments = mapped->nr_segs;
  return {};
}

// A thread's share: a session, an engine with either ops, a buffer that both map.
Result<std::array<BenchSide, 2>> run_pairs(const BenchCase &what, unsigned rounds, unsigned thread,
                                           std::barrier<> &begin) {
  constexpr unsigned warmup = 50;
  stay_on(thread);
  std::array<BenchSide, 2> sides;
  const auto attempt = [&]() -> Result<void> {
    const auto device = Device::open();
    if (!device)
      return tl::unexpected(device.error());
    const auto ours = Engine::open(*device, engine_of(XSW_OPS_OURS, what.narrow));
    if (!ours)
      return tl::unexpected(ours.error());
    const auto kernel = Engine::open(*device, engine_of(XSW_OPS_KERNEL, what.narrow));
    if (!kernel)
      return tl::unexpected(kernel.error());
    const auto buffer = buffer_of(*device, ours->handle(), what);
    if (!buffer)
      return tl::unexpected(buffer.error());
    begin.arrive_and_wait();
    for (unsigned i = 0; i < warmup + rounds; ++i) {
      if (i == warmup)
        sides = {};
      // Each first in every other round: what one of them leaves in the caches meets both.
      for (unsigned turn = 0; turn < 2; ++turn) {
        const unsigned which = (i + turn) % 2;
        if (auto done = one_pair(*device, (which ? *kernel : *ours).handle(), buffer->handle(),
                                 what, sides.at(which));
            !done)
          return done;
      }
    }
    return {};
  };
  if (auto done = attempt(); !done) {
    // Nobody waits for a thread that has failed.
    begin.arrive_and_drop();
    return tl::unexpected(done.error());
  }
  return sides;
}

BenchPairs measure_pairs(const BenchCase &what, const Options &options) {
  BenchPairs result{.what = what, .threads = options.threads, .sides = {}, .failure = {}};
  std::vector<Result<std::array<BenchSide, 2>>> shares(options.threads, std::array<BenchSide, 2>{});
  std::barrier begin(static_cast<std::ptrdiff_t>(options.threads));
  {
    std::vector<std::jthread> threads;
    threads.reserve(shares.size());
    for (unsigned i = 0; i < options.threads; ++i)
      threads.emplace_back([&, i] { shares.at(i) = run_pairs(what, options.rounds, i, begin); });
  }
  for (const auto &share : shares) {
    if (!share) {
      result.failure = share.error();
      break;
    }
    for (size_t i = 0; i < result.sides.size(); ++i)
      result.sides.at(i).merge(share->at(i));
  }
  return result;
}

// ---- submission ----

// A command, or a vector of jobs in one, one way: per job, all of it and the mapping work in it.
Result<BenchWay> measure_way(const BenchWayCase &what, unsigned rounds) {
  constexpr uint32_t bytes = 4096;
  const auto device = Device::open();
  if (!device)
    return tl::unexpected(device.error());
  const auto engine = Engine::open(*device, engine_of(XSW_OPS_OURS, false));
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
  if (what.ring) {
    auto made = Ring::create(4, device->fd());
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
    job.flags = XSW_F_TIMES | (what.fixed ? XSW_F_FIXED : 0U);
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

  BenchWay way{.what = what, .command = {}, .work = {}, .failure = {}};
  const auto issue = [&](uint32_t cmd, const void *op, size_t size, int registered) {
    return device->issue(cmd, op, size, ring ? &*ring : nullptr, registered);
  };
  for (unsigned i = 0; i < rounds; ++i) {
    const uint64_t start = now_ns();
    const int res = what.jobs == 0 ? issue(XSW_IOC_NOP, &nop, sizeof(nop), -1)
                    : what.jobs == 1
                        ? issue(XSW_IOC_JOB, jobs.data(), sizeof(xsw_job), what.fixed ? 0 : -1)
                        : issue(XSW_IOC_JOBV, &vector, sizeof(vector), -1);
    const uint64_t took = now_ns() - start;
    if (res != (what.jobs > 1 ? static_cast<int>(what.jobs) : 0))
      return tl::unexpected(Error{.what = fmt::format("bench '{}'", what.name),
                                  .device = device->path(),
                                  .err = res < 0 ? -res : 0,
                                  .cause = results.front().cause,
                                  .advice = {},
                                  .exit = Exit::device});
    way.command.push_back(took / std::max(what.jobs, 1U));
    if (!what.jobs)
      continue;
    const uint64_t work = std::accumulate(
        results.begin(), results.end(), uint64_t{0}, [](uint64_t sum, const xsw_result &r) {
          return sum + r.map_ns + r.xfer_ns + r.sync_ns + r.unmap_ns;
        });
    way.work.push_back(work / what.jobs);
  }
  return way;
}

// ---- the command ----

std::vector<std::string_view> names_of_all() {
  std::vector<std::string_view> names;
  for (const BenchCase &what : bench_cases())
    names.push_back(what.name);
  for (const BenchWayCase &what : bench_ways())
    names.push_back(what.name);
  return names;
}

Exit run(Options &options) {
  if (auto good = options.output.resolve(); !good)
    return complain(good.error());
  const auto all = names_of_all();
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
  for (const BenchCase &what : bench_cases())
    if (wanted(what.name)) {
      progress(what.name);
      report.pairs.push_back(measure_pairs(what, options));
    }
  // Last: threads that it starts would have to stay there too.
  stay_on(0);
  for (const BenchWayCase &what : bench_ways())
    if (wanted(what.name)) {
      progress(what.name);
      auto way = measure_way(what, options.rounds);
      report.ways.push_back(
          way ? std::move(*way)
              : BenchWay{.what = what, .command = {}, .work = {}, .failure = way.error()});
    }
  options.eta.clear();
  if (auto done = options.output.write([&] { return report.text(); },
                                       [&] { return report.json().dump(2); });
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
  command->add_option("--rounds", options->rounds, "of each case; half of them begin with ours")
      ->check(CLI::Range(10U, 1000000U))
      ->capture_default_str();
  command->add_option("--threads", options->threads, "that map at once, each with its own engines")
      ->check(CLI::Range(1U, 64U))
      ->capture_default_str();
  command->add_flag("--list", options->list, "name the cases, then stop");
  options->output.add_to(*command);
  options->eta.add_to(*command);
  return [options] { return run(*options); };
}

} // namespace xsw
