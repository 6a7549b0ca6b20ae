// SPDX-License-Identifier: GPL-2.0
// The nine invariants of the core. tests/unit/model_test.cpp checks them all at random.
#include <algorithm>
#include <atomic>
#include <thread>

#include "world.hpp"

using namespace xsw;

namespace {

Config small_pool() {
  Config c;
  c.ram_size = 4 * MiB;
  c.pool = {{0x1'0000'0000, 0x4000'0000, 256 * KiB}};
  return c;
}

// 1. Two live mappings never share a byte of pool.
TEST(Invariant, I1_LiveMappingsNeverShareAByte) {
  World w(small_pool());
  std::mt19937_64 rng(seed());
  struct Live {
    u64 dma;
    size_t size;
    Bytes bytes;
  };
  std::vector<Live> live;
  xsw_dev dev = bouncing_device();
  for (int i = 0; i < 3000; i++) {
    dev.min_align_mask = rng() % 2 ? 0xfff : 0;
    if (live.size() < 40 && rng() % 2) {
      size_t size = 1 + rng() % 12000;
      u64 phys = w.ram() + rng() % (w.ram_size() - size);
      Bytes bytes = pattern(size, rng());
      w.write(phys, bytes);
      Mapped m = w.map(dev, phys, size, DMA_TO_DEVICE);
      if (m.ret)
        continue;
      for (const Live &l : live)
        ASSERT_TRUE(m.dma + size <= l.dma || l.dma + l.size <= m.dma)
            << "overlap of " << std::hex << m.dma << " and " << l.dma;
      live.push_back({m.dma, size, bytes});
    } else if (!live.empty()) {
      auto it = live.begin() + static_cast<long>(rng() % live.size());
      // Nothing that was mapped meanwhile has touched it.
      ASSERT_EQ(w.device_read(dev, it->dma, it->size), it->bytes);
      ASSERT_EQ(w.unmap(dev, it->dma, it->size, DMA_TO_DEVICE), XSW_CAUSE_NONE);
      live.erase(it);
    }
  }
  for (const Live &l : live)
    w.unmap(dev, l.dma, l.size, DMA_TO_DEVICE);
}

// 2. The device never sees bytes that the driver did not map: neither in the padding of a
// mapping's slots nor, with caches between, in what of it was not yet written back.
TEST(Invariant, I2_NothingElseShowsInTheSlots) {
  for (bool caches : {false, true}) {
    Config c = small_pool();
    c.caches = caches;
    World w(c);
    xsw_dev dev = bouncing_device();
    dev.coherent = !caches;
    for (u64 granule : {u64{0}, u64{0xfff}, u64{0x3fff}}) {
      for (u64 align : {u64{0}, u64{0x1ff}, u64{0xfff}, u64{0x1fff}}) {
        for (u64 low : {0, 1, 0x3f, 0x800, 0xabc, 0x1fff}) {
          for (size_t size : {1, 64, 0x7ff, 0x800, 0x801, 5000}) {
            for (auto dir : {DMA_TO_DEVICE, DMA_FROM_DEVICE, DMA_BIDIRECTIONAL}) {
              dev.alloc_align_mask = granule;
              dev.min_align_mask = align;
              w.poison_pool(0x5a);
              w.fill(w.ram() + low, size, low + size);
              Mapped m = w.map(dev, w.ram() + low, size, dir,
                               dir == DMA_FROM_DEVICE ? DMA_ATTR_SKIP_CPU_SYNC : 0);
              ASSERT_EQ(m.ret, 0);
              u64 unit = std::max(granule, kSlot - 1);
              u64 first = m.dma & ~unit;
              u64 last = (m.dma + size + unit) & ~unit;
              Bytes seen = w.device_read(dev, first, last - first);
              Bytes want(seen.size());
              Bytes orig = w.read(w.ram() + low, size);
              std::copy(orig.begin(), orig.end(), want.begin() + static_cast<long>(m.dma - first));
              ASSERT_EQ(seen, want) << "granule " << granule << " align " << align << " low " << low
                                    << " size " << size << " dir " << dir;
              ASSERT_EQ(w.unmap(dev, m.dma, size, dir), XSW_CAUSE_NONE);
            }
          }
        }
      }
    }
  }
}

// 3. Bytes the device did not write survive a bounced DMA_FROM_DEVICE mapping.
TEST(Invariant, I3_UnwrittenBytesSurvive) {
  World w(small_pool());
  xsw_dev dev = bouncing_device();
  w.poison_pool(0x5a);
  Bytes before = pattern(6000, 1);
  w.write(w.ram() + 100, before);
  Mapped m = w.map(dev, w.ram() + 100, 6000, DMA_FROM_DEVICE);
  ASSERT_EQ(m.ret, 0);
  Bytes short_write = pattern(1500, 2);
  w.device_write(dev, m.dma + 40, short_write);
  ASSERT_EQ(w.unmap(dev, m.dma, 6000, DMA_FROM_DEVICE), XSW_CAUSE_NONE);
  std::copy(short_write.begin(), short_write.end(), before.begin() + 40);
  EXPECT_EQ(w.read(w.ram() + 100, 6000), before);
}

// 4. Partial syncs copy exactly their range; one outside the mapping is refused.
TEST(Invariant, I4_PartialSyncIsExact) {
  World w(small_pool());
  xsw_dev dev = bouncing_device();
  const size_t size = 9000;
  const u64 phys = w.ram() + 0x345;
  for (size_t off = 0; off < size; off += 509) {
    for (size_t len : {size_t{0}, size_t{1}, size_t{100}, size_t{2048}, size - off}) {
      if (len > size - off)
        continue;
      Bytes ram = pattern(size, off);
      Bytes device = pattern(size, len + 77);
      w.write(phys, ram);
      Mapped m = w.map(dev, phys, size);
      ASSERT_EQ(m.ret, 0);
      w.device_write(dev, m.dma, device);
      ASSERT_EQ(w.sync(dev, m.dma + off, len, DMA_BIDIRECTIONAL, true), XSW_CAUSE_NONE);
      Bytes want = ram;
      std::copy_n(device.begin() + static_cast<long>(off), len,
                  want.begin() + static_cast<long>(off));
      ASSERT_EQ(w.read(phys, size), want) << "to the CPU " << off << " + " << len;

      ram = pattern(size, off + 5);
      w.write(phys, ram);
      ASSERT_EQ(w.sync(dev, m.dma + off, len, DMA_BIDIRECTIONAL, false), XSW_CAUSE_NONE);
      want = device;
      std::copy_n(ram.begin() + static_cast<long>(off), len, want.begin() + static_cast<long>(off));
      ASSERT_EQ(w.device_read(dev, m.dma, size), want) << "to the device " << off << " + " << len;
      ASSERT_EQ(w.unmap(dev, m.dma, size, DMA_BIDIRECTIONAL, DMA_ATTR_SKIP_CPU_SYNC),
                XSW_CAUSE_NONE);
    }
  }
}

TEST(Invariant, I4_SyncOutsideIsRefused) {
  World w(small_pool());
  xsw_dev dev = bouncing_device();
  dev.min_align_mask = 0xfff;
  const size_t size = 5000;
  const u64 phys = w.ram() + 0x934;
  w.fill(phys, size, 1);
  Mapped neighbour = w.map(dev, w.ram() + 64 * KiB, size);
  Mapped m = w.map(dev, phys, size);
  ASSERT_EQ(m.ret, 0);
  w.device_write(dev, m.dma, pattern(size, 2));
  const Bytes ram = w.read(w.ram(), 128 * KiB);
  const Bytes pool = w.pool_bytes();
  struct {
    u64 dma;
    size_t len;
    xsw_cause cause;
  } cases[] = {
      {m.dma, size + 1, XSW_CAUSE_OUT_OF_RANGE},
      {m.dma + 1, size, XSW_CAUSE_OUT_OF_RANGE},
      {m.dma + size - 1, 2, XSW_CAUSE_OUT_OF_RANGE},
      {m.dma + size + 1, 1, XSW_CAUSE_OUT_OF_RANGE},
      {m.dma - 1, 1, XSW_CAUSE_OUT_OF_RANGE},
      {m.dma - 1, size + 2, XSW_CAUSE_OUT_OF_RANGE},
      {m.dma, ~size_t{0}, XSW_CAUSE_OUT_OF_RANGE},
      {m.dma + 4, ~size_t{0} - 3, XSW_CAUSE_OUT_OF_RANGE},
      {m.dma + 32 * kSlot, 1, XSW_CAUSE_NOT_MAPPED},
  };
  for (const auto &c : cases) {
    for (bool for_cpu : {true, false}) {
      EXPECT_EQ(w.sync(dev, c.dma, c.len, DMA_BIDIRECTIONAL, for_cpu), c.cause)
          << std::hex << c.dma - m.dma << " + " << c.len;
      ASSERT_EQ(w.read(w.ram(), 128 * KiB), ram);
      ASSERT_EQ(w.pool_bytes(), pool);
    }
  }
  EXPECT_EQ(w.unmap(dev, m.dma, size), XSW_CAUSE_NONE);
  EXPECT_EQ(w.sync(dev, m.dma, 1, DMA_BIDIRECTIONAL, true), XSW_CAUSE_NOT_MAPPED);
  EXPECT_EQ(w.unmap(dev, neighbour.dma, size), XSW_CAUSE_NONE);
}

// 5. dma & min_align_mask equals phys & min_align_mask; mask and boundary hold for all of the
// range, in a pool that is partly taken.
TEST(Invariant, I5_MaskAlignmentAndBoundaryHold) {
  Config c;
  c.ram_size = 1 * MiB;
  c.pool = {{0x1'0000'0800, 0x3fff'1000, 1 * MiB}};
  World w(c);
  std::mt19937_64 rng(seed());
  std::vector<std::pair<u64, size_t>> live;
  xsw_dev filler = bouncing_device();
  for (int i = 0; i < 250; i++) {
    size_t size = 1 + rng() % 3000;
    Mapped m = w.map(filler, w.ram(), size);
    if (!m.ret)
      live.emplace_back(m.dma, size);
  }
  for (size_t i = 0; i < live.size(); i += 2)
    ASSERT_EQ(w.unmap(filler, live[i].first, live[i].second), XSW_CAUSE_NONE);

  int mapped = 0;
  for (int i = 0; i < 4000; i++) {
    xsw_dev dev = bouncing_device();
    dev.min_align_mask = (u64{1} << rng() % 17) - 1;
    dev.seg_boundary = (u64{1} << (10 + rng() % 12)) - 1;
    dev.dma_mask = rng() % 2 ? 0x3fffffff : 0x3fff'1000 + rng() % MiB;
    dev.bus_limit = rng() % 2 ? 0 : 0x3fff'1000 + rng() % MiB;
    size_t size = 1 + rng() % 20000;
    u64 phys = w.ram() + rng() % (w.ram_size() - size);
    Mapped m = w.map(dev, phys, size);
    if (m.ret)
      continue;
    mapped++;
    EXPECT_EQ(m.dma & dev.min_align_mask, phys & dev.min_align_mask);
    EXPECT_EQ(m.dma & ~dev.seg_boundary, (m.dma + size - 1) & ~dev.seg_boundary);
    EXPECT_LE(m.dma + size - 1, dev.dma_mask);
    if (dev.bus_limit) {
      EXPECT_LE(m.dma + size - 1, dev.bus_limit);
    }
    ASSERT_EQ(w.unmap(dev, m.dma, size), XSW_CAUSE_NONE);
  }
  EXPECT_GT(mapped, 500);
  for (size_t i = 1; i < live.size(); i += 2)
    ASSERT_EQ(w.unmap(filler, live[i].first, live[i].second), XSW_CAUSE_NONE);
}

// 6. Unmap of what is not mapped, or with another size, never corrupts.
void wrong_unmap_is_refused(u64 min_align_mask, dma_data_direction dir) {
  World w(small_pool());
  xsw_dev dev = bouncing_device();
  dev.min_align_mask = min_align_mask;
  const size_t size = 7000;
  w.fill(w.ram() + 0x123, size, 1);
  // Addresses before the next one are the pool's, too.
  Mapped first = w.map(dev, w.ram(), 1, dir);
  Mapped m = w.map(dev, w.ram() + 0x123, size, dir);
  Mapped next = w.map(dev, w.ram() + 64 * KiB, 100, dir);
  ASSERT_EQ(m.ret, 0);
  w.device_write(dev, m.dma, pattern(size, 2));
  const Bytes ram = w.read(w.ram(), 128 * KiB);
  const Bytes pool = w.pool_bytes();
  const u64 used = w.info().used;
  struct {
    u64 dma;
    size_t size;
    xsw_cause cause;
  } cases[] = {
      {m.dma, size - 1, XSW_CAUSE_SIZE_MISMATCH},
      {m.dma, size + 1, XSW_CAUSE_SIZE_MISMATCH},
      {m.dma, 0, XSW_CAUSE_SIZE_MISMATCH},
      {m.dma, size + (u64{1} << 32), XSW_CAUSE_SIZE_MISMATCH},
      {m.dma + 1, size - 1, XSW_CAUSE_NOT_MAPPED},
      {m.dma - 1, size, XSW_CAUSE_NOT_MAPPED},
      {m.dma + kSlot, size, XSW_CAUSE_NOT_MAPPED},
      {m.dma + kSlot, size - kSlot, XSW_CAUSE_NOT_MAPPED},
      {m.dma + 40 * kSlot, size, XSW_CAUSE_NOT_MAPPED},
  };
  for (const auto &c : cases) {
    EXPECT_EQ(w.unmap(dev, c.dma, c.size, dir), c.cause) << std::hex << c.dma - m.dma;
    ASSERT_EQ(w.info().used, used);
    ASSERT_EQ(w.read(w.ram(), 128 * KiB), ram);
    ASSERT_EQ(w.pool_bytes(), pool);
  }
  EXPECT_EQ(w.unmap(dev, m.dma, size, dir), XSW_CAUSE_NONE);
  EXPECT_EQ(w.unmap(dev, m.dma, size, dir), XSW_CAUSE_NOT_MAPPED);
  EXPECT_EQ(w.unmap(dev, m.dma, 0, dir), XSW_CAUSE_NOT_MAPPED);
  EXPECT_EQ(w.unmap(dev, next.dma, 100, dir), XSW_CAUSE_NONE);
  EXPECT_EQ(w.unmap(dev, first.dma, 1, dir), XSW_CAUSE_NONE);
  EXPECT_EQ(w.info().used, 0U);
}

TEST(Invariant, I6_WrongUnmapIsRefused) {
  for (const u64 mask : {u64{0}, u64{0xfff}})
    for (const auto dir : {DMA_BIDIRECTIONAL, DMA_TO_DEVICE, DMA_FROM_DEVICE})
      ASSERT_NO_FATAL_FAILURE(wrong_unmap_is_refused(mask, dir)) << mask << ", direction " << dir;
}

TEST(Invariant, I6_OfManyUnmapsOneIsRight) {
  World w(small_pool());
  xsw_dev dev = bouncing_device();
  constexpr int kThreads = 4;
  constexpr int kRounds = 1000;
  std::vector<u64> dma(kRounds);
  std::atomic<int> arrived{0};
  std::atomic<int> done{0};
  std::atomic<int> right{0};
  auto unmap_all = [&] {
    for (int i = 0; i < kRounds; i++) {
      // All meet, the last one maps, all unmap.
      if (arrived.fetch_add(1) % kThreads == kThreads - 1) {
        dma[static_cast<size_t>(i)] = w.map(dev, w.ram(), 3000).dma;
        done++;
      }
      while (done.load() <= i)
        std::this_thread::yield();
      // Of these two an unmap that copies back gives up the lock on its way.
      auto dir = i % 2 ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
      xsw_cause cause;
      int ret = xsw_unmap(w.env(), &dev, dma[static_cast<size_t>(i)], 3000, dir, 0, &cause);
      if (ret == 1)
        right++;
      else
        EXPECT_EQ(cause, XSW_CAUSE_NOT_MAPPED);
      // Nobody maps anew before everybody has tried.
      arrived++;
      while (arrived.load() < (i + 1) * 2 * kThreads)
        std::this_thread::yield();
    }
  };
  xsw_seam_preempt_one_in = 8;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; t++)
    threads.emplace_back(unmap_all);
  for (auto &t : threads)
    t.join();
  xsw_seam_preempt_one_in = 0;
  EXPECT_EQ(right.load(), kRounds);
  EXPECT_EQ(w.info().used, 0U);
}

// Whoever looks up an address while a mapping is being made there finds all of it, or nothing.
TEST(Invariant, I6_MappingAppearsWhole) {
  World w(small_pool());
  xsw_dev dev = bouncing_device();
  constexpr size_t kSize = 3000;
  // The memory that was used last is used next: it is always the same.
  const u64 dma = w.map(dev, w.ram(), kSize).dma;
  ASSERT_EQ(w.unmap(dev, dma, kSize), XSW_CAUSE_NONE);
  std::atomic<bool> enough{false};
  xsw_seam_preempt_one_in = 8;
  std::thread mapper([&] {
    for (int i = 0; i < 200'000 && !enough; i++) {
      EXPECT_EQ(w.map(dev, w.ram() + static_cast<u64>(i % 16) * 4 * KiB, kSize).dma, dma);
      EXPECT_EQ(w.unmap(dev, dma, kSize, DMA_TO_DEVICE), XSW_CAUSE_NONE);
    }
    enough = true;
  });
  int found = 0;
  int missed = 0;
  while (!enough) {
    // For this direction nothing is copied: it is the look-up alone.
    xsw_cause cause;
    xsw_sync(w.env(), &dev, dma + 1000, kSize - 1000, DMA_TO_DEVICE, true, &cause);
    found += cause == XSW_CAUSE_NONE;
    missed += cause == XSW_CAUSE_NOT_MAPPED;
    if (cause != XSW_CAUSE_NONE && cause != XSW_CAUSE_NOT_MAPPED) {
      ADD_FAILURE() << xsw_cause_name(cause);
      enough = true;
    }
    if (found >= 1000 && missed >= 1000)
      enough = true;
  }
  mapper.join();
  xsw_seam_preempt_one_in = 0;
  EXPECT_GT(found, 0);
  EXPECT_GT(missed, 0);
}

// 7. After the last unmap the pool is empty, whatever the order, on every CPU; used and
// high-water marks are exact.
TEST(Invariant, I7_AccountsAreExact) {
  Config c;
  c.ram_size = 1 * MiB;
  c.pool = {{0x1'0000'0000, 0x4000'0000, 16 * MiB}};
  c.areas = 4;
  World w(c);
  ASSERT_EQ(w.info().nr_areas, 4U);
  std::mt19937_64 rng(seed());
  xsw_dev dev = bouncing_device();
  std::vector<std::pair<u64, size_t>> live;
  u64 used = 0;
  u64 most = 0;
  for (int i = 0; i < 20000; i++) {
    OnCpu cpu(static_cast<int>(rng() % 6));
    bool grow = (i / 500) % 2 == 0;
    if (live.empty() || rng() % 10 < (grow ? 7 : 3)) {
      size_t size = 1 + rng() % 10000;
      Mapped m = w.map(dev, w.ram(), size);
      ASSERT_EQ(m.ret, 0);
      live.emplace_back(m.dma, size);
      used += DIV_ROUND_UP(size, kSlot);
    } else {
      auto it = live.begin() + static_cast<long>(rng() % live.size());
      // With a copy back and without.
      auto dir = rng() % 2 ? DMA_TO_DEVICE : DMA_BIDIRECTIONAL;
      ASSERT_EQ(w.unmap(dev, it->first, it->second, dir), XSW_CAUSE_NONE);
      used -= DIV_ROUND_UP(it->second, kSlot);
      live.erase(it);
    }
    most = std::max(most, used);
    ASSERT_EQ(w.info().used, used);
    ASSERT_EQ(w.info().hiwater, most);
    if (i % 3333 == 0) {
      xsw_pool_reset_hiwater(w.pool());
      most = used;
      ASSERT_EQ(w.info().hiwater, most);
    }
  }
  for (const auto &[dma, size] : live)
    ASSERT_EQ(w.unmap(dev, dma, size), XSW_CAUSE_NONE);
  EXPECT_EQ(w.info().used, 0U);

  // Empty means that all of it can be had again.
  live.clear();
  for (u64 i = 0; i < w.info().slots; i++)
    live.emplace_back(w.map(dev, w.ram(), kSlot).dma, kSlot);
  EXPECT_EQ(w.info().used, w.info().slots);
  for (const auto &[dma, size] : live)
    ASSERT_EQ(w.unmap(dev, dma, size), XSW_CAUSE_NONE);
}

// 8. A map that fails has changed nothing.
TEST(Invariant, I8_FailedMapChangesNothing) {
  Config c = small_pool();
  c.p2m = [&](u64 page) {
    return Frame{page == 70 ? XSW_MACHINE_NONE : 0x8000'0000 + page * kPage};
  };
  World w(c);
  xsw_dev dev = bouncing_device();
  std::vector<Mapped> live;
  for (;;) {
    Mapped m = w.map(dev, w.ram(), 3 * kSlot);
    if (m.ret)
      break;
    live.push_back(m);
  }
  // Holes of one slot and of three, more or less. One stays hot, for a longer map to give up.
  for (const int i : {11, 9, 7}) {
    ASSERT_EQ(w.unmap(dev, live[i].dma, 3 * kSlot), XSW_CAUSE_NONE);
    live.erase(live.begin() + i);
  }
  w.poison_pool(0x77);
  w.fill(w.ram(), 64 * KiB, 1);
  const Bytes pool = w.pool_bytes();
  const Bytes ram = w.read(w.ram(), 64 * KiB);
  const xsw_pool_info info = w.info();

  xsw_dev narrow = dev;
  narrow.dma_mask = 0xffffff;
  xsw_dev aligned = dev;
  aligned.min_align_mask = 0xff'ffff;
  xsw_dev refusing = dev;
  refusing.no_bounce = true;
  struct {
    const xsw_dev *dev;
    u64 phys;
    size_t size;
    dma_data_direction dir;
    unsigned long attrs;
    xsw_cause cause;
  } cases[] = {
      {&dev, w.ram(), 6 * kSlot, DMA_BIDIRECTIONAL, 0, XSW_CAUSE_NO_SPACE},
      {&dev, w.ram(), 256 * KiB + 1, DMA_BIDIRECTIONAL, 0, XSW_CAUSE_TOO_LARGE},
      {&aligned, w.ram() + 0x9000, 100, DMA_BIDIRECTIONAL, 0, XSW_CAUSE_NO_SPACE},
      {&aligned, w.ram() + 0x50000, 100, DMA_BIDIRECTIONAL, 0, XSW_CAUSE_MISALIGNED},
      {&narrow, w.ram(), 100, DMA_BIDIRECTIONAL, 0, XSW_CAUSE_MASK},
      {&refusing, w.ram(), 100, DMA_BIDIRECTIONAL, 0, XSW_CAUSE_NO_BOUNCE},
      {&dev, w.ram() + 70 * kPage, 100, DMA_BIDIRECTIONAL, 0, XSW_CAUSE_BAD_ADDRESS},
      {&dev, w.ram(), 0, DMA_BIDIRECTIONAL, 0, XSW_CAUSE_BAD_SIZE},
      {&dev, ~u64{0} - 5, 100, DMA_BIDIRECTIONAL, 0, XSW_CAUSE_BAD_ADDRESS},
      {&dev, w.ram(), 100, DMA_NONE, 0, XSW_CAUSE_BAD_DIRECTION},
      {&dev, w.ram(), 100, DMA_BIDIRECTIONAL, DMA_ATTR_MMIO, XSW_CAUSE_BAD_ADDRESS},
      {&dev, w.ram(), 100, DMA_BIDIRECTIONAL, DMA_ATTR_REQUIRE_COHERENT, XSW_CAUSE_NEEDS_COHERENT},
  };
  for (const auto &t : cases) {
    Mapped m = w.map(*t.dev, t.phys, t.size, t.dir, t.attrs);
    EXPECT_NE(m.ret, 0);
    EXPECT_EQ(m.cause, t.cause) << xsw_cause_name(m.cause) << ", not " << xsw_cause_name(t.cause);
    ASSERT_EQ(w.pool_bytes(), pool);
    ASSERT_EQ(w.read(w.ram(), 64 * KiB), ram);
    ASSERT_EQ(w.info().used, info.used);
    ASSERT_EQ(w.info().hiwater, info.hiwater);
  }
  // The hole is as it was.
  Mapped m = w.map(dev, w.ram(), 3 * kSlot);
  EXPECT_EQ(m.ret, 0);
  live.push_back(m);
  for (const Mapped &l : live)
    EXPECT_EQ(w.unmap(dev, l.dma, 3 * kSlot), XSW_CAUSE_NONE);
}

// 9. Callable from hard interrupt context: no lock is taken with interrupts on, nothing is
// allocated, and interrupts are on again afterwards.
TEST(Invariant, I9_CallableFromInterrupts) {
  Config c;
  c.pool = {{0x1'0000'0000, 0x4000'0000, 16 * MiB}};
  c.areas = 4;
  c.ram_size = 16 * MiB;
  World w(c);
  static int allocations;
  allocations = 0;
  xsw_seam.alloc = [](size_t) {
    allocations++;
    return false;
  };
  xsw_seam_unsafe_locks = 0;
  xsw_dev dev = bouncing_device();
  std::vector<std::pair<u64, size_t>> live;
  for (size_t size : {size_t{1}, size_t{4096}, size_t{100000}, size_t{4 * MiB}}) {
    for (int cpu = 0; cpu < 4; cpu++) {
      OnCpu on(cpu);
      Mapped m = w.map(dev, w.ram(), size);
      ASSERT_EQ(xsw_seam_irqs_off, 0);
      if (m.ret)
        continue;
      live.emplace_back(m.dma, size);
      w.sync(dev, m.dma, size, DMA_BIDIRECTIONAL, true);
      w.sync(dev, m.dma, size, DMA_BIDIRECTIONAL, false);
    }
  }
  EXPECT_NE(w.map(dev, w.ram(), 5 * MiB).ret, 0);
  xsw_pool_reset_hiwater(w.pool());
  for (const auto &[dma, size] : live) {
    w.unmap(dev, dma, size);
    ASSERT_EQ(xsw_seam_irqs_off, 0);
  }
  EXPECT_EQ(xsw_seam_unsafe_locks, 0U);
  EXPECT_EQ(allocations, 0);
  xsw_seam.alloc = nullptr;
}

} // namespace
