// SPDX-License-Identifier: GPL-2.0
// The allocator alone: the core of this program copies nothing.
#include <array>
#include <atomic>
#include <numeric>
#include <optional>
#include <tuple>

#include "measure.hpp"

using namespace xsw::bench;

namespace {

constexpr u64 kSeed = 1;
constexpr u64 kPageMask = 4 * KiB - 1;

// Of single maps. No counter is 0: of nothing but those the library makes a NaN, which no JSON has.
void times_of(benchmark::State &state, const Ticks &ticks, std::vector<double> &maps,
              std::vector<double> &misses) {
  if (!maps.empty())
    counters(state, ticks, maps);
  if (misses.empty())
    return;
  const auto failed = static_cast<double>(misses.size());
  state.counters["fail_percent"] = 100 * failed / (failed + static_cast<double>(maps.size()));
  state.counters["fail_p50_ns"] = ticks.percentile(misses, 50);
  state.counters["fail_p999_ns"] = ticks.percentile(misses, 99.9);
}

// Maps of @size in a pool that a load keeps filled to @percent, each in another state of the pool:
// one repetition, the same from the first mapping on as all others. Or, @beside that pool, in an
// empty one: what the load itself does to the machine's caches, and the machine to a map.
void fill(benchmark::State &state, Load::Size kind, double percent, size_t size,
          bool beside = false) {
  constexpr size_t probes = 180'000;
  const Ticks ticks;
  const xsw_dev dev = device();
  xsw_seam_cpu = 0;
  World world(1);
  Load load(world, dev, kind, kSeed);
  load.fill(percent);
  for (size_t i = 0, n = 4 * load.size(); i < n; i++)
    load.churn(percent);
  std::optional<World> empty;
  if (beside)
    empty.emplace(1);
  World &probed = beside ? *empty : world;
  std::vector<double> maps, misses;
  maps.reserve(probes);
  misses.reserve(probes);
  Pass pass;
  pass.times.reserve(probes);
  pass.ends.reserve(probes);
  pass.counts.reserve(probes);
  while (state.KeepRunning()) {
    double sum = 0;
    for (size_t i = 0; i < probes; i++) {
      if (percent > 0)
        load.churn(percent);
      Mapping m;
      // Our own stores are not what is timed, and the lock would wait for them.
      std::atomic_thread_fence(std::memory_order_seq_cst);
      const u64 from = Ticks::now();
      const bool ok = probed.map(dev, load.source(), size, DMA_TO_DEVICE, m);
      const u64 to = Ticks::now();
      (ok ? maps : misses).push_back(ticks.ns(from, to));
      pass.times.push_back(static_cast<float>(ticks.ns(from, to)));
      pass.end_map(ok, ok ? m.dma : 0);
      sum += ticks.ns(from, to);
      if (ok)
        probed.unmap(dev, m, DMA_TO_DEVICE);
    }
    state.SetIterationTime(sum / probes * 1e-9);
  }
  static std::map<std::tuple<double, size_t, bool>, std::vector<Pass>> all;
  times_of(state, ticks, maps, misses);
  own_times(state, ticks, all[{percent, size, beside}], std::move(pass));
  if (percent > 0)
    state.counters["used_percent"] = load.used();
}

// All 4 KiB, half of them given back at random: a map of more must fail.
void fragmented(benchmark::State &state, size_t size) {
  static const Ticks ticks;
  World world(1);
  const xsw_dev dev = device();
  xsw_seam_cpu = 0;
  Load load(world, dev, Load::Size::page, kSeed);
  load.fill(100);
  while (load.used() > 50)
    load.drop_random();
  std::vector<double> maps, misses;
  while (state.KeepRunning()) {
    Mapping m;
    const u64 from = Ticks::now();
    const bool ok = world.map(dev, load.source(), size, DMA_TO_DEVICE, m);
    const u64 to = Ticks::now();
    (ok ? maps : misses).push_back(ticks.ns(from, to));
    state.SetIterationTime(std::max(ticks.ns(from, to), 0.1) * 1e-9);
    if (ok)
      world.unmap(dev, m, DMA_TO_DEVICE);
  }
  times_of(state, ticks, maps, misses);
}

// Each map alone, by threads that may be more than the machine has CPUs, and areas.
void latency(benchmark::State &state, size_t size) {
  static const Ticks ticks;
  World &world = shared_world(2);
  const xsw_dev dev = device();
  const Memory source = huge_memory(size);
  xsw_seam_cpu = state.thread_index();
  std::vector<double> maps;
  maps.reserve(static_cast<size_t>(state.max_iterations));
  bool failed = false;
  while (state.KeepRunning()) {
    Mapping m;
    const u64 from = Ticks::now();
    failed |= !world.map(dev, source.get(), size, DMA_TO_DEVICE, m);
    const u64 to = Ticks::now();
    maps.push_back(ticks.ns(from, to));
    state.SetIterationTime(std::max(maps.back(), 0.1) * 1e-9);
    world.unmap(dev, m, DMA_TO_DEVICE);
  }
  if (failed)
    die("a map failed");
  counters(state, ticks, maps);
}

// Pairs of all threads together until so many are made, by the wall's clock: who waits, for a lock
// or for a CPU, makes fewer of them.
void throughput(benchmark::State &state, size_t size, unsigned int areas) {
  constexpr long together = 1000, in_all = 16'000'000;
  static std::atomic<long> left;
  World &world = shared_world(areas);
  const xsw_dev dev = device();
  const Memory source = huge_memory(size);
  xsw_seam_cpu = state.thread_index();
  // No thread begins before all have come to the loop.
  if (state.thread_index() == 0)
    left = in_all / together;
  long made = 0;
  bool failed = false;
  while (state.KeepRunning())
    for (; left.fetch_sub(1, std::memory_order_relaxed) > 0; made += together)
      failed |= !xsw_bench_pool_pairs(world.env().pool, &dev, source.get(), size, DMA_TO_DEVICE,
                                      together, 1);
  if (failed)
    die("a map failed");
  state.SetItemsProcessed(made);
}

// How much fits until the first map fails.
void capacity(benchmark::State &state, Load::Size kind, unsigned int areas, u64 mask) {
  const xsw_dev dev = device(mask);
  xsw_seam_cpu = 0;
  double live = 0, payload = 0, used = 0, metadata = 0;
  while (state.KeepRunning()) {
    World world(areas);
    Load load(world, dev, kind, kSeed + state.iterations());
    const auto start = Clock::now();
    while (load.add())
      ;
    state.SetIterationTime(ns(Clock::now() - start) / static_cast<double>(load.size()) * 1e-9);
    live += static_cast<double>(load.size());
    payload += 100.0 * static_cast<double>(load.payload()) / kPoolBytes;
    used += load.used();
    metadata += 100.0 * static_cast<double>(world.metadata()) / kPoolBytes;
  }
  const auto n = static_cast<double>(state.iterations());
  state.counters["live"] = live / n;
  state.counters["payload_percent"] = payload / n;
  state.counters["used_percent"] = used / n;
  state.counters["metadata_percent"] = metadata / n;
}

// The mix comes and goes at @percent: how many of its 64 KiB maps fail.
void churn(benchmark::State &state, double percent, u64 mask) {
  World world(1);
  const xsw_dev dev = device(mask);
  xsw_seam_cpu = 0;
  Load load(world, dev, Load::Size::mix, kSeed);
  load.fill(percent);
  for (size_t i = 0, n = 10 * load.size(); i < n; i++)
    load.churn(percent);
  constexpr int steps = 100'000;
  double large = 0, failed = 0, small_failed = 0;
  while (state.KeepRunning()) {
    const auto start = Clock::now();
    for (int i = 0; i < steps; i++) {
      const size_t size = load.churn(percent);
      failed += size == kLargest;
      small_failed += size && size != kLargest;
    }
    large += steps / 10.0;
    state.SetIterationTime(ns(Clock::now() - start) / steps * 1e-9);
  }
  state.counters["fail_percent"] = 100 * failed / large;
  state.counters["small_fail_percent"] = 100 * small_failed / (9 * large);
  state.counters["used_percent"] = load.used();
}

void metadata(benchmark::State &state, unsigned int areas) {
  while (state.KeepRunning()) {
    const World world(areas);
    state.SetIterationTime(1e-9);
    state.counters["percent"] = 100.0 * static_cast<double>(world.metadata()) / kPoolBytes;
  }
}

// Does an address belong to the pool?
void lookup(benchmark::State &state, unsigned int areas) {
  World &world = shared_world(areas);
  u64 at = 0;
  measure(state, 64, [&] {
    at = (at + 4096 * 1021) % kPoolBytes;
    benchmark::DoNotOptimize(xsw_bench_pool_holds(world.env().pool, 0x4000'0000 + at));
  });
}

// What a mapping costs that needs no bouncing.
void direct(benchmark::State &state) {
  World &world = shared_world(2);
  xsw_dev dev = device();
  dev.force_bounce = false;
  const Memory source = huge_memory(4 * KiB);
  bool failed = false;
  measure(state, 4 * KiB, [&] {
    xsw_mapped out;
    xsw_cause cause;
    failed |= xsw_map(&world.env(), &dev, reinterpret_cast<uintptr_t>(source.get()), 4 * KiB,
                      DMA_TO_DEVICE, 0, &out) != 0;
    failed |= xsw_unmap(&world.env(), &dev, out.dma, 4 * KiB, DMA_TO_DEVICE, 0, &cause) != 0;
  });
  if (failed)
    die("a mapping was not direct");
}

} // namespace

int main(int argc, char **argv) {
  add_pairs("alloc", Level::pool, DMA_TO_DEVICE);
  add_pairs("path", Level::path, DMA_TO_DEVICE);
  for (const int threads : {1, 2, 4, 8})
    add("latency/4K", [](benchmark::State &s) { latency(s, 4 * KiB); })
        ->Iterations(4'000'000 / std::max(threads, 2))
        ->Threads(threads)
        ->Apply(repeated);
  for (const auto &[areas, threads] : {std::pair{2U, 1}, {2, 2}, {2, 4}, {2, 8}, {1, 1}, {1, 2}})
    add(
        "throughput/4K/areas:" + std::to_string(areas),
        [=, areas = areas](benchmark::State &s) { throughput(s, 4 * KiB, areas); }, true)
        ->Iterations(1)
        ->Threads(threads)
        ->Apply(repeated);
  for (const int percent : {0, 50, 90, 95, 99})
    for (const size_t size : {4 * KiB, 64 * KiB})
      add("fill/mix/" + size_name(size) + "/percent:" + std::to_string(percent),
          [=](benchmark::State &s) { fill(s, Load::Size::mix, percent, size); })
          ->Iterations(1)
          ->Apply(repeated);
  add("fill/control/4K", [](benchmark::State &s) { fill(s, Load::Size::mix, 99, 4 * KiB, true); })
      ->Iterations(1)
      ->Apply(repeated);
  for (const size_t size : {4 * KiB, 64 * KiB})
    add("fragmented/" + size_name(size), [=](benchmark::State &s) { fragmented(s, size); })
        ->Iterations(20'000)
        ->Apply(repeated);
  for (const unsigned int areas : {1, 2})
    add("capacity/mix/areas:" + std::to_string(areas), [=](benchmark::State &s) {
      capacity(s, Load::Size::mix, areas, 0);
    })->Iterations(5);
  add("capacity/mix/align:4095", [](benchmark::State &s) {
    capacity(s, Load::Size::mix, 1, kPageMask);
  })->Iterations(5);
  add("capacity/64B", [](benchmark::State &s) {
    capacity(s, Load::Size::tiny, 1, 0);
  })->Iterations(1);
  add("capacity/4K", [](benchmark::State &s) {
    capacity(s, Load::Size::page, 1, 0);
  })->Iterations(1);
  for (const int percent : {50, 90, 95})
    add("churn/percent:" + std::to_string(percent), [=](benchmark::State &s) {
      churn(s, percent, 0);
    })->Iterations(2);
  for (const unsigned int areas : {1, 2, 8}) {
    add("metadata/areas:" + std::to_string(areas), [=](benchmark::State &s) {
      metadata(s, areas);
    })->Iterations(1);
    add("lookup/areas:" + std::to_string(areas), [=](benchmark::State &s) { lookup(s, areas); })
        ->Iterations(kWindows)
        ->Apply(repeated);
  }
  add("direct/4K", direct)->Iterations(kWindows)->Apply(repeated);

  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
