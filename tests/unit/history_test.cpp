// SPDX-License-Identifier: GPL-2.0
// Bugs that the kernel's bounce buffers have had, by their number in the project's catalogue. The
// first line of each says what went wrong.
#include <algorithm>
#include <atomic>
#include <barrier>
#include <sys/mman.h>
#include <thread>

#include "world.hpp"

extern "C" {
#include "copy.h"
#include "place.h"
#include "sync.h"
}

using namespace xsw;

namespace {

struct Live {
  u64 dma;
  size_t size;
};

Config pool_of(u64 size, u64 machine = 0x4000'0000, unsigned int areas = 1) {
  Config c;
  c.pool = {{0x1'0000'0000, machine, size}};
  c.areas = areas;
  return c;
}

void unmap_all(World &w, const xsw_dev &dev, std::vector<Live> &live) {
  for (const Live &l : live)
    ASSERT_EQ(w.unmap(dev, l.dma, l.size), XSW_CAUSE_NONE);
  live.clear();
  ASSERT_EQ(w.info().used, 0U);
}

// Fills the pool with mappings of @size until the first failure.
std::vector<Live> fill_up(World &w, const xsw_dev &dev, size_t size) {
  std::vector<Live> live;
  for (;;) {
    Mapped m = w.map(dev, w.ram(), size);
    if (m.ret) {
      EXPECT_EQ(m.cause, XSW_CAUSE_NO_SPACE);
      return live;
    }
    live.push_back({m.dma, size});
  }
}

// A failed map returned the address of a shared overflow buffer.
TEST(History, T1_FailureIsAnErrorAddress) {
  World w(pool_of(64 * KiB));
  xsw_dev dev = bouncing_device();
  auto live = fill_up(w, dev, 4096);
  EXPECT_EQ(live.size(), 16U);
  Mapped m = w.map(dev, w.ram(), 1);
  EXPECT_EQ(m.ret, -ENOMEM);
  EXPECT_EQ(m.dma, DMA_MAPPING_ERROR);
  EXPECT_EQ(w.unmap(dev, DMA_MAPPING_ERROR, 1) == XSW_CAUSE_NONE, !w.in_pool(dev, m.dma));
  unmap_all(w, dev, live);
}

// "Full" was decided by a counter that was read outside the lock and could underflow.
TEST(History, T2_CountersAreExactUnderConcurrency) {
  Config c = pool_of(16 * MiB, 0x4000'0000, 4);
  World w(c);
  constexpr int kThreads = 4;
  constexpr int kHeld = 64;
  std::barrier<> sync_point(kThreads);
  std::atomic<u64> wrong{0};
  auto unmap_last = [&](const xsw_dev &dev, std::vector<Live> &live) {
    // To the CPU nothing is copied: the threads share the memory.
    if (w.unmap(dev, live.back().dma, live.back().size, DMA_TO_DEVICE) != XSW_CAUSE_NONE)
      wrong++;
    live.pop_back();
  };
  auto work = [&](int t) {
    OnCpu cpu(t);
    xsw_dev dev = bouncing_device();
    std::mt19937_64 rng(seed() + static_cast<u64>(t));
    std::vector<Live> live;
    for (int round = 0; round < 10; round++) {
      // Never more than kHeld mappings of one slot each, and that many at the end.
      for (int i = 0; i < 500; i++) {
        if (live.size() < kHeld && (live.empty() || rng() % 2)) {
          size_t size = 1 + rng() % kSlot;
          live.push_back({w.map(dev, w.ram(), size).dma, size});
        } else {
          unmap_last(dev, live);
        }
        if (w.info().used > kThreads * kHeld)
          wrong++;
      }
      while (live.size() < kHeld)
        live.push_back({w.map(dev, w.ram(), 1).dma, 1});
      sync_point.arrive_and_wait();
      if (w.info().used != kThreads * kHeld || w.info().hiwater != kThreads * kHeld)
        wrong++;
      sync_point.arrive_and_wait();
      while (!live.empty())
        unmap_last(dev, live);
      sync_point.arrive_and_wait();
      if (w.info().used != 0)
        wrong++;
      sync_point.arrive_and_wait();
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; t++)
    threads.emplace_back(work, t);
  for (auto &t : threads)
    t.join();
  EXPECT_EQ(wrong.load(), 0U);
}

// Ends of ranges were computed in 32 bits, or wrapped.
TEST(History, T4_EndsDoNotWrap) {
  xsw_dev dev = plain_device();
  EXPECT_TRUE(xsw_dma_capable(&dev, 0, 1));
  EXPECT_FALSE(xsw_dma_capable(&dev, 0, 0));
  EXPECT_TRUE(xsw_dma_capable(&dev, kNoMask - 0xfff, 0x1000));
  EXPECT_FALSE(xsw_dma_capable(&dev, kNoMask - 0xfff, 0x1001));
  EXPECT_FALSE(xsw_dma_capable(&dev, DMA_MAPPING_ERROR, 1));
  EXPECT_FALSE(xsw_dma_capable(&dev, 0x1000, ~u64{0}));
  dev.dma_mask = 0xffff'ffff;
  EXPECT_TRUE(xsw_dma_capable(&dev, 0xffff'f000, 0x1000));
  EXPECT_FALSE(xsw_dma_capable(&dev, 0xffff'f000, 0x1001));
  EXPECT_FALSE(xsw_dma_capable(&dev, 0x1'0000'0000, 1));
  EXPECT_FALSE(xsw_dma_capable(&dev, 0x1'0000'0000 - 1, 0x1'0000'0000));
  dev.bus_limit = 0x3fff'ffff;
  EXPECT_FALSE(xsw_dma_capable(&dev, 0x4000'0000, 1));
  EXPECT_TRUE(xsw_dma_capable(&dev, 0x3fff'ffff, 1));
  dev.dma_mask = 0xffffff;
  EXPECT_FALSE(xsw_dma_capable(&dev, 0x100'0000, 1));

  World w;
  Mapped m = w.map(plain_device(), kNoMask, 2);
  EXPECT_EQ(m.cause, XSW_CAUSE_BAD_ADDRESS);
}

// Physical, bus and dma addresses were confused where a dma_range_map has an offset.
TEST(History, T5_RangeOffsetInEveryPath) {
  Config c = pool_of(1 * MiB, 0x4000'0000);
  c.ram_phys = 0x8000'0000;
  World w(c);
  // The pool, part of the memory, and what lies where the pool's machine addresses would be.
  const xsw_dma_range ranges[] = {
      {0x4000'0000, 0xc000'0000, 1 * MiB},
      {0x8000'0000, 0x4000'0000, 128 * KiB},
  };
  xsw_dev dev = plain_device();
  dev.ranges = ranges;
  dev.nr_ranges = 2;
  dev.min_align_mask = 0xfff;
  for (u64 off :
       {u64{0x123}, u64{64 * KiB}, u64{128 * KiB - 9000}, u64{126 * KiB}, u64{192 * KiB}}) {
    const size_t size = 9000;
    bool direct = off + size <= 128 * KiB;
    Bytes bytes = pattern(size, off);
    w.write(w.ram() + off, bytes);
    Mapped m = w.map(dev, w.ram() + off, size);
    ASSERT_EQ(m.ret, 0);
    EXPECT_EQ(m.reason, direct ? XSW_REASON_DIRECT : XSW_REASON_BOUNCE_MASK);
    EXPECT_EQ(m.dma >= 0xc000'0000, !direct);
    EXPECT_EQ(m.dma & 0xfff, off & 0xfff);
    if (direct) {
      EXPECT_EQ(m.dma, 0x4000'0000 + off);
    }
    EXPECT_EQ(w.device_read(dev, m.dma, size), bytes);
    Bytes written = pattern(size, off + 1);
    w.device_write(dev, m.dma, written);
    EXPECT_EQ(w.sync(dev, m.dma + 5000, 100, DMA_FROM_DEVICE, true), XSW_CAUSE_NONE);
    EXPECT_EQ(w.read(w.ram() + off + 5000, 100),
              Bytes(written.begin() + 5000, written.begin() + 5100));
    EXPECT_EQ(w.unmap(dev, m.dma, size), XSW_CAUSE_NONE);
    EXPECT_EQ(w.read(w.ram() + off, size), written);
  }
  EXPECT_EQ(w.unmap(dev, 0x1000, 1), XSW_CAUSE_NOT_MAPPED);
  EXPECT_EQ(w.sync(dev, 0x1000, 1, DMA_TO_DEVICE, true), XSW_CAUSE_NOT_MAPPED);

  // A pool that the ranges reach in parts.
  const xsw_dma_range holes[] = {
      {0x4000'1000, 0x1000'0000, 0x2000},
      {0x4000'8000, 0x2000'0000, 0x3000},
  };
  dev.ranges = holes;
  EXPECT_FALSE(xsw_pool_reachable(w.env(), &dev));
  Mapped two = w.map(dev, w.ram(), 0x2000);
  Mapped three = w.map(dev, w.ram(), 0x3000);
  EXPECT_EQ(two.dma, 0x1000'0000U);
  EXPECT_EQ(three.dma, 0x2000'0000U);
  EXPECT_EQ(w.map(dev, w.ram(), 0x3001).cause, XSW_CAUSE_MASK);
  EXPECT_EQ(w.map(dev, w.ram(), 1).cause, XSW_CAUSE_NO_SPACE);
  EXPECT_EQ(w.unmap(dev, two.dma, 0x2000), XSW_CAUSE_NONE);
  EXPECT_EQ(w.unmap(dev, three.dma, 0x3000), XSW_CAUSE_NONE);

  // One that shifts addresses within a slot can hold no pool, but direct maps are well.
  const xsw_dma_range odd[] = {{0x4000'0000, 0x1000'0100, 1 * GiB + 128 * KiB}};
  dev.ranges = odd;
  dev.nr_ranges = 1;
  EXPECT_EQ(w.map(dev, w.ram(), 100).dma, 0x5000'0100U);
  dev.force_bounce = true;
  EXPECT_EQ(w.map(dev, w.ram(), 100).cause, XSW_CAUSE_MASK);
  // Empty ranges hold nothing.
  const xsw_dma_range empty[] = {{0, 0, 0}};
  dev.ranges = empty;
  EXPECT_EQ(w.map(dev, w.ram(), 100).cause, XSW_CAUSE_MASK);
}

// Sizes of unmaps and syncs were trusted.
TEST(History, T6_OversizeIsRefused) {
  World w(pool_of(64 * KiB));
  xsw_dev dev = bouncing_device();
  std::vector<Live> live = fill_up(w, dev, 2000);
  w.poison_pool(0x11);
  w.fill(w.ram(), w.ram_size(), 3);
  const Bytes pool = w.pool_bytes();
  const Bytes ram = w.read(w.ram(), w.ram_size());
  for (size_t size : {size_t{2001}, size_t{4000}, size_t{64 * KiB}, size_t{1} << 40, ~size_t{0}}) {
    for (const Live &l : live) {
      EXPECT_EQ(w.unmap(dev, l.dma, size), XSW_CAUSE_SIZE_MISMATCH);
      EXPECT_EQ(w.sync(dev, l.dma, size, DMA_BIDIRECTIONAL, true), XSW_CAUSE_OUT_OF_RANGE);
      EXPECT_EQ(w.sync(dev, l.dma, size, DMA_BIDIRECTIONAL, false), XSW_CAUSE_OUT_OF_RANGE);
    }
  }
  EXPECT_EQ(w.pool_bytes(), pool);
  EXPECT_EQ(w.read(w.ram(), w.ram_size()), ram);
  unmap_all(w, dev, live);
}

// The offset in the page was lost, which NVMe needs.
TEST(History, T7_LowBitsAreKept) {
  World w(pool_of(1 * MiB, 0x4000'0000));
  xsw_dev dev = bouncing_device();
  for (u64 mask = 0x1ff; mask <= 0xffff; mask = mask * 2 + 1) {
    dev.min_align_mask = mask;
    for (u64 low = 0; low <= mask; low += mask / 64 + 1) {
      for (size_t size : {size_t{1}, size_t{512}, size_t{4096}, size_t{20000}}) {
        Mapped m = w.map(dev, w.ram() + low, size);
        ASSERT_EQ(m.ret, 0);
        ASSERT_EQ(m.dma & mask, low & mask);
        ASSERT_EQ(w.unmap(dev, m.dma, size), XSW_CAUSE_NONE);
      }
    }
  }
}

// "None found" was -1 in an unsigned index.
TEST(History, T8_FullPoolIsAnError) {
  for (u64 size : {2 * KiB, 4 * KiB, 126 * KiB, 128 * KiB, 130 * KiB, 512 * KiB}) {
    World w(pool_of(size));
    xsw_dev dev = bouncing_device();
    auto live = fill_up(w, dev, 1);
    EXPECT_EQ(live.size(), size / kSlot);
    for (size_t s : {1, 2048, 2049, 4096}) {
      Mapped m = w.map(dev, w.ram(), s);
      EXPECT_EQ(m.cause, s > size ? XSW_CAUSE_TOO_LARGE : XSW_CAUSE_NO_SPACE);
    }
    unmap_all(w, dev, live);
  }
}

// The search never ended, with the lock held, for some masks and patterns of free slots. Here every
// pattern, mask and boundary is compared with a search that tries all slots.
TEST(History, T9_SearchEndsAndFindsWhatThereIs) {
  constexpr u64 kSlots = 300;
  constexpr u64 kBase = 0x4000'1800; // aligned to a slot only
  std::mt19937_64 rng(seed());
  Config c = pool_of(kSlots * kSlot, kBase);
  c.ram_size = 1 * MiB;
  for (int round = 0; round < 60; round++) {
    World w(c);
    xsw_dev one = bouncing_device();
    // All slots, of which some are given back: sparse, half, dense, in runs.
    std::vector<Live> live = fill_up(w, one, 1);
    std::vector<bool> taken(kSlots, true);
    u64 run = 1 + rng() % 40;
    u64 share = 1 + rng() % 9;
    for (u64 s = 0; s < kSlots; s += run)
      if (rng() % 10 < share)
        for (u64 i = s; i < std::min(s + run, kSlots); i++)
          taken[i] = false;
    std::vector<Live> rest;
    for (const Live &l : live) {
      if (taken[(l.dma - kBase) / kSlot])
        rest.push_back(l);
      else
        ASSERT_EQ(w.unmap(one, l.dma, l.size), XSW_CAUSE_NONE);
    }
    for (int probe = 0; probe < 300; probe++) {
      xsw_dev dev = bouncing_device();
      dev.min_align_mask = (u64{1} << rng() % 20) - 1;
      dev.alloc_align_mask = rng() % 3 ? 0 : (u64{1} << rng() % 17) - 1;
      dev.seg_boundary = rng() % 2 ? kNoMask : (u64{1} << (9 + rng() % 11)) - 1;
      dev.dma_mask = rng() % 2 ? kNoMask : kBase + rng() % (kSlots * kSlot);
      size_t size = 1 + rng() % (rng() % 2 ? 8000 : 200000);
      u64 phys = w.ram() + rng() % (w.ram_size() - size);
      // Is there a place? By trying each slot.
      u64 unit = std::max(dev.alloc_align_mask, kSlot - 1);
      u64 off = phys & dev.min_align_mask & unit;
      u64 bytes = (off + size + unit) & ~unit;
      bool page = size >= kPage && unit == kSlot - 1 && dev.min_align_mask < kSlot;
      bool there = false;
      for (u64 s = 0; s < kSlots && !there; s++) {
        u64 at = kBase + s * kSlot;
        u64 dma = at + off;
        there = (at & unit) == 0 && (dma & dev.min_align_mask) == (phys & dev.min_align_mask) &&
                (!page || at % kPage == 0) &&
                (dma & ~dev.seg_boundary) == ((dma + size - 1) & ~dev.seg_boundary) &&
                s + bytes / kSlot <= kSlots && at + bytes - 1 <= (dev.dma_mask | (kSlot - 1)) &&
                ((dev.dma_mask & (kSlot - 1)) == kSlot - 1 ||
                 at + bytes - 1 < (dev.dma_mask & ~(kSlot - 1)));
        for (u64 i = s; there && i < s + bytes / kSlot; i++)
          there = !taken[i];
      }
      Mapped m = w.map(dev, phys, size);
      ASSERT_EQ(m.ret == 0, there)
          << "size " << size << " phys " << std::hex << phys << " align " << dev.min_align_mask
          << " granule " << dev.alloc_align_mask << " boundary " << dev.seg_boundary << " mask "
          << dev.dma_mask << " cause " << xsw_cause_name(m.cause);
      if (!m.ret)
        ASSERT_EQ(w.unmap(dev, m.dma, size), XSW_CAUSE_NONE);
    }
    unmap_all(w, one, rest);
  }
}

// A partial sync copied from the mapping's start.
TEST(History, T10_SyncAtEveryOffset) {
  World w(pool_of(64 * KiB));
  xsw_dev dev = bouncing_device();
  const size_t size = 4500;
  const u64 phys = w.ram() + 0x77;
  Mapped m = w.map(dev, phys, size);
  Bytes ram = w.read(phys, size);
  Bytes device = pattern(size, 9);
  w.device_write(dev, m.dma, device);
  for (size_t off = 0; off < size; off++) {
    ASSERT_EQ(w.sync(dev, m.dma + off, 1, DMA_FROM_DEVICE, true), XSW_CAUSE_NONE);
    ram[off] = device[off];
    if (off % 97 == 0 || off > size - 3) {
      ASSERT_EQ(w.read(phys, size), ram) << off;
    }
  }
  EXPECT_EQ(w.unmap(dev, m.dma, size), XSW_CAUSE_NONE);
}

// A partial sync went wrong where the sync's low bits were below the mapping's.
TEST(History, T11_SyncOfEveryStartOffsetAndLength) {
  World w(pool_of(1 * MiB)); // nothing comes to lie at its end, where no mapping is known behind it
  for (u64 mask : {u64{0}, u64{0xfff}, u64{0x1fff}}) {
    xsw_dev dev = bouncing_device();
    dev.min_align_mask = mask;
    for (u64 start : xsw_sync_starts) {
      for (u64 size : xsw_sync_sizes) {
        const u64 phys = w.ram() + start;
        w.fill(phys, size, start);
        Mapped m = w.map(dev, phys, size);
        ASSERT_EQ(m.ret, 0);
        Bytes ram = w.read(phys, size);
        for (u64 off : xsw_sync_offsets) {
          for (u64 len : xsw_sync_lengths) {
            xsw_cause cause = w.sync(dev, m.dma + off, len, DMA_BIDIRECTIONAL, true);
            if (off >= size || len > size - off) {
              ASSERT_NE(cause, XSW_CAUSE_NONE);
              continue;
            }
            ASSERT_EQ(cause, XSW_CAUSE_NONE);
            Bytes device = pattern(len, off + len);
            w.device_write(dev, m.dma + off, device);
            ASSERT_EQ(w.sync(dev, m.dma + off, len, DMA_BIDIRECTIONAL, true), XSW_CAUSE_NONE);
            std::copy(device.begin(), device.end(), ram.begin() + static_cast<long>(off));
            ASSERT_EQ(w.read(phys, size), ram)
                << "start " << start << " size " << size << " sync " << off << " + " << len;
          }
        }
        ASSERT_EQ(w.unmap(dev, m.dma, size), XSW_CAUSE_NONE);
      }
    }
  }
}

// Stale contents of the pool reached the caller where the device wrote less than the mapping.
TEST(History, T12_ShortWritesLeakNothing) {
  World w(pool_of(64 * KiB));
  xsw_dev dev = bouncing_device();
  const size_t size = 3000;
  for (const xsw_copy_case &c : xsw_copy_cases) {
    for (size_t written : {size_t{0}, size_t{1}, size_t{1000}, size}) {
      SCOPED_TRACE(std::string(c.name) + ", device writes " + std::to_string(written));
      w.poison_pool(0x5a);
      Bytes ram = pattern(size, 1);
      w.write(w.ram(), ram);
      Mapped m = w.map(dev, w.ram(), size, c.dir, c.attrs);
      ASSERT_EQ(m.ret, 0);
      EXPECT_EQ(w.device_read(dev, m.dma, size), ram);
      Bytes device = pattern(written, 2);
      w.device_write(dev, m.dma, device);
      EXPECT_EQ(w.unmap(dev, m.dma, size, c.dir, c.attrs), XSW_CAUSE_NONE);
      if (c.unmap)
        std::copy(device.begin(), device.end(), ram.begin());
      EXPECT_EQ(w.read(w.ram(), size), ram);
    }
  }
}

// Syncing DMA_FROM_DEVICE for the device overwrote what the device had written.
TEST(History, T13_DeviceDataSurviveSyncForDevice) {
  World w(pool_of(64 * KiB));
  xsw_dev dev = bouncing_device();
  const size_t size = 3000;
  for (const xsw_copy_case &c : xsw_copy_cases) {
    SCOPED_TRACE(c.name);
    w.fill(w.ram(), size, 1);
    Mapped m = w.map(dev, w.ram(), size, c.dir, c.attrs);
    EXPECT_EQ(w.sync(dev, m.dma, size, c.dir, true), XSW_CAUSE_NONE);
    Bytes device = pattern(size, 2);
    w.device_write(dev, m.dma, device);
    Bytes ram = pattern(size, 3);
    w.write(w.ram(), ram);
    EXPECT_EQ(w.sync(dev, m.dma, size, c.dir, false), XSW_CAUSE_NONE);
    EXPECT_EQ(w.device_read(dev, m.dma, size), c.sync_device ? ram : device);
    w.device_write(dev, m.dma, device);
    EXPECT_EQ(w.sync(dev, m.dma, size, c.dir, true), XSW_CAUSE_NONE);
    EXPECT_EQ(w.read(w.ram(), size), c.sync_cpu ? device : ram);
    EXPECT_EQ(w.unmap(dev, m.dma, size, c.dir, c.attrs), XSW_CAUSE_NONE);
  }
}

// The largest mapping did not account for the alignment.
TEST(History, T14_LargestMappingFits) {
  for (u64 machine : {u64{0x4000'0000}, u64{0x4000'0800}, u64{0x4001'3000}}) {
    Config c = pool_of(1 * MiB, machine);
    c.ram_size = 2 * MiB;
    World w(c);
    for (u64 mask = 0; mask <= 0x1ffff; mask = mask * 2 + 1) {
      for (u64 granule : {u64{0}, u64{0xfff}, u64{0xffff}}) {
        for (u64 boundary : {kNoMask, u64{0x7ffff}}) {
          xsw_dev dev = bouncing_device();
          dev.min_align_mask = mask;
          dev.alloc_align_mask = granule;
          dev.seg_boundary = boundary;
          size_t most = xsw_max_mapping_size(w.env(), &dev, true);
          EXPECT_GE(most, (boundary == kNoMask ? 512 * KiB : 256 * KiB));
          for (u64 low : {u64{0}, u64{1}, mask / 3, mask / 2, mask / 2 + 1, mask - 1, mask}) {
            Mapped m = w.map(dev, w.ram() + (low & mask), most);
            ASSERT_EQ(m.ret, 0) << xsw_cause_name(m.cause) << " machine " << std::hex << machine
                                << " mask " << mask << " granule " << granule << " boundary "
                                << boundary << " low " << low << " size " << most;
            ASSERT_EQ(w.unmap(dev, m.dma, most), XSW_CAUSE_NONE);
          }
        }
      }
    }
  }
}

// Shifts of slot numbers overflowed 32 bits.
TEST(History, T15_LargePoolsAndHighAddresses) {
  constexpr u64 kSize = 5 * GiB;
  void *mem = mmap(nullptr, kSize, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mem == MAP_FAILED)
    GTEST_SKIP() << "no address space for 5 GiB";
  for (u64 machine : {u64{0x8000'0000}, u64{1} << 44, u64{0} - kSize}) {
    xsw_seam = {};
    const u64 phys = machine ^ (u64{1} << 45);
    xsw_extent ext{mem, phys, machine, kSize};
    xsw_env_ops ops{};
    xsw_env env{&ops, nullptr};
    ASSERT_EQ(xsw_pool_create(&ext, 1, 2, &env.pool), 0);
    xsw_pool_info info;
    xsw_pool_get_info(env.pool, &info);
    EXPECT_EQ(info.slots, kSize / kSlot);
    EXPECT_GE(info.largest, 512 * MiB);
    Bytes orig = pattern(8192, 1);
    std::vector<u64> seen;
    for (unsigned int cpu = 0; cpu < info.nr_areas; cpu++) {
      OnCpu on(static_cast<int>(cpu));
      xsw_dev dev = bouncing_device();
      xsw_mapped m;
      ASSERT_EQ(xsw_map(&env, &dev, reinterpret_cast<uintptr_t>(orig.data()), orig.size(),
                        DMA_BIDIRECTIONAL, 0, &m),
                0);
      ASSERT_GE(m.dma, machine);
      ASSERT_LE(m.dma - machine, kSize - orig.size());
      ASSERT_EQ(memcmp(static_cast<u8 *>(mem) + (m.dma - machine), orig.data(), orig.size()), 0);
      seen.push_back(m.dma);
    }
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(std::unique(seen.begin(), seen.end()), seen.end());
    EXPECT_GT(seen.back() - machine, 4 * GiB - 1);
    for (u64 dma : seen) {
      xsw_dev dev = bouncing_device();
      xsw_cause cause;
      EXPECT_EQ(xsw_unmap(&env, &dev, dma, orig.size(), DMA_BIDIRECTIONAL, 0, &cause), 1);
    }
    EXPECT_EQ(xsw_pool_destroy(env.pool), 0U);
  }
  munmap(mem, kSize);
}

// Mappings crossed areas, or areas came out too small, where sizes did not divide.
TEST(History, T16_Geometry) {
  xsw_dev dev = bouncing_device();
  for (u64 size : {2 * KiB, 62 * KiB, 4 * MiB, 4 * MiB + 2 * KiB, 8 * MiB - 2 * KiB, 13 * MiB,
                   21 * MiB + 6 * KiB}) {
    for (unsigned int areas : {1U, 3U, 64U}) {
      Config c = pool_of(size, 0x4000'0000, areas);
      World w(c);
      xsw_pool_info info = w.info();
      EXPECT_EQ(info.slots, size / kSlot);
      EXPECT_GE(info.nr_areas, 1U);
      EXPECT_LE(info.nr_areas, areas);
      EXPECT_GE(info.largest, std::min(size, 4 * MiB));
      // As many of the largest as there are areas, each within one.
      std::vector<Live> live;
      u64 total = 0;
      for (u64 piece = info.largest; piece >= kSlot; piece /= 2) {
        for (;;) {
          xsw_mapped m;
          // Too large for the memory: only the place matters.
          xsw_seam.phys_map = [](phys_addr_t, size_t *len) -> void * {
            static Bytes zeros(MiB);
            *len = std::min(*len, zeros.size());
            return zeros.data();
          };
          if (xsw_map(w.env(), &dev, 0, piece & ~(kSlot - 1), DMA_TO_DEVICE, 0, &m))
            break;
          live.push_back({m.dma, piece & ~(kSlot - 1)});
          total += piece & ~(kSlot - 1);
        }
      }
      EXPECT_EQ(w.map(dev, 0, info.largest + 1).cause, XSW_CAUSE_TOO_LARGE);
      EXPECT_EQ(total, size) << "slots that nothing can be mapped to";
      std::sort(live.begin(), live.end(), [](auto &a, auto &b) { return a.dma < b.dma; });
      for (size_t i = 1; i < live.size(); i++)
        ASSERT_LE(live[i - 1].dma + live[i - 1].size, live[i].dma);
      for (const Live &l : live) {
        xsw_cause cause;
        ASSERT_EQ(xsw_unmap(w.env(), &dev, l.dma, l.size, DMA_TO_DEVICE, 0, &cause), 1);
      }
    }
  }
}

// Alignment masks were combined wrongly, and halves of pages were given out twice.
TEST(History, T17_GranulesAreAlignedAndAlone) {
  World w(pool_of(512 * KiB, 0x4000'0800));
  std::mt19937_64 rng(seed());
  struct Owned {
    Live live;
    u64 first, last;
    xsw_dev dev;
  };
  std::vector<Owned> owned;
  for (int i = 0; i < 3000; i++) {
    if (rng() % 2 || owned.empty()) {
      xsw_dev dev = bouncing_device();
      dev.alloc_align_mask = (u64{0x800} << rng() % 5) - 1;
      dev.min_align_mask = (u64{1} << rng() % 15) - 1;
      size_t size = 1 + rng() % 9000;
      u64 phys = w.ram() + rng() % (w.ram_size() - size);
      Mapped m = w.map(dev, phys, size);
      if (m.ret)
        continue;
      u64 first = m.dma & ~dev.alloc_align_mask;
      u64 last = (m.dma + size - 1) | dev.alloc_align_mask;
      for (const Owned &o : owned)
        ASSERT_TRUE(last < o.first || o.last < first) << std::hex << m.dma << " " << o.live.dma;
      owned.push_back({{m.dma, size}, first, last, dev});
    } else {
      auto it = owned.begin() + static_cast<long>(rng() % owned.size());
      ASSERT_EQ(w.unmap(it->dev, it->live.dma, it->live.size), XSW_CAUSE_NONE);
      owned.erase(it);
    }
  }
  for (const Owned &o : owned)
    ASSERT_EQ(w.unmap(o.dev, o.live.dma, o.live.size), XSW_CAUSE_NONE);
  EXPECT_EQ(w.info().used, 0U);
}

// Both masks together lost one of them, as did the page alignment of what is a page or longer.
TEST(History, T18_BothMasksAndPageAlignment) {
  World w(pool_of(512 * KiB, 0x4000'1800));
  xsw_dev dev = bouncing_device();
  // One slot is taken, so that the first fit is at an odd slot.
  Mapped odd = w.map(dev, w.ram(), 1);
  for (u64 align = 0; align <= 0xffff; align = align * 2 + 1) {
    for (u64 granule = 0; granule <= 0xffff; granule = granule * 2 + 1) {
      dev.min_align_mask = align;
      dev.alloc_align_mask = granule;
      for (u64 low : {u64{0}, u64{0x1234}, u64{0xffff}}) {
        for (size_t size : {size_t{1}, size_t{2048}, size_t{4096}, size_t{4097}, size_t{65536}}) {
          Mapped m = w.map(dev, w.ram() + low, size);
          ASSERT_EQ(m.ret, 0);
          u64 unit = std::max(granule, kSlot - 1);
          ASSERT_EQ(m.dma & align, low & align);
          ASSERT_EQ((m.dma - (low & align & unit)) & granule, 0U);
          if (size >= kPage && align < kSlot && granule < kSlot) {
            ASSERT_EQ((m.dma - (low & align)) % kPage, 0U);
          }
          ASSERT_EQ(w.unmap(dev, m.dma, size), XSW_CAUSE_NONE);
        }
      }
    }
  }
  EXPECT_EQ(w.unmap(dev, odd.dma, 1), XSW_CAUSE_NONE);
}

// Padding of more than a slot in front was not given back, or twice.
TEST(History, T19_PaddingIsReleasedOnce) {
  World w(pool_of(256 * KiB));
  xsw_dev dev = bouncing_device();
  dev.min_align_mask = 0xfff;
  dev.alloc_align_mask = 0xffff;
  for (u64 low = 0; low < 0x1000; low += 0x155) {
    std::vector<Live> live;
    for (int i = 0; i < 4; i++) {
      Mapped m = w.map(dev, w.ram() + low, 0x8000);
      ASSERT_EQ(m.ret, 0);
      live.push_back({m.dma, 0x8000});
      ASSERT_EQ(w.info().used, static_cast<u64>(i + 1) * (64 * KiB / kSlot));
    }
    ASSERT_EQ(w.map(dev, w.ram() + low, 1).cause, XSW_CAUSE_NO_SPACE);
    for (u64 pad = 0; pad < low; pad += 0x100)
      ASSERT_NE(w.unmap(dev, live[1].dma - low + pad, 0x8000), XSW_CAUSE_NONE);
    unmap_all(w, dev, live);
    xsw_dev plain = bouncing_device();
    Mapped all = w.map(plain, w.ram(), 256 * KiB);
    ASSERT_EQ(all.ret, 0) << "some slots were not given back";
    ASSERT_EQ(w.unmap(plain, all.dma, 256 * KiB), XSW_CAUSE_NONE);
  }
}

// A pool that is no multiple of the bitmap's or list's unit was overrun.
TEST(History, T20_OddSlotCounts) {
  xsw_dev dev = bouncing_device();
  for (u64 slots : {1, 2, 3, 63, 64, 65, 127, 128, 129, 191, 200}) {
    for (size_t n : {1, 7, 8, 9, 63, 64, 65, 128}) {
      // Two pieces with a gap: an overrun would leave the first one.
      Config c;
      c.pool = {{0x1'0000'0000, 0x4000'0000, slots * kSlot},
                {0x1'1000'0000, 0x5000'0000, slots * kSlot}};
      c.ram_size = 512 * KiB;
      World w(c);
      dev.min_align_mask = kSlot - 1;
      std::vector<Live> live;
      for (;;) {
        Mapped m = w.map(dev, w.ram(), n * kSlot);
        if (m.ret) {
          EXPECT_EQ(m.cause, n > slots ? XSW_CAUSE_TOO_LARGE : XSW_CAUSE_NO_SPACE);
          break;
        }
        u64 at = m.dma % 0x1000'0000;
        ASSERT_LE(at + n * kSlot, slots * kSlot);
        live.push_back({m.dma, n * kSlot});
      }
      // What is as long as a page starts at one.
      constexpr u64 page = kPage / kSlot;
      u64 step = n < page ? n : (n + page - 1) / page * page;
      EXPECT_EQ(live.size(), n > slots ? 0 : 2 * ((slots - n) / step + 1));
      unmap_all(w, dev, live);
    }
  }
}

// The page was looked up before the offset was added, so that syncs beyond a page's end went wrong
// with highmem.
TEST(History, T21_ScatteredPages) {
  Config c = pool_of(256 * KiB);
  c.scattered = true;
  World w(c);
  xsw_dev dev = bouncing_device();
  for (u64 start : {u64{0}, u64{1}, u64{0x800}, u64{0xfff}}) {
    const u64 phys = w.ram() + start;
    const size_t size = 5 * kPage + 77;
    w.fill(phys, size, start);
    Bytes ram = w.read(phys, size);
    Mapped m = w.map(dev, phys, size);
    ASSERT_EQ(m.ret, 0);
    ASSERT_EQ(w.device_read(dev, m.dma, size), ram);
    for (u64 off : {u64{0}, kPage - 1, kPage, kPage + 1, 3 * kPage + 5, 4 * kPage}) {
      for (size_t len : {size_t{1}, size_t{kPage}, size_t{kPage + 70}}) {
        Bytes device = pattern(len, off + len);
        w.device_write(dev, m.dma + off, device);
        ASSERT_EQ(w.sync(dev, m.dma + off, len, DMA_FROM_DEVICE, true), XSW_CAUSE_NONE);
        std::copy(device.begin(), device.end(), ram.begin() + static_cast<long>(off));
        ASSERT_EQ(w.read(phys, size), ram);
        w.fill(phys + off, len, off * len);
        ram = w.read(phys, size);
        ASSERT_EQ(w.sync(dev, m.dma + off, len, DMA_TO_DEVICE, false), XSW_CAUSE_NONE);
        ASSERT_EQ(w.device_read(dev, m.dma, size), ram);
      }
    }
    ASSERT_EQ(w.unmap(dev, m.dma, size), XSW_CAUSE_NONE);
    ASSERT_EQ(w.read(phys, size), ram);
  }
}

// Error paths forgot mappings. (World fails a test that ends with slots in use.)
TEST(History, T23_NoLeakOnErrorPaths) {
  // Every allocation of a pool's creation fails once; the sanitizers see what is lost.
  static int budget;
  Bytes mem(64 * KiB);
  xsw_extent ext[] = {{mem.data(), 0x10000, 0x20000, 32 * KiB},
                      {mem.data() + 32 * KiB, 0x30000, 0x8000, 32 * KiB}};
  xsw_seam = {};
  xsw_seam.alloc = [](size_t) { return budget-- > 0; };
  xsw_pool *pool = nullptr;
  int tries = 0;
  for (int allowed = 0;; allowed++, tries++) {
    budget = allowed;
    int ret = xsw_pool_create(ext, 2, 1, &pool);
    if (!ret)
      break;
    ASSERT_EQ(ret, -ENOMEM);
    ASSERT_EQ(pool, nullptr);
    ASSERT_LT(tries, 100);
  }
  EXPECT_GT(tries, 2);
  xsw_seam = {};
  EXPECT_EQ(xsw_pool_destroy(pool), 0U);

  World w(pool_of(64 * KiB));
  xsw_dev dev = bouncing_device();
  std::mt19937_64 rng(seed());
  std::vector<Live> live;
  for (int i = 0; i < 5000; i++) {
    size_t size = 1 + rng() % 100000;
    Mapped m = w.map(dev, w.ram(), size);
    if (!m.ret)
      live.push_back({m.dma, size});
    if (!live.empty() && rng() % 3 == 0) {
      w.unmap(dev, live.back().dma, live.back().size + 1);
      w.unmap(dev, live.back().dma + 2048, live.back().size);
      ASSERT_EQ(w.unmap(dev, live.back().dma, live.back().size), XSW_CAUSE_NONE);
      live.pop_back();
    }
  }
  unmap_all(w, dev, live);
}

// No limit was told though mappings could be bounced.
TEST(History, T24_LimitIsToldWhereverBouncingIsPossible) {
  World w(pool_of(1 * MiB));
  xsw_dev dev = plain_device();
  EXPECT_EQ(xsw_max_mapping_size(w.env(), &dev, false), SIZE_MAX);
  EXPECT_EQ(xsw_max_mapping_size(w.env(), &dev, true), 1 * MiB);
  dev.force_bounce = true;
  EXPECT_EQ(xsw_max_mapping_size(w.env(), &dev, false), 1 * MiB);
  dev.no_bounce = true;
  EXPECT_EQ(xsw_max_mapping_size(w.env(), &dev, true), SIZE_MAX);
  dev = plain_device();
  dev.dma_mask = 0x4007'ffff;
  EXPECT_EQ(xsw_max_mapping_size(w.env(), &dev, true), 512 * KiB);
  dev.dma_mask = 0xffff;
  EXPECT_EQ(xsw_max_mapping_size(w.env(), &dev, true), 0U);
  xsw_env none{w.env()->ops, nullptr};
  EXPECT_EQ(xsw_max_mapping_size(&none, &dev, true), SIZE_MAX);
}

TEST(History, T24_AlsoWhereTranslationMayStraddle) {
  Config c = pool_of(1 * MiB);
  c.p2m = [](u64 page) { return Frame{0x8000'0000 + page * kPage}; };
  World w(c);
  xsw_dev dev = plain_device();
  EXPECT_EQ(xsw_max_mapping_size(w.env(), &dev, false), 1 * MiB);
}

// Every demand on a place, alone and at its limits.
TEST(Place, Table) {
  Config c = pool_of(XSW_PLACE_POOL_SIZE, XSW_PLACE_POOL_MACHINE);
  c.ram_size = 16 * MiB;
  World w(c);
  for (const xsw_place_case &p : xsw_place_cases) {
    SCOPED_TRACE(p.name);
    xsw_dev dev = bouncing_device();
    if (p.mask)
      dev.dma_mask = p.mask;
    dev.bus_limit = p.bus_limit;
    dev.min_align_mask = p.min_align;
    dev.alloc_align_mask = p.alloc_align;
    dev.seg_boundary = p.boundary;
    Mapped m = w.map(dev, w.ram() + p.low, p.size);
    EXPECT_EQ(m.cause, p.cause) << xsw_cause_name(m.cause);
    if (m.ret)
      continue;
    EXPECT_EQ(m.dma & p.min_align, (w.ram() + p.low) & p.min_align);
    EXPECT_EQ(w.unmap(dev, m.dma, p.size), XSW_CAUSE_NONE);
  }
}

} // namespace
