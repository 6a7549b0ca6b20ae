// SPDX-License-Identifier: GPL-2.0
// How long one map holds interrupts off at a time: the core of this program tells of each stretch.
#include "measure.hpp"

using namespace xsw::bench;

namespace {

u64 stretch_from, longest_stretch;

} // namespace

extern "C" void xsw_bench_irqs(int off) {
  const u64 now = Ticks::now();
  if (off > 0)
    stretch_from = now;
  else
    longest_stretch = std::max(longest_stretch, now - stretch_from);
}

namespace {

constexpr size_t kTries = 500;

// Maps of @size from @offset on that fail, or succeed, after @before each time: the longest stretch
// of each.
template <typename Before>
void held(benchmark::State &state, World &world, const xsw_dev &dev, size_t size, size_t offset,
          bool fails, const Before &before) {
  const Ticks ticks;
  const Memory source = huge_memory(size + offset);
  std::vector<double> stretches, maps;
  while (state.KeepRunning()) {
    double sum = 0;
    size_t tries = 0;
    for (size_t i = 0; i < kTries;) {
      if (++tries > 20 * kTries)
        die("too few maps ended as they had to");
      before();
      const long preempted = preemptions();
      Mapping m;
      longest_stretch = 0;
      const u64 from = Ticks::now();
      const bool ok = world.map(dev, source.get() + offset, size, DMA_TO_DEVICE, m);
      const u64 to = Ticks::now();
      if (ok)
        world.unmap(dev, m, DMA_TO_DEVICE);
      if (ok == fails || preemptions() != preempted)
        continue;
      i++;
      stretches.push_back(ticks.ns(0, longest_stretch));
      maps.push_back(ticks.ns(from, to));
      sum += maps.back();
    }
    state.SetIterationTime(sum / kTries * 1e-9);
  }
  state.counters["held_p50_ns"] = ticks.percentile(stretches, 50);
  state.counters["held_p99_ns"] = ticks.percentile(stretches, 99);
  state.counters["held_p999_ns"] = ticks.percentile(stretches, 99.9);
  state.counters["map_p50_ns"] = ticks.percentile(maps, 50);
}

// All 4 KiB, half of them given back at random; one is given back and another mapped each time.
void pages(benchmark::State &state) {
  World world(1);
  const xsw_dev dev = device();
  Load load(world, dev, Load::Size::page, 1);
  load.fill(100);
  while (load.used() > 50)
    load.drop_random();
  held(state, world, dev, 64 * KiB, 0, true, [&] {
    load.drop_random();
    load.add();
  });
}

// Of each @every slots the first is taken, and there are hot runs, new ones each time: what a
// device with @mask asks for is nowhere.
void masked(benchmark::State &state, unsigned int areas, size_t every, u64 mask, size_t size,
            size_t offset) {
  constexpr size_t slot = XSW_SLOT_SIZE;
  World world(areas);
  const xsw_dev plain = device(), dev = device(mask);
  const Memory source = huge_memory(slot);
  std::vector<Mapping> all, hot(64);
  for (Mapping m; world.map(plain, source.get(), slot, DMA_TO_DEVICE, m); all.push_back(m))
    xsw_seam_run_work();
  for (const Mapping &m : all)
    if (m.dma / slot % every)
      world.unmap(plain, m, DMA_TO_DEVICE);
  held(state, world, dev, size, offset, true, [&] {
    for (Mapping &m : hot)
      if (!world.map(plain, source.get(), slot, DMA_TO_DEVICE, m))
        die("a map failed");
    for (const Mapping &m : hot)
      world.unmap(plain, m, DMA_TO_DEVICE);
  });
  for (const Mapping &m : all)
    if (m.dma / slot % every == 0)
      world.unmap(plain, m, DMA_TO_DEVICE);
}

void mix(benchmark::State &state, u64 mask, size_t size) {
  World world(1);
  const xsw_dev dev = device(), masked = device(mask);
  Load load(world, dev, Load::Size::mix, 1);
  load.fill(99);
  for (size_t i = 0, n = 2 * load.size(); i < n; i++)
    load.churn(99);
  held(state, world, masked, size, 0, true, [&] { load.churn(99); });
}

// Nothing is hot.
void large(benchmark::State &state) {
  World world(1);
  const xsw_dev dev = device();
  held(state, world, dev, 16 * MiB, 0, false, [&] {
    // Five others push it out of what is kept.
    std::vector<Mapping> others(5);
    for (Mapping &m : others)
      if (!world.map(dev, nullptr, 3 * MiB, DMA_TO_DEVICE, m))
        die("a map failed");
    for (const Mapping &m : others)
      world.unmap(dev, m, DMA_TO_DEVICE);
  });
}

void add_held(const std::string &name, const Body &body) {
  add("held/" + name, body)->Iterations(1)->Apply(repeated);
}

const int registered = [] {
  add_held("pages/64K", pages);
  for (const unsigned int areas : {1U, 2U}) {
    const std::string by = "/areas:" + std::to_string(areas);
    add_held("align:4095/1500B" + by,
             [=](benchmark::State &s) { masked(s, areas, 8, 4095, 1500, 100); });
    add_held("align:65535/33K" + by,
             [=](benchmark::State &s) { masked(s, areas, 128, 65535, 33 * KiB, 0); });
  }
  add_held("mix/align:1M/64K", [](benchmark::State &s) { mix(s, MiB - 1, 64 * KiB); });
  add_held("large/16M", large);
  return 0;
}();

} // namespace

BENCHMARK_MAIN();
