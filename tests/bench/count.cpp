// SPDX-License-Identifier: GPL-2.0
// The instructions of one map and unmap, counted by callgrind: run under
//   valgrind --tool=callgrind --collect-atstart=no --dump-instr=no --callgrind-out-file=OUT
// it leaves OUT.1, OUT.2, ... with the totals of one case each, whose name and number of pairs are
// in the line "desc: Trigger: Client Request: NAME PAIRS". Nothing but the core is counted.
#include <cstdio>
#include <cstdlib>
#include <string>

#include <valgrind/callgrind.h>

#include "world.hpp"

using namespace xsw::bench;

namespace {

void report(const std::string &name, size_t pairs) {
  const std::string text = name + " " + std::to_string(pairs);
  CALLGRIND_DUMP_STATS_AT(text.c_str());
}

// The calls alone, with nothing between: what is counted but is not the core's is their arguments.
void pairs(const std::string &name, bool path, size_t size, size_t depth) {
  constexpr size_t rounds = 50;
  World world(2);
  const xsw_dev dev = device();
  const Memory source = huge_memory(size);
  auto run = [&](size_t n) {
    const bool ok =
        path ? xsw_bench_pairs(&world.env(), &dev, source.get(), size, DMA_TO_DEVICE, n, depth)
             : xsw_bench_pool_pairs(world.env().pool, &dev, source.get(), size, DMA_TO_DEVICE, n,
                                    depth);
    if (!ok)
      std::exit(4);
  };
  xsw_seam_cpu = 0;
  run(3);
  CALLGRIND_TOGGLE_COLLECT;
  run(rounds);
  CALLGRIND_TOGGLE_COLLECT;
  report(name + "/" + std::to_string(size) + "/" + std::to_string(depth), rounds * depth);
}

void fill(double percent, size_t size) {
  constexpr size_t probes = 500;
  World world(1);
  const xsw_dev dev = device();
  xsw_seam_cpu = 0;
  Load load(world, dev, Load::Size::mix, 1);
  load.fill(percent);
  for (size_t i = 0, n = 2 * load.size(); i < n; i++)
    load.churn(percent);
  for (size_t i = 0; i < probes; i++) {
    load.churn(percent);
    Mapping m;
    CALLGRIND_TOGGLE_COLLECT;
    if (world.pool_map(dev, load.source(), size, m))
      world.pool_unmap(dev, m, DMA_TO_DEVICE);
    CALLGRIND_TOGGLE_COLLECT;
  }
  report("fill/" + std::to_string(size) + "/" + std::to_string(static_cast<int>(percent)), probes);
}

// Nothing is hot: each map takes its slots from the bitmaps, but for the pages that one brings
// along.
void cold(size_t size) {
  const size_t maps = std::min<size_t>(500, kPoolBytes / size);
  World world(1);
  const xsw_dev dev = device();
  const Memory source = huge_memory(size);
  xsw_seam_cpu = 0;
  std::vector<Mapping> live(maps);
  for (Mapping &m : live) {
    CALLGRIND_TOGGLE_COLLECT;
    const bool ok = world.pool_map(dev, source.get(), size, m);
    CALLGRIND_TOGGLE_COLLECT;
    if (!ok)
      std::exit(4);
  }
  for (const Mapping &m : live)
    world.pool_unmap(dev, m, DMA_TO_DEVICE);
  report("cold/" + std::to_string(size), maps);
}

} // namespace

int main() {
  for (const size_t size : {size_t{64}, 4 * KiB, 64 * KiB, 16 * MiB})
    cold(size);
  for (const size_t size : {size_t{64}, 2 * KiB, 4 * KiB, 16 * KiB, 64 * KiB, 256 * KiB}) {
    pairs("alloc", false, size, 1);
    pairs("alloc", false, size, 32);
    pairs("path", true, size, 1);
  }
  pairs("alloc", false, 4 * MiB, 1);
  for (const double percent : {90.0, 95.0, 99.0})
    for (const size_t size : {4 * KiB, 64 * KiB})
      fill(percent, size);
  return 0;
}
