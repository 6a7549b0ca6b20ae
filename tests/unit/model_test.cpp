// SPDX-License-Identifier: GPL-2.0
// The core against the trivial model of it, at random. XSW_SEED=N repeats a run; XSW_OPS=N makes
// it longer or shorter.
#include <algorithm>
#include <cstdlib>
#include <thread>

#include "model.hpp"

using namespace xsw;

namespace {

u64 operations(u64 normal) {
  const char *given = std::getenv("XSW_OPS");
  if (given)
    return std::strtoull(given, nullptr, 0);
// They look at every byte of every copy: minutes, for what the plain build does in seconds.
#ifdef __SANITIZE_THREAD__
  return normal / 20;
#elif defined(__SANITIZE_ADDRESS__)
  return normal / 4;
#else
  return normal;
#endif
}

Dice dice(u64 seed) {
  return [rng = std::mt19937_64(seed)](u64 below) mutable { return rng() % below; };
}

// What devices there are: each demands something else of its places.
std::vector<Device> devices(u64 machine, u64 size) {
  std::vector<Device> all(11, {bouncing_device(), {}});
  all[1].dev.min_align_mask = 0xfff;
  all[2].dev.seg_boundary = 0xffff;
  all[3].dev.min_align_mask = 0x1ff;
  all[3].dev.dma_mask = machine + size / 2 - 1;
  all[4].dev.alloc_align_mask = 0xfff;
  all[5].dev.min_align_mask = 0xfff;
  all[5].dev.alloc_align_mask = 0x3fff;
  all[6].ranges = {{machine, 0x1'0000'5000, size / 2 + 3 * kSlot},
                   {machine + size / 2 + 3 * kSlot, 0x7000'0000, size}};
  all[6].dev.min_align_mask = 0x1fff;
  all[7].dev.dma_mask = machine + size / 2 - 1;
  all[8].dev.bus_limit = machine + size / 4 * 3;
  all[9].dev.alloc_align_mask = 0x1'ffff;
  all[10].dev.coherent = false;
  for (Device &d : all) {
    if (!d.ranges.empty()) {
      d.dev.ranges = d.ranges.data();
      d.dev.nr_ranges = static_cast<unsigned int>(d.ranges.size());
    }
  }
  return all;
}

TEST(Model, OneDriver) {
  constexpr const char *kNames[] = {"maps",  "failed maps",   "unmaps",
                                    "syncs", "device writes", "refusals"};
  constexpr u64 kOps = 1'000'000;
  for (u64 half = 0; half < 2; half++) {
    Config c;
    // Small enough to be full, and large enough for runs of more than two leaves of the tree.
    c.pool = {{0x1'0000'1000, 0x4000'0800, (half ? 4001 : 1001) * kSlot}};
    c.ram_size = half ? 1 * MiB : 256 * KiB;
    c.scattered = half == 1;
    World w(c);
    Ledger ledger(c);
    std::vector<Device> devs = devices(c.pool[0].machine, c.pool[0].size);
    Driver driver(w, devs, ledger, dice(seed() + half), w.ram(), w.ram_size(), true);
    driver.run(operations(kOps) / 2);
    EXPECT_EQ(w.info().used, 0U);
    std::printf("[   MODEL  ]");
    for (int i = 0; i < Driver::kCounts; i++)
      std::printf(" %llu %s",
                  static_cast<unsigned long long>(driver.counts[static_cast<size_t>(i)]),
                  kNames[i]);
    std::printf("\n");
  }
}

TEST(Model, DriversSideBySide) {
  constexpr int kThreads = 4;
  Config c;
  c.pool = {{0x1'0000'0000, 0x4000'0000, 12 * MiB}};
  c.areas = 3;
  c.ram_size = kThreads * 256 * KiB;
  World w(c);
  Ledger ledger(c);
  std::vector<Device> devs = devices(c.pool[0].machine, c.pool[0].size);
  devs.pop_back(); // the World's list of cache operations grows and grows
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; t++) {
    threads.emplace_back([&, t] {
      OnCpu cpu(t);
      Driver driver(w, devs, ledger, dice(seed() * 31 + static_cast<u64>(t)),
                    w.ram() + static_cast<u64>(t) * 256 * KiB, 256 * KiB, false);
      driver.run(operations(200'000) / kThreads);
    });
  }
  for (auto &t : threads)
    t.join();
  EXPECT_EQ(w.info().used, 0U);
  EXPECT_EQ(std::count(ledger.taken.begin(), ledger.taken.end(), true), 0);
}

} // namespace
