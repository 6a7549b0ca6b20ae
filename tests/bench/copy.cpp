// SPDX-License-Identifier: GPL-2.0
// Bouncing with its copies.
#include "measure.hpp"

using namespace xsw::bench;

namespace {

// The same copy when neither end is in the cache again before 64 MiB have passed.
void cold_memcpy(benchmark::State &state, size_t size) {
  const Memory from = huge_memory(size);
  const Memory pool = huge_memory(kPoolBytes);
  size_t at = 0;
  measure(state, size, [&] {
    benchmark::DoNotOptimize(xsw_bench_copy(pool.get() + at, from.get(), size));
    at = (at + std::max(size, 2 * KiB)) % kPoolBytes;
  });
}

void sync(benchmark::State &state, size_t size, dma_data_direction dir, bool for_cpu) {
  World &world = shared_world(2);
  const xsw_dev dev = device();
  const Memory source = huge_memory(size);
  Mapping m;
  xsw_seam_cpu = 0;
  if (!world.map(dev, source.get(), size, dir, m))
    die("the map failed");
  bool refused = false;
  measure(state, size, [&] { refused |= !world.sync(dev, m, dir, for_cpu); });
  world.unmap(dev, m, dir);
  if (refused)
    die("a sync was refused");
}

} // namespace

int main(int argc, char **argv) {
  add_pairs("copy/to_device", Level::pool, DMA_TO_DEVICE);
  add_pairs("copy/from_device", Level::pool, DMA_FROM_DEVICE);
  add_pairs("copy/bidirectional", Level::pool, DMA_BIDIRECTIONAL);
  add_pairs("decided/to_device", Level::path, DMA_TO_DEVICE);
  for (const size_t size : kSizes) {
    add("memcpy_cold/" + size_name(size), [=](benchmark::State &s) { cold_memcpy(s, size); })
        ->Iterations(kWindows)
        ->Apply(repeated);
    add("sync/for_cpu/" + size_name(size),
        [=](benchmark::State &s) { sync(s, size, DMA_FROM_DEVICE, true); })
        ->Iterations(kWindows)
        ->Apply(repeated);
    add("sync/for_device/" + size_name(size),
        [=](benchmark::State &s) { sync(s, size, DMA_TO_DEVICE, false); })
        ->Iterations(kWindows)
        ->Apply(repeated);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
