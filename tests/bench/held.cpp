// SPDX-License-Identifier: GPL-2.0
// How long one map holds interrupts off at a time: the core of this program tells of each stretch.
#include "measure.hpp"

using namespace xsw::bench;

namespace {

u64 stretch_from;
std::vector<u64> stretches; // of the map that is timed

} // namespace

extern "C" void xsw_bench_irqs(int off) {
  const u64 now = Ticks::now();
  if (off > 0)
    stretch_from = now;
  else
    stretches.push_back(now - stretch_from);
}

namespace {

constexpr size_t kTries = 2000;

using Passes = std::vector<Pass>;

// Maps of @size from @offset on that fail, or succeed, after @before each time: the longest
// stretch of each. All repetitions make the same maps, those of before are in @done.
template <typename Before>
void held(benchmark::State &state, Passes &done, World &world, const xsw_dev &dev, size_t size,
          size_t offset, bool fails, const Before &before) {
  const Ticks ticks;
  const Memory source = huge_memory(size + offset);
  std::vector<double> longest, maps;
  Pass pass;
  stretches.reserve(1 << 20);
  while (state.KeepRunning()) {
    double sum = 0;
    for (size_t ended = 0; ended < kTries;) {
      if (pass.ends.size() > 20 * kTries)
        die("too few maps ended as they had to");
      before();
      const long preempted = preemptions();
      Mapping m;
      stretches.clear();
      const u64 from = Ticks::now();
      const bool ok = world.map(dev, source.get() + offset, size, DMA_TO_DEVICE, m);
      const u64 to = Ticks::now();
      const bool clean = preemptions() == preempted;
      // Some in a row are one: what else happens in so short a time seldom is in five of nine.
      for (auto at = stretches.begin(); at != stretches.end();) {
        const auto end = at + std::min<ptrdiff_t>(64, stretches.end() - at);
        pass.times.push_back(static_cast<float>(ticks.ns(0, *std::max_element(at, end))));
        at = end;
      }
      const u64 most = *std::max_element(stretches.begin(), stretches.end());
      if (ok)
        world.unmap(dev, m, DMA_TO_DEVICE);
      pass.end_map(ok != fails, ok ? m.dma : world.info().used);
      if (ok == fails)
        continue;
      ended++;
      sum += ticks.ns(from, to);
      // As timed a preempted one does not count; in the medians of its stretches it may.
      if (!clean)
        continue;
      longest.push_back(ticks.ns(0, most));
      maps.push_back(ticks.ns(from, to));
    }
    state.SetIterationTime(sum / static_cast<double>(kTries) * 1e-9);
  }
  if (longest.empty())
    die("all maps were preempted");
  state.counters["held_p50_ns"] = ticks.percentile(longest, 50);
  state.counters["held_p99_ns"] = ticks.percentile(longest, 99);
  state.counters["held_p999_ns"] = ticks.percentile(longest, 99.9);
  state.counters["map_p50_ns"] = ticks.percentile(maps, 50);
  own_times(state, ticks, done, std::move(pass));
}

// All 4 KiB, half of them given back at random; one is given back and another mapped each time.
void pages(benchmark::State &state, Passes &done) {
  World world(1);
  const xsw_dev dev = device();
  Load load(world, dev, Load::Size::page, 1);
  load.fill(100);
  while (load.used() > 50)
    load.drop_random();
  held(state, done, world, dev, 64 * KiB, 0, true, [&] {
    load.drop_random();
    load.add();
  });
}

// Of each @every bytes the first slot is taken, and there are hot runs, new ones each time: what a
// device with @mask asks for is nowhere.
void masked(benchmark::State &state, Passes &done, World &world, size_t every, u64 mask,
            size_t size, size_t offset) {
  constexpr size_t slot = XSW_SLOT_SIZE;
  const xsw_dev plain = device(), dev = device(mask);
  const Memory source = huge_memory(slot);
  std::vector<Mapping> all, hot(64);
  for (Mapping m; world.map(plain, source.get(), slot, DMA_TO_DEVICE, m); all.push_back(m))
    xsw_seam_run_work();
  for (const Mapping &m : all)
    if (m.dma % every)
      world.unmap(plain, m, DMA_TO_DEVICE);
  auto before = [&] {
    for (Mapping &m : hot)
      if (!world.map(plain, source.get(), slot, DMA_TO_DEVICE, m))
        die("a map failed");
    for (const Mapping &m : hot)
      world.unmap(plain, m, DMA_TO_DEVICE);
  };
  held(state, done, world, dev, size, offset, true, before);
  for (const Mapping &m : all)
    if (m.dma % every == 0)
      world.unmap(plain, m, DMA_TO_DEVICE);
}

void mix(benchmark::State &state, Passes &done, u64 mask, size_t size) {
  World world(1);
  const xsw_dev dev = device(), masked = device(mask);
  Load load(world, dev, Load::Size::mix, 1);
  load.fill(99);
  for (size_t i = 0, n = 2 * load.size(); i < n; i++)
    load.churn(99);
  held(state, done, world, masked, size, 0, true, [&] { load.churn(99); });
}

// Nothing is hot.
void large(benchmark::State &state, Passes &done) {
  World world(1);
  const xsw_dev dev = device();
  held(state, done, world, dev, 16 * MiB, 0, false, [&] {
    // Five others push it out of what is kept.
    std::vector<Mapping> others(5);
    for (Mapping &m : others)
      if (!world.map(dev, nullptr, 3 * MiB, DMA_TO_DEVICE, m))
        die("a map failed");
    for (const Mapping &m : others)
      world.unmap(dev, m, DMA_TO_DEVICE);
  });
}

void add_held(const std::string &name,
              const std::function<void(benchmark::State &, Passes &)> &body) {
  add("held" + name,
      [body, done = std::make_shared<Passes>()](benchmark::State &s) { body(s, *done); })
      ->Iterations(1)
      ->Apply(repeated);
}

const int registered = [] {
  add_held("/pages/64K", pages);
  for (const unsigned int areas : {1U, 2U}) {
    const std::string by = "/areas:" + std::to_string(areas);
    add_held("/align:4095/1500B" + by, [=](benchmark::State &s, Passes &done) {
      World world(areas);
      masked(s, done, world, 4 * KiB, 4095, 1500, 100);
    });
    add_held("/align:65535/33K" + by, [=](benchmark::State &s, Passes &done) {
      World world(areas);
      masked(s, done, world, 64 * KiB, 65535, 33 * KiB, 0);
    });
  }
  // An area as large as there can be; nothing is copied, so there need be no memory. No target is
  // held by these: in the 12,000 stretches of such a map there is always one that was held up
  // often.
  for (const size_t align : {64 * KiB, MiB})
    add_held("1G/align:" + size_name(align) + "/33K", [=](benchmark::State &s, Passes &done) {
      World world(1, no_memory(GiB), GiB);
      masked(s, done, world, align, align - 1, 33 * KiB, 0);
    });
  add_held("/mix/align:1M/64K",
           [](benchmark::State &s, Passes &done) { mix(s, done, MiB - 1, 64 * KiB); });
  add_held("/large/16M", large);
  return 0;
}();

} // namespace

BENCHMARK_MAIN();
