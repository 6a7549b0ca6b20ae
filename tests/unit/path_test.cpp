// SPDX-License-Identifier: GPL-2.0
// The map path: which way, why, and what becomes of caches. Defects of the kernel's Xen ops by
// their number in the project's catalogue; the first line of each says what was wrong.
#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include <sys/mman.h>

#include "world.hpp"

extern "C" {
#include "decide.h"
#include "internals.h"
}

using namespace xsw;

namespace {

// A page of each kind and its successor, from page 0 on; further pages are plain ones.
Frame kinds(u64 page) {
  u64 base = 0x8000'0000 + page * kPage;
  bool second = page % 2;
  switch (page / 2) {
  case XSW_CASE_HIGH:
    return {base + 0x1'0000'0000};
  case XSW_CASE_STRADDLE:
    return {second ? base - 0x100'0000 : base};
  case XSW_CASE_FOREIGN:
    return {base + 0x2000'0000, true};
  case XSW_CASE_FOREIGN_HIGH:
    return {base + 0x2'0000'0000, true};
  case XSW_CASE_MIXED:
    return {base, second};
  case XSW_CASE_NO_FRAME:
    return {XSW_MACHINE_NONE};
  case XSW_CASE_HALF_FRAME:
    return {second ? XSW_MACHINE_NONE : base};
  case XSW_CASE_ODD:
    return {base + 0x3000'0000 + kPage};
  default:
    return {base};
  }
}

Config kinds_config() {
  Config c;
  c.p2m = kinds;
  c.ram_phys = 0x7'0000'0000; // where a mask of 32 bits would bounce if it saw these
  return c;
}

TEST(Path, Table) {
  for (const xsw_decide_case &t : xsw_decide_cases) {
    SCOPED_TRACE(t.name);
    Config c = kinds_config();
    c.flush_foreign = !t.no_flush;
    if (t.no_pool)
      c.pool.clear();
    World w(c);
    xsw_dev dev = plain_device();
    dev.dma_mask = 0xffff'ffff;
    dev.coherent = !t.noncoherent;
    dev.force_bounce = t.force;
    dev.no_bounce = t.refuse;
    dev.seg_boundary = t.boundary;
    u64 phys = w.ram() + static_cast<u64>(t.page) * 2 * kPage;
    Mapped m = w.map(dev, phys, t.size, DMA_BIDIRECTIONAL, t.attrs);
    EXPECT_EQ(m.cause, t.cause) << xsw_cause_name(m.cause);
    EXPECT_EQ(m.reason, t.reason) << xsw_reason_name(m.reason);
    if (m.ret)
      continue;
    bool bounced = m.reason != XSW_REASON_DIRECT && m.reason != XSW_REASON_FOREIGN;
    EXPECT_EQ(w.in_pool(dev, m.dma), bounced);
    // Both ways by machine address: a wrong translation moves the wrong bytes.
    w.fill(phys, t.size, 1);
    EXPECT_EQ(w.sync(dev, m.dma, t.size, DMA_BIDIRECTIONAL, false), XSW_CAUSE_NONE);
    EXPECT_EQ(w.device_read(dev, m.dma, t.size), w.read(phys, t.size));
    Bytes device = pattern(t.size, 2);
    w.device_write(dev, m.dma, device);
    EXPECT_EQ(w.unmap(dev, m.dma, t.size), XSW_CAUSE_NONE);
    EXPECT_EQ(w.read(phys, t.size), device);
  }
}

// Of pages that are in a row everywhere, the device's addresses are what a boundary lies between.
TEST(Path, ABoundaryIsOfTheDmaAddress) {
  for (bool odd : {false, true}) {
    World w(kinds_config());
    xsw_dev dev = plain_device();
    const xsw_dma_range range{0, 0x1000, 0x1'0000'0000};
    dev.ranges = &range;
    dev.nr_ranges = 1;
    dev.seg_boundary = 0x1fff;
    const u64 page = odd ? XSW_CASE_ODD : XSW_CASE_LOW;
    Mapped m = w.map(dev, w.ram() + page * 2 * kPage, 2 * kPage, DMA_BIDIRECTIONAL);
    EXPECT_EQ(m.reason, odd ? XSW_REASON_DIRECT : XSW_REASON_BOUNCE_STRADDLE);
    EXPECT_EQ(m.dma & ~u64{0x1fff}, (m.dma + 2 * kPage - 1) & ~u64{0x1fff});
    EXPECT_EQ(w.unmap(dev, m.dma, 2 * kPage), XSW_CAUSE_NONE);
  }
}

// Every p2m there can be, by bytes: 1:1, offset, shuffled, foreign, with and without an m2p.
TEST(Path, BytesThroughAnyP2m) {
  std::mt19937_64 rng(seed());
  for (int kind = 0; kind < 4; kind++) {
    for (bool m2p : {true, false}) {
      for (bool caches : {false, true}) {
        Config c;
        c.ram_size = 128 * KiB;
        c.m2p = m2p;
        c.caches = caches;
        c.scattered = kind == 2;
        std::vector<u64> shuffled(32);
        for (u64 i = 0; i < 32; i++)
          shuffled[i] = i;
        std::shuffle(shuffled.begin(), shuffled.end(), rng);
        c.p2m = [&, kind](u64 page) -> Frame {
          switch (kind) {
          case 0:
            return {0x2'0000'0000 + page * kPage};
          case 1:
            return {0x8000'0000 + page * kPage};
          case 2:
            return {0x8000'0000 + shuffled[page] * kPage};
          default:
            return {0x9000'0000 + (31 - page) * kPage, page % 3 == 0};
          }
        };
        World w(c);
        xsw_dev dev = plain_device();
        dev.coherent = !caches;
        dev.dma_mask = kind == 0 ? 0xffff'ffff : kNoMask;
        for (int i = 0; i < 120; i++) {
          size_t size = 1 + rng() % 20000;
          u64 phys = w.ram() + rng() % (w.ram_size() - size);
          Bytes ram = pattern(size, rng());
          w.write(phys, ram);
          Mapped m = w.map(dev, phys, size);
          ASSERT_EQ(m.ret, 0) << xsw_cause_name(m.cause);
          ASSERT_EQ(w.device_read(dev, m.dma, size), ram);
          Bytes device = pattern(size, rng());
          w.device_write(dev, m.dma, device);
          size_t off = rng() % size;
          size_t len = 1 + rng() % (size - off);
          ASSERT_EQ(w.sync(dev, m.dma + off, len, DMA_BIDIRECTIONAL, true), XSW_CAUSE_NONE);
          Bytes part(device.begin() + static_cast<long>(off),
                     device.begin() + static_cast<long>(off + len));
          ASSERT_EQ(w.read(phys + off, len), part);
          ASSERT_EQ(w.unmap(dev, m.dma, size), XSW_CAUSE_NONE);
          ASSERT_EQ(w.read(phys, size), device);
        }
      }
    }
  }
}

// What was looked at of an environment whose keys are off is nothing.
TEST(Path, KeysOffMeansIdentity) {
  World w(kinds_config());
  static_branch_disable(&xsw_key_translate);
  static_branch_disable(&xsw_key_bounce);
  static_branch_disable(&xsw_key_cache);
  xsw_mapped m;
  xsw_dev dev = plain_device();
  ASSERT_EQ(xsw_map(w.env(), &dev, w.ram(), 100, DMA_TO_DEVICE, 0, &m), 0);
  EXPECT_EQ(m.dma, w.ram());
  EXPECT_EQ(m.reason, XSW_REASON_DIRECT);
}

// Caches were invalidated where they had to be cleaned, so that a short write by the device made
// old memory show.
TEST(Path, G2_CachesAreCleanForTheDevice) {
  for (auto page : {XSW_CASE_LOW, XSW_CASE_HIGH, XSW_CASE_FOREIGN}) {
    for (auto dir : {DMA_BIDIRECTIONAL, DMA_TO_DEVICE, DMA_FROM_DEVICE}) {
      SCOPED_TRACE(std::to_string(page) + " " + std::to_string(dir));
      Config c = kinds_config();
      c.caches = true;
      World w(c);
      xsw_dev dev = plain_device();
      dev.dma_mask = 0xffff'ffff;
      dev.coherent = false;
      const size_t size = 5000;
      u64 phys = w.ram() + static_cast<u64>(page) * 2 * kPage + 100;
      Bytes ram = pattern(size, 1);
      w.write(phys, ram);
      Mapped m = w.map(dev, phys, size, dir);
      ASSERT_EQ(m.ret, 0);
      EXPECT_EQ(w.device_read(dev, m.dma, size), ram);
      ASSERT_FALSE(w.cache_ops.empty());
      for (const CacheOp &op : w.cache_ops)
        EXPECT_FALSE(op.for_cpu);
      Bytes device = pattern(1000, 2);
      w.device_write(dev, m.dma, device);
      EXPECT_EQ(w.unmap(dev, m.dma, size, dir), XSW_CAUSE_NONE);
      if (dir != DMA_TO_DEVICE)
        std::copy(device.begin(), device.end(), ram.begin());
      EXPECT_EQ(w.read(phys, size), ram);
    }
  }
}

// With DMA_ATTR_SKIP_CPU_SYNC nothing is maintained, but for padding that no sync would reach;
// for the CPU and DMA_TO_DEVICE nothing ever.
TEST(Path, CachesAreLeftAloneWhereNotAskedFor) {
  World w(kinds_config());
  xsw_dev dev = plain_device();
  dev.dma_mask = 0xffff'ffff;
  dev.coherent = false;
  for (auto page : {XSW_CASE_LOW, XSW_CASE_FOREIGN}) {
    u64 phys = w.ram() + static_cast<u64>(page) * 2 * kPage;
    Mapped m = w.map(dev, phys, 100, DMA_BIDIRECTIONAL, DMA_ATTR_SKIP_CPU_SYNC);
    w.unmap(dev, m.dma, 100, DMA_BIDIRECTIONAL, DMA_ATTR_SKIP_CPU_SYNC);
    EXPECT_TRUE(w.cache_ops.empty());
    w.sync(dev, m.dma, 100, DMA_TO_DEVICE, true);
    w.unmap(dev, m.dma, 100, DMA_TO_DEVICE);
    EXPECT_TRUE(w.cache_ops.empty());
    w.sync(dev, m.dma + 5, 90, DMA_TO_DEVICE, false);
    ASSERT_EQ(w.cache_ops.size(), 1U);
    EXPECT_EQ(w.cache_ops[0].foreign, page == XSW_CASE_FOREIGN);
    EXPECT_EQ(w.cache_ops[0].address, page == XSW_CASE_FOREIGN ? m.dma + 5 : phys + 5);
    EXPECT_EQ(w.cache_ops[0].size, 90U);
    w.cache_ops.clear();
  }
  dev.coherent = true;
  for (auto page : {XSW_CASE_LOW, XSW_CASE_HIGH, XSW_CASE_FOREIGN}) {
    Mapped m = w.map(dev, w.ram() + static_cast<u64>(page) * 2 * kPage, 100);
    w.sync(dev, m.dma, 100, DMA_BIDIRECTIONAL, true);
    w.sync(dev, m.dma, 100, DMA_BIDIRECTIONAL, false);
    w.unmap(dev, m.dma, 100);
    EXPECT_TRUE(w.cache_ops.empty());
  }
}

// For the device the copy comes before the clean; for the CPU the invalidation before the copy.
// (The World's caches show it: the wrong order moves old bytes.)
TEST(Path, CachesAndCopiesInOrder) {
  Config c = kinds_config();
  c.caches = true;
  World w(c);
  xsw_dev dev = bouncing_device();
  dev.coherent = false;
  const size_t size = 3000;
  Mapped m = w.map(dev, w.ram(), size);
  w.fill(w.ram(), size, 5);
  w.sync(dev, m.dma, size, DMA_BIDIRECTIONAL, false);
  EXPECT_EQ(w.device_read(dev, m.dma, size), pattern(size, 5));
  w.device_write(dev, m.dma, pattern(size, 6));
  w.sync(dev, m.dma, size, DMA_BIDIRECTIONAL, true);
  EXPECT_EQ(w.read(w.ram(), size), pattern(size, 6));
  w.device_write(dev, m.dma, pattern(size, 7));
  w.unmap(dev, m.dma, size);
  EXPECT_EQ(w.read(w.ram(), size), pattern(size, 7));
}

// Unmapping another device's memory flushed the cache for it, page by page.
TEST(Path, G3_MmioHasNoCache) {
  World w(kinds_config());
  xsw_dev dev = plain_device();
  dev.coherent = false;
  Mapped m = w.map(dev, 0xfe00'0100, 0x10000, DMA_BIDIRECTIONAL, DMA_ATTR_MMIO);
  ASSERT_EQ(m.ret, 0);
  EXPECT_EQ(m.reason, XSW_REASON_MMIO);
  EXPECT_EQ(w.unmap(dev, m.dma, 0x10000, DMA_BIDIRECTIONAL, DMA_ATTR_MMIO), XSW_CAUSE_NONE);
  EXPECT_TRUE(w.cache_ops.empty());
}

// Another device's memory was mapped at its physical address, whatever the dma_range_map.
TEST(Path, G4_MmioThroughTheRangeMap) {
  Config c = kinds_config();
  c.pool.clear();
  World w(c);
  const xsw_dma_range ranges[] = {{0xf000'0000, 0x1000'0000, 0x1000'0000}};
  xsw_dev dev = bouncing_device(); // which MMIO does not care about
  dev.ranges = ranges;
  dev.nr_ranges = 1;
  EXPECT_EQ(w.map(dev, 0xfe00'0100, 0x10000, DMA_TO_DEVICE, DMA_ATTR_MMIO).dma, 0x1e00'0100U);
  EXPECT_EQ(w.map(dev, 0xffff'f000, 0x1000, DMA_TO_DEVICE, DMA_ATTR_MMIO).dma, 0x1fff'f000U);
  EXPECT_EQ(w.map(dev, 0xffff'ffff, 2, DMA_TO_DEVICE, DMA_ATTR_MMIO).cause, XSW_CAUSE_MASK);
  EXPECT_EQ(w.map(dev, 0xefff'ffff, 2, DMA_TO_DEVICE, DMA_ATTR_MMIO).cause, XSW_CAUSE_MASK);
  dev.dma_mask = 0x1e00'ffff;
  EXPECT_EQ(w.map(dev, 0xfe00'0000, 0x10000, DMA_TO_DEVICE, DMA_ATTR_MMIO).ret, 0);
  EXPECT_EQ(w.map(dev, 0xfe00'0001, 0x10000, DMA_TO_DEVICE, DMA_ATTR_MMIO).cause, XSW_CAUSE_MASK);
  // The system's own memory is refused, at either end.
  dev = plain_device();
  EXPECT_EQ(w.map(dev, w.ram(), 1, DMA_TO_DEVICE, DMA_ATTR_MMIO).cause, XSW_CAUSE_BAD_ADDRESS);
  EXPECT_EQ(w.map(dev, w.ram() - 1, 2, DMA_TO_DEVICE, DMA_ATTR_MMIO).cause, XSW_CAUSE_BAD_ADDRESS);
  EXPECT_EQ(w.map(dev, w.ram() - 1, 1, DMA_TO_DEVICE, DMA_ATTR_MMIO).ret, 0);
}

// DMA_ATTR_REQUIRE_COHERENT did not keep a mapping from being bounced.
TEST(Path, G5_NoBounceWhereCoherenceIsRequired) {
  World w;
  for (xsw_dev dev : {plain_device(), bouncing_device()}) {
    Mapped m = w.map(dev, w.ram(), 1, DMA_TO_DEVICE, DMA_ATTR_REQUIRE_COHERENT);
    EXPECT_EQ(m.cause, dev.force_bounce ? XSW_CAUSE_NEEDS_COHERENT : XSW_CAUSE_NONE);
  }
  EXPECT_EQ(w.info().used, 0U);
}

// The limit of bounced mappings was told to devices that never bounce.
TEST(Path, G7_NoLimitWhereNothingIsBounced) {
  World w;
  xsw_dev dev = plain_device();
  EXPECT_EQ(xsw_max_mapping_size(w.env(), &dev, false), SIZE_MAX);
}

// A page without a machine frame was mapped at an address near 2^64.
TEST(Path, G9_NoFrameIsAnError) {
  World w(kinds_config());
  xsw_dev dev = plain_device();
  u64 phys = w.ram() + u64{XSW_CASE_NO_FRAME} * 2 * kPage;
  EXPECT_EQ(w.map(dev, phys, 1).cause, XSW_CAUSE_BAD_ADDRESS);
  EXPECT_EQ(w.map(bouncing_device(), phys, 1).cause, XSW_CAUSE_BAD_ADDRESS);
  EXPECT_EQ(w.map(dev, phys - 1, 2).cause, XSW_CAUSE_BAD_ADDRESS);
}

// Frame numbers were cut to 32 bits.
TEST(Path, G10_FramesBeyond32Bits) {
  Config c;
  c.ram_phys = 0x8000'0000;
  c.flush_foreign = false;
  // Equal in the low 32 bits of the frame number.
  c.p2m = [](u64 page) { return Frame{(u64{1} << 44) + 0x8000'0000 + page * kPage, page >= 2}; };
  World w(c);
  xsw_dev dev = plain_device();
  dev.coherent = false;
  EXPECT_EQ(w.map(dev, w.ram(), 2 * kPage).dma, (u64{1} << 44) + 0x8000'0000);
  Mapped m = w.map(dev, w.ram() + 2 * kPage, kPage);
  EXPECT_EQ(m.reason, XSW_REASON_BOUNCE_FOREIGN);
  EXPECT_EQ(w.unmap(dev, m.dma, kPage), XSW_CAUSE_NONE);
}

TEST(Path, G10_StraddlingInHighBits) {
  Config c;
  c.p2m = [](u64 page) {
    return Frame{(page == 1 ? u64{1} << 44 : 0) + 0x8000'0000 + page * kPage};
  };
  World w(c);
  Mapped m = w.map(plain_device(), w.ram() + 100, kPage);
  EXPECT_EQ(m.reason, XSW_REASON_BOUNCE_STRADDLE);
  EXPECT_EQ(w.unmap(plain_device(), m.dma, kPage), XSW_CAUSE_NONE);
}

// Alignment and boundary were judged by the pool's guest physical addresses.
TEST(Path, G11_PlacesAreJudgedByDmaAddress) {
  Config c;
  // Aligned for the machine but not for the guest, and the other way round.
  c.pool = {{0x1'0000'3000, 0x4000'0000, 256 * KiB}, {0x2000'0000, 0x5000'7000, 256 * KiB}};
  for (bool shifted : {false, true}) {
    World w(c);
    const xsw_dma_range ranges[] = {{0x4000'0000, 0x8000'5000, 0x1000'0000},
                                    {0x5000'0000, 0xa000'0000, 0x1000'0000}};
    xsw_dev dev = bouncing_device();
    if (shifted) {
      dev.ranges = ranges;
      dev.nr_ranges = 2;
    }
    for (u64 mask : {u64{0xfff}, u64{0x1fff}, u64{0xffff}}) {
      for (u64 boundary : {u64{0xffff}, u64{0x1'ffff}}) {
        dev.min_align_mask = mask;
        dev.seg_boundary = boundary;
        std::vector<u64> live;
        for (u64 low = 0; low < 8; low++) {
          u64 phys = w.ram() + low * 0x1abc;
          const size_t size = 0x3000;
          Mapped m = w.map(dev, phys, size);
          if (m.ret) {
            // Only where the low bits themselves lead across the boundary.
            ASSERT_GT((phys & mask & boundary) + size, mask < boundary ? mask + 1 : boundary + 1);
            continue;
          }
          ASSERT_EQ(m.dma & mask, phys & mask);
          ASSERT_EQ(m.dma & ~boundary, (m.dma + size - 1) & ~boundary);
          live.push_back(m.dma);
        }
        EXPECT_GE(live.size(), 4U);
        for (u64 dma : live)
          ASSERT_EQ(w.unmap(dev, dma, 0x3000), XSW_CAUSE_NONE);
      }
    }
  }
}

// Streaming mappings were refused or bounced where the machine address was less aligned than the
// guest's.
TEST(Path, T29_DirectNeedsNoMachineAlignment) {
  Config c;
  c.ram_phys = 0x2'0000'0000;
  c.p2m = [](u64 page) { return Frame{0x8000'3000 + page * kPage}; };
  World w(c);
  xsw_dev dev = plain_device();
  dev.min_align_mask = 0xfff;
  Mapped m = w.map(dev, w.ram(), 64 * KiB);
  EXPECT_EQ(m.reason, XSW_REASON_DIRECT);
  EXPECT_EQ(m.dma, 0x8000'3000U);
}

// Buffers that share a cache line with something else were not bounced for non-coherent devices.
TEST(Path, T30_SharedCacheLines) {
  World w(kinds_config());
  xsw_seam.cacheline = [](phys_addr_t phys, size_t size, dma_data_direction dir) {
    return dir != DMA_TO_DEVICE && (phys | size) % 64;
  };
  xsw_dev dev = plain_device();
  EXPECT_EQ(w.map(dev, w.ram() + 8, 56).reason, XSW_REASON_DIRECT);
  dev.coherent = false;
  EXPECT_EQ(w.map(dev, w.ram() + 64, 64).reason, XSW_REASON_DIRECT);
  EXPECT_EQ(w.map(dev, w.ram() + 8, 56, DMA_TO_DEVICE).reason, XSW_REASON_DIRECT);
  Mapped m = w.map(dev, w.ram() + 8, 56);
  EXPECT_EQ(m.reason, XSW_REASON_BOUNCE_CACHELINE);
  EXPECT_EQ(w.unmap(dev, m.dma, 56), XSW_CAUSE_NONE);
  m = w.map(dev, w.ram() + u64{XSW_CASE_FOREIGN} * 2 * kPage + 8, 56, DMA_FROM_DEVICE);
  EXPECT_EQ(m.reason, XSW_REASON_BOUNCE_CACHELINE);
  EXPECT_EQ(w.unmap(dev, m.dma, 56), XSW_CAUSE_NONE);
  dev.no_bounce = true;
  EXPECT_EQ(w.map(dev, w.ram() + 8, 56).cause, XSW_CAUSE_NO_BOUNCE);
}

TEST(Path, BadDirections) {
  World w;
  xsw_dev dev = bouncing_device();
  Mapped m = w.map(dev, w.ram(), 100);
  EXPECT_EQ(w.unmap(dev, m.dma, 100, DMA_NONE), XSW_CAUSE_BAD_DIRECTION);
  EXPECT_EQ(w.sync(dev, m.dma, 100, DMA_NONE, true), XSW_CAUSE_BAD_DIRECTION);
  EXPECT_EQ(w.unmap(dev, m.dma, 100), XSW_CAUSE_NONE);
}

TEST(Pool, CreateRefusesNonsense) {
  Bytes mem(64 * KiB);
  xsw_seam = {};
  const xsw_extent good{mem.data(), 0x10'0000, 0x20'0000, 32 * KiB};
  auto create = [&](std::vector<xsw_extent> ext, unsigned int areas = 1) {
    xsw_pool *pool = nullptr;
    int ret = xsw_pool_create(ext.data(), static_cast<unsigned int>(ext.size()), areas, &pool);
    EXPECT_EQ(ret == 0, pool != nullptr);
    EXPECT_EQ(xsw_pool_destroy(pool), 0U);
    return ret;
  };
  EXPECT_EQ(create({good}), 0);
  EXPECT_EQ(create({}), -EINVAL);
  EXPECT_EQ(create({good}, 0), -EINVAL);
  EXPECT_EQ(create({good, good}), -EINVAL);
  using Change = void (*)(xsw_extent &);
  for (auto change : std::initializer_list<Change>{
           [](xsw_extent &e) { e.vaddr = nullptr; }, [](xsw_extent &e) { e.size = 0; },
           [](xsw_extent &e) { e.size--; }, [](xsw_extent &e) { e.phys += 256; },
           [](xsw_extent &e) { e.machine += 128; }, [](xsw_extent &e) { e.phys = -2048ULL * 2; },
           [](xsw_extent &e) { e.machine = -2048ULL * 15; }}) {
    xsw_extent bad = good;
    change(bad);
    EXPECT_EQ(create({bad}), -EINVAL);
  }
  xsw_extent other = good;
  other.vaddr = mem.data() + 32 * KiB;
  other.phys += 32 * KiB;
  EXPECT_EQ(create({good, other}), -EINVAL) << "the same machine addresses";
  other.machine += 32 * KiB;
  EXPECT_EQ(create({good, other}), 0);
  EXPECT_EQ(create({other, good}), 0);
  other.phys -= 2 * KiB;
  EXPECT_EQ(create({other, good}), -EINVAL) << "the same physical address";
  // The very end of the address space is as good as any other place.
  xsw_extent last = good;
  last.machine = -32 * KiB;
  EXPECT_EQ(create({last}), 0);
  EXPECT_EQ(xsw_pool_destroy(nullptr), 0U);
}

TEST(Pool, DestroyTellsWhatWasLeaked) {
  Bytes mem(64 * KiB);
  xsw_seam = {};
  xsw_extent ext{mem.data(), 0x10'0000, 0x20'0000, 64 * KiB};
  xsw_env_ops ops{};
  xsw_env env{&ops, nullptr};
  ASSERT_EQ(xsw_pool_create(&ext, 1, 1, &env.pool), 0);
  xsw_dev dev = bouncing_device();
  xsw_mapped m;
  Bytes buf(5000);
  ASSERT_EQ(
      xsw_map(&env, &dev, reinterpret_cast<uintptr_t>(buf.data()), 5000, DMA_TO_DEVICE, 0, &m), 0);
  EXPECT_EQ(xsw_pool_destroy(env.pool), (5000 + kSlot - 1) / kSlot);
}

// There is a place for every mapping from the start, but not for what is kept of so many small
// ones.
TEST(Pool, MakesRoomForManySmallMappings) {
  Config c;
  c.pool = {{0x1'0000'0000, 0x4000'0000, 4 * MiB}};
  World w(c);
  xsw_dev dev = bouncing_device();
  const u64 slots = 4 * MiB / kSlot;
  std::vector<u64> live;
  auto map = [&] {
    Mapped m = w.map(dev, w.ram(), 64);
    if (!m.ret)
      live.push_back(m.dma);
    return m;
  };
  w.runs_work = false;
  while (!map().ret)
    ;
  EXPECT_GE(live.size(), 4 * MiB / kPage);
  EXPECT_LT(live.size(), slots) << "what was to be shown was not";
  EXPECT_EQ(map().cause, XSW_CAUSE_NO_SPACE);
  // No memory: it asks again.
  xsw_seam.alloc = [](size_t) { return false; };
  xsw_seam_run_work();
  EXPECT_EQ(map().cause, XSW_CAUSE_NO_SPACE);
  xsw_seam.alloc = nullptr;
  w.runs_work = true;
  while (!map().ret)
    ;
  EXPECT_EQ(live.size(), slots);
  for (u64 dma : live)
    ASSERT_EQ(w.unmap(dev, dma, 64), XSW_CAUSE_NONE);
}

// Without a record, what was hot and does not suit is given up for the page that it leaves free.
TEST(Pool, GivesUpAHotRunForThePageAroundIt) {
  World w;
  xsw_dev dev = bouncing_device(), second = bouncing_device();
  second.min_align_mask = kPage - 1;
  std::vector<u64> live;
  w.runs_work = false;
  for (Mapped m = w.map(dev, w.ram(), 64); !m.ret; m = w.map(dev, w.ram(), 64))
    live.push_back(m.dma);
  EXPECT_EQ(w.map(second, w.ram() + kSlot, 64).cause, XSW_CAUSE_NO_SPACE);
  ASSERT_EQ(w.unmap(dev, live.back(), 64), XSW_CAUSE_NONE);
  Mapped m = w.map(second, w.ram() + kSlot, 64);
  ASSERT_EQ(m.ret, 0) << "the last page is free";
  EXPECT_EQ(m.dma, live.back() + kSlot);
  live.back() = m.dma;
  for (u64 dma : live)
    ASSERT_EQ(w.unmap(dev, dma, 64), XSW_CAUSE_NONE);
}

// Maps of 64 bytes until no record is left: each page has one of its own, and there are 128 more
// for the other seven that start in it.
std::vector<u64> without_records(World &w, const xsw_dev &dev) {
  std::vector<u64> live(128 + 128 / 7 + 1);
  w.runs_work = false;
  for (u64 &dma : live) {
    Mapped m = w.map(dev, w.ram(), 64);
    EXPECT_EQ(m.ret, 0);
    dma = m.dma;
  }
  return live;
}

// A hot run that is given up may leave a record for a place that is nowhere near.
TEST(Pool, UsesTheRecordThatComesBack) {
  World w;
  xsw_dev dev = bouncing_device();
  std::vector<u64> live = without_records(w, dev), pages;
  for (Mapped m = w.map(dev, w.ram(), kPage); !m.ret; m = w.map(dev, w.ram(), kPage))
    pages.push_back(m.dma);
  const u64 last = live.back();
  // The record of a page's first start is the page's own.
  ASSERT_NE(live[11] % kPage, 0U);
  ASSERT_EQ(w.unmap(dev, live[11], 64), XSW_CAUSE_NONE);
  Mapped m = w.map(dev, w.ram(), 2 * kSlot);
  ASSERT_EQ(m.ret, 0) << "there are free slots in the last two pages";
  EXPECT_GT(m.dma, live[live.size() - 3]);
  EXPECT_LT(m.dma, last + kPage);
  ASSERT_EQ(w.unmap(dev, m.dma, 2 * kSlot), XSW_CAUSE_NONE);
  live.erase(live.begin() + 11);
  for (u64 dma : live)
    ASSERT_EQ(w.unmap(dev, dma, 64), XSW_CAUSE_NONE);
  for (u64 dma : pages)
    ASSERT_EQ(w.unmap(dev, dma, kPage), XSW_CAUSE_NONE);
}

TEST(Pool, KeepsToBoundariesWithoutRecords) {
  Config c;
  c.pool = {{0x1'0000'0800, 0x4000'0800, 2 * MiB}};
  World w(c);
  xsw_dev dev = bouncing_device(), bounded = bouncing_device();
  bounded.min_align_mask = 1023;
  bounded.seg_boundary = 0xffff;
  std::vector<u64> live = without_records(w, dev);
  Mapped m = w.map(bounded, w.ram(), 63 * KiB);
  ASSERT_EQ(m.ret, 0);
  EXPECT_EQ(m.dma & ~u64{0xffff}, (m.dma + 63 * KiB - 1) & ~u64{0xffff});
  ASSERT_EQ(w.unmap(bounded, m.dma, 63 * KiB), XSW_CAUSE_NONE);
  for (u64 dma : live)
    ASSERT_EQ(w.unmap(dev, dma, 64), XSW_CAUSE_NONE);
}

// Mappings in a pool that is full of pages to begin with, by their dma addresses.
struct Full {
  World w;
  xsw_dev dev = bouncing_device();
  std::map<u64, size_t> live;
  std::vector<u64> pages; // ascending

  explicit Full(const Config &c) : w(c) {
    while (map(kPage))
      ;
    for (auto [dma, size] : live)
      pages.push_back(dma);
  }
  ~Full() {
    while (!live.empty())
      unmap(live.begin()->first);
  }
  // 0: there was no place.
  u64 map(size_t size) {
    Mapped m = w.map(dev, w.ram(), size);
    if (m.ret) {
      EXPECT_EQ(m.cause, XSW_CAUSE_NO_SPACE);
      return 0;
    }
    live[m.dma] = size;
    return m.dma;
  }
  void unmap(u64 dma, dma_data_direction dir = DMA_TO_DEVICE) {
    EXPECT_EQ(w.unmap(dev, dma, live[dma], dir), XSW_CAUSE_NONE);
    live.erase(dma);
  }
};

// That there is nothing so long is remembered, but only until so much has been freed.
TEST(Pool, TriesAgainWhatFailedOnceSomethingIsFreed) {
  for (dma_data_direction dir : {DMA_TO_DEVICE, DMA_FROM_DEVICE}) {
    Full f(Config{});
    for (size_t i = 1; i < f.pages.size(); i += 2)
      f.unmap(f.pages[i]);
    EXPECT_FALSE(f.map(2 * kPage));
    EXPECT_FALSE(f.map(2 * kPage));
    f.unmap(f.pages[0], dir);
    EXPECT_TRUE(f.map(2 * kPage));
    EXPECT_FALSE(f.map(2 * kPage));
  }
}

// What was freed since can all be in a row.
TEST(Pool, TriesAgainForAsMuchAsWasFreed) {
  Full f(Config{});
  f.unmap(f.pages[0]);
  std::vector<u64> in_page;
  for (u64 dma = f.map(1); dma; dma = f.map(1))
    in_page.push_back(dma);
  ASSERT_EQ(in_page.size(), kPage / kSlot);
  for (u64 dma : in_page)
    f.unmap(dma);
  EXPECT_TRUE(f.map(kPage));
}

// So long that there is no list of its length.
TEST(Pool, TriesAgainWhatIsInNoList) {
  Config c;
  c.ram_size = 1 * MiB;
  Full f(c);
  for (u64 page : f.pages)
    if (page < f.pages[0] + 1 * MiB)
      f.unmap(page);
  const u64 long_one = f.map(1 * MiB);
  EXPECT_FALSE(f.map(1));
  f.unmap(long_one);
  EXPECT_TRUE(f.map(512 * KiB));
}

// Where maps fail, small mappings go where pages are in pieces already, not to the whole ones.
TEST(Pool, LeavesPagesWholeWhereMapsFail) {
  Full f(Config{});
  for (size_t i = 29; i >= 20; i--) {
    f.unmap(f.pages[i]);
    ASSERT_EQ(f.map(5 * kSlot), f.pages[i]);
  }
  f.unmap(f.pages[10]);
  // Of what was freed there could be as much in a row.
  EXPECT_FALSE(f.map(11 * kPage));
  EXPECT_EQ(f.map(3 * kSlot), f.pages[20] + 5 * kSlot);
  EXPECT_EQ(f.map(kPage), f.pages[10]);
}

// Off a hot run of twelve pages, where no other page is whole.
TEST(Pool, CutsPagesTogether) {
  for (const u64 reach : {12, 3, 1}) {
    Full f(Config{});
    for (size_t i = 119; i >= 30; i--) {
      f.unmap(f.pages[i]);
      ASSERT_EQ(f.map(5 * kSlot), f.pages[i]);
    }
    for (size_t i = 10; i < 22; i++)
      f.unmap(f.pages[i]);
    const u64 at = f.map(12 * kPage);
    ASSERT_EQ(at, f.pages[10]);
    f.unmap(at);
    // Eight with the first, of which the latest is the next; none that the device does not reach.
    f.dev.dma_mask = at + reach * kPage - 1;
    EXPECT_EQ(f.map(kPage), at);
    f.dev.dma_mask = ~0ULL;
    EXPECT_EQ(f.map(kPage), at + (reach == 12 ? 8 : reach == 3 ? 2 : 1) * kPage);
  }
}

// Of an empty pool the first map of a page makes eight others hot, which no other map takes. One
// that finds a page hot makes none, though the account, which must grow, sends it the same way.
TEST(Pool, TakesPagesTogether) {
  World w(Config{});
  const xsw_dev dev = bouncing_device();
  std::vector<std::pair<u64, size_t>> live;
  const auto map = [&](size_t size) {
    live.emplace_back(w.map(dev, w.ram(), size).dma, size);
    return live.back().first;
  };
  const u64 at = map(kPage);
  EXPECT_EQ(map(2 * kPage), at + 9 * kPage);
  EXPECT_EQ(map(kSlot), at + 11 * kPage);
  EXPECT_EQ(map(kPage), at + 8 * kPage);
  EXPECT_EQ(map(2 * kPage), at + 12 * kPage);
  for (auto [dma, size] : live)
    EXPECT_EQ(w.unmap(dev, dma, size, DMA_TO_DEVICE), XSW_CAUSE_NONE);
}

TEST(Pool, LooksUpAmongScatteredPieces) {
  Config c;
  c.pool.clear();
  // In no order, of different sizes, with gaps and without.
  for (u64 i : {5, 0, 7, 2, 1, 6, 3})
    c.pool.push_back({0x1'0000'0000 + i * 0x10'0000, 0x4000'0000 + (i ^ 3) * 0x4'0000,
                      i == 2 ? 64 * KiB : 256 * KiB});
  World w(c);
  EXPECT_EQ(w.info().nr_areas, 7U);
  xsw_dev dev = bouncing_device();
  dev.min_align_mask = kSlot - 1;
  std::vector<u64> live;
  for (;;) {
    Mapped m = w.map(dev, w.ram() + live.size() % 99, kSlot - 100);
    if (m.ret)
      break;
    live.push_back(m.dma);
  }
  EXPECT_EQ(live.size(), w.info().slots);
  for (u64 dma : live) {
    ASSERT_EQ(w.sync(dev, dma + 200, kSlot - 300, DMA_TO_DEVICE, false), XSW_CAUSE_NONE);
    ASSERT_EQ(w.unmap(dev, dma, kSlot - 100), XSW_CAUSE_NONE);
  }
  // In the gaps, before and behind there is no pool: nothing to refuse, nothing done.
  for (u64 dma : {0x3fff'ffffULL, 0x4000'0000ULL + 4 * 0x4'0000 + 0x2'0000, 0x4020'0000ULL})
    EXPECT_EQ(w.unmap(dev, dma, 1), w.in_pool(dev, dma) ? XSW_CAUSE_NOT_MAPPED : XSW_CAUSE_NONE);
}

TEST(Pool, ReachableMeansAllOfIt) {
  World w;
  xsw_dev dev = plain_device();
  EXPECT_TRUE(xsw_pool_reachable(w.env(), &dev));
  dev.dma_mask = 0x4000'0000 + 4 * MiB - 1;
  EXPECT_TRUE(xsw_pool_reachable(w.env(), &dev));
  dev.dma_mask--;
  EXPECT_FALSE(xsw_pool_reachable(w.env(), &dev));
  // Through two ranges that meet within the pool.
  const xsw_dma_range ranges[] = {{0x4000'0000, 0, 1 * MiB}, {0x4010'0000, 0x8000'0000, 1 * GiB}};
  dev = plain_device();
  dev.ranges = ranges;
  dev.nr_ranges = 2;
  EXPECT_TRUE(xsw_pool_reachable(w.env(), &dev));
  dev.nr_ranges = 1;
  EXPECT_FALSE(xsw_pool_reachable(w.env(), &dev));
  // Twice the first half is not all of it.
  const xsw_dma_range twice[] = {{0x4000'0000, 0, 2 * MiB}, {0x4000'0000, 0x8000'0000, 2 * MiB}};
  dev.ranges = twice;
  dev.nr_ranges = 2;
  EXPECT_FALSE(xsw_pool_reachable(w.env(), &dev));
  // Nor does it matter which comes first.
  const xsw_dma_range reversed[] = {{0x4020'0000, 0x8000'0000, 1 * GiB}, {0x4000'0000, 0, 3 * MiB}};
  dev.ranges = reversed;
  EXPECT_TRUE(xsw_pool_reachable(w.env(), &dev));
  dev.nr_ranges = 1;
  EXPECT_FALSE(xsw_pool_reachable(w.env(), &dev)) << "the second half alone";
  xsw_env none{w.env()->ops, nullptr};
  EXPECT_TRUE(xsw_pool_reachable(&none, &dev));
}

// What is hot is not given up for what has its place in another area.
TEST(Pool, LooksElsewhereBeforeItGivesUpWhatIsHot) {
  Config c;
  c.pool = {{0x1'0000'0000, 0x4000'0000, 1 * MiB}, {0x2'0000'0000, 0x8000'0000, 1 * MiB}};
  c.areas = 2;
  World w(c);
  const OnCpu cpu(0);
  xsw_dev dev = bouncing_device();
  std::vector<u64> pages(1 * MiB / kPage);
  for (u64 &dma : pages) {
    Mapped m = w.map(dev, w.ram(), kPage);
    ASSERT_EQ(m.ret, 0);
    dma = m.dma;
  }
  const u64 home = pages[0] & ~u64{1 * MiB - 1};
  std::sort(pages.begin(), pages.end());
  ASSERT_EQ(pages.back(), home + 1 * MiB - kPage);
  for (size_t i = 0; i < pages.size(); i += 2)
    ASSERT_EQ(w.unmap(dev, pages[i], kPage), XSW_CAUSE_NONE);
  Mapped large = w.map(dev, w.ram(), 2 * kPage);
  ASSERT_EQ(large.ret, 0);
  EXPECT_GE(large.dma - home, 1 * MiB) << "there are no two pages in a row";
  Mapped m = w.map(dev, w.ram(), kPage);
  EXPECT_EQ(m.dma, pages[pages.size() - 2]) << "which was freed last";
  EXPECT_EQ(w.unmap(dev, m.dma, kPage), XSW_CAUSE_NONE);
  EXPECT_EQ(w.unmap(dev, large.dma, 2 * kPage), XSW_CAUSE_NONE);
  for (size_t i = 1; i < pages.size(); i += 2)
    ASSERT_EQ(w.unmap(dev, pages[i], kPage), XSW_CAUSE_NONE);
}

// What is below the mark is with areas that are in use, however many there are.
TEST(Pool, OnlyAreasInUseHaveAccounts) {
  Config c;
  c.pool.clear();
  for (u64 i = 0; i < 64; i++)
    c.pool.push_back({0x1'0000'0000 + i * MiB, 0x4000'0000 + 2 * i * MiB, 256 * KiB});
  World w(c);
  xsw_dev dev = bouncing_device();
  EXPECT_EQ(pool_accounts(w.env()->pool), 0U);
  for (const auto &[cpu, size] : {std::pair{0, 64 * KiB}, {1, kPage}, {0, 2 * kPage}}) {
    const OnCpu on(cpu);
    Mapped m = w.map(dev, w.ram(), size);
    ASSERT_EQ(m.ret, 0);
    EXPECT_EQ(w.unmap(dev, m.dma, size), XSW_CAUSE_NONE);
  }
  EXPECT_EQ(pool_accounts(w.env()->pool), 2U);
  s32 limits = 0;
  for (unsigned int i = 0; i < 64; i++)
    limits += pool_limit(w.env()->pool, i);
  EXPECT_EQ(limits, 64 * KiB / kSlot) << "all of the mark";
}

// CPUs that map now and then, so that the mark is less than they had if all did at once: who lacks
// something has it from one or two others, and leaves alone what the rest have.
TEST(Pool, AreasThatLackBelowTheMarkTakeItFromFew) {
  constexpr unsigned int kCpus = 16;
  Config c;
  c.pool.clear();
  for (u64 i = 0; i < kCpus; i++)
    c.pool.push_back({0x1'0000'0000 + i * MiB, 0x4000'0000 + 2 * i * MiB, 256 * KiB});
  World w(c);
  ASSERT_EQ(w.info().nr_areas, kCpus);
  const xsw_dev dev = bouncing_device();
  std::mt19937_64 rng(seed());
  std::array<std::optional<dma_addr_t>, kCpus> live;
  std::array<s32, kCpus> limits{};
  unsigned int maps = 0, changes = 0;
  u64 used = 0, most = 0;
  for (int i = 0; i < 20000; i++) {
    const auto cpu = static_cast<unsigned int>(rng() % kCpus);
    const OnCpu on(static_cast<int>(cpu));
    const bool mapping = rng() % 5 == 0;
    if (live[cpu] && !mapping) {
      ASSERT_EQ(w.unmap(dev, *live[cpu], kPage), XSW_CAUSE_NONE);
      live[cpu].reset();
      used -= kPage / kSlot;
    } else if (!live[cpu] && mapping) {
      const Mapped m = w.map(dev, w.ram(), kPage);
      ASSERT_EQ(m.ret, 0);
      live[cpu] = m.dma;
      used += kPage / kSlot;
      maps++;
    }
    most = std::max(most, used);
    ASSERT_EQ(w.info().hiwater, most);
    for (unsigned int a = 0; a < kCpus; a++) {
      // Not while the mark still rises.
      changes += i > 10000 && pool_limit(w.pool(), a) != limits[a];
      limits[a] = pool_limit(w.pool(), a);
    }
  }
  EXPECT_GT(changes, 0U);
  EXPECT_LT(changes, maps) << "half of the maps were not counted: two areas for each that was";
  for (unsigned int cpu = 0; cpu < kCpus; cpu++)
    if (live[cpu])
      EXPECT_EQ(w.unmap(dev, *live[cpu], kPage), XSW_CAUSE_NONE);
}

// The search looks back from the end of a place, over all that is free: past nothing that is not.
TEST(Pool, WideGranulesKeepClearOfWhatIsTaken) {
  constexpr u64 kLeaf = 512 * kSlot, kLeaves = 64;
  Config c;
  c.pool = {{0x1'0000'0000, 0x4000'0000, kLeaves * kLeaf}};
  c.ram_size = 8 * MiB;
  const xsw_dev plain = bouncing_device();
  std::mt19937_64 rng(seed());
  for (int round = 0, found = 0, none = 0; round < 100 || !found || !none; round++) {
    World w(c);
    ASSERT_EQ(w.info().nr_areas, 1U);
    // All is taken, then all but some pages is free.
    std::vector<std::pair<dma_addr_t, u64>> live;
    for (;;) {
      const u64 size = rng() % 2 ? kPage : kLeaf / 2;
      const Mapped m = w.map(plain, w.ram(), size);
      if (m.ret)
        break;
      live.emplace_back(m.dma, size);
    }
    const u64 keep = 1 + rng() % 8;
    std::erase_if(live, [&](const auto &m) {
      if (m.second == kPage && rng() % 64 < keep)
        return false;
      EXPECT_EQ(w.unmap(plain, m.first, m.second), XSW_CAUSE_NONE);
      return true;
    });
    xsw_dev dev = bouncing_device();
    const u64 granule = 2 * kLeaf << rng() % 4;
    dev.alloc_align_mask = granule - 1;
    const auto is_free = [&](dma_addr_t at) {
      return std::none_of(live.begin(), live.end(), [&](const auto &m) {
        return m.first < at + granule && at < m.first + m.second;
      });
    };
    bool any = false;
    for (u64 at = 0; at < kLeaves * kLeaf; at += granule)
      any |= is_free(0x4000'0000 + at);
    const Mapped m = w.map(dev, w.ram(), granule);
    ASSERT_EQ(m.ret, any ? 0 : -ENOMEM);
    ++(any ? found : none);
    if (any) {
      EXPECT_EQ(m.dma % granule, 0U);
      EXPECT_TRUE(is_free(m.dma)) << m.dma;
      EXPECT_EQ(w.unmap(dev, m.dma, granule), XSW_CAUSE_NONE);
    }
    for (const auto &[dma, size] : live)
      EXPECT_EQ(w.unmap(plain, dma, size), XSW_CAUSE_NONE);
  }
}

// A long extent is cut into areas of a GiB at most, whatever is left over.
TEST(Pool, NoAreaIsLongerThanAGiB) {
  for (const u64 less : {u64{0}, kSlot, 256 * KiB, 1 * GiB - kSlot}) {
    const u64 size = 4 * GiB - less;
    void *mem = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ASSERT_NE(mem, MAP_FAILED);
    const xsw_extent ext{mem, 1ULL << 40, 1ULL << 41, size};
    xsw_pool *pool = nullptr;
    ASSERT_EQ(xsw_pool_create(&ext, 1, 1, &pool), 0);
    xsw_pool_info info;
    xsw_pool_get_info(pool, &info);
    EXPECT_LE(info.largest, 1 * GiB);
    EXPECT_EQ(info.slots, size / kSlot);
    EXPECT_EQ(info.nr_areas, 4U);
    EXPECT_EQ(xsw_pool_destroy(pool), 0U);
    munmap(mem, size);
  }
}

// At the very end of the address space, too, be its last slot hot or not.
TEST(Pool, NoMappingIsAtTheErrorsAddress) {
  Config c;
  c.pool = {{0x1'0000'0000, u64{0} - 16 * KiB, 16 * KiB}};
  World w(c);
  xsw_dev dev = bouncing_device(), aligned = bouncing_device(), last = bouncing_device();
  aligned.min_align_mask = kPage - 1;
  last.min_align_mask = kSlot - 1;
  std::vector<std::pair<u64, size_t>> live;
  auto map = [&](const xsw_dev &by, u64 phys, size_t size) {
    Mapped m = w.map(by, phys, size);
    if (m.ret)
      return false;
    EXPECT_NE(m.dma, DMA_MAPPING_ERROR);
    live.emplace_back(m.dma, size);
    return true;
  };
  // One page is whole. Its beginning is mapped, and its last slot is a hot run.
  EXPECT_TRUE(map(aligned, w.ram(), 1));
  EXPECT_TRUE(map(aligned, w.ram(), 1));
  EXPECT_TRUE(map(dev, w.ram(), kPage));
  ASSERT_TRUE(pool_heat(w.env()->pool, 0, 1));
  for (int i = 0; i < 3; i++)
    EXPECT_TRUE(map(dev, w.ram(), 7 * kSlot));
  EXPECT_FALSE(map(last, w.ram() + kSlot - 1, 1));
  EXPECT_FALSE(map(dev, w.ram(), 1));
  for (const auto &[dma, size] : live)
    ASSERT_EQ(w.unmap(dev, dma, size), XSW_CAUSE_NONE);
}

// Areas that are far apart: most memory between them is told from the pool by a bit of its address.
TEST(Pool, MemoryNearNone) {
  Config c;
  // Each begins just before a multiple of 4 MiB or ends just behind; the last has come round twice.
  c.pool = {{0x1'0000'0000, 0x40ff'f000, 256 * KiB},
            {0x1'1000'0000, 0x4700'0000 - 252 * KiB, 256 * KiB},
            {0x1'2000'0000, 0x2'7000'0000 - 64 * KiB, 5 * MiB}};
  World w(c);
  const xsw_dev dev = bouncing_device();
  std::vector<u64> live;
  for (const Piece &p : c.pool) {
    for (u64 at : {p.machine, p.machine + p.size - 1}) {
      EXPECT_FALSE(unmap_is_plain(w.env(), &dev, at, DMA_TO_DEVICE)) << std::hex << at;
    }
  }
  EXPECT_FALSE(unmap_is_plain(w.env(), &dev, 0x2'7000'0000 + 2 * MiB, DMA_TO_DEVICE));
  for (u64 far : {0x40bf'ffffULL, 0x4140'0000ULL, 0x46bf'ffffULL, 0x4740'0000ULL, 0x2'6fbf'ffffULL,
                  0x2'7080'0000ULL, 0ULL}) {
    EXPECT_TRUE(unmap_is_plain(w.env(), &dev, far, DMA_TO_DEVICE)) << std::hex << far;
  }
  // The same bits, 4 GiB on and further.
  for (const Piece &p : c.pool) {
    for (u64 beyond : {p.machine + 0x3'0000'0000, p.machine + 0xff'0000'0000})
      EXPECT_TRUE(unmap_is_plain(w.env(), &dev, beyond, DMA_TO_DEVICE)) << std::hex << beyond;
  }
  for (;;) {
    Mapped m = w.map(dev, w.ram(), 4096);
    if (m.ret)
      break;
    live.push_back(m.dma);
  }
  EXPECT_GE(live.size(), 2 * 64U);
  for (u64 dma : live)
    EXPECT_EQ(w.unmap(dev, dma, 4096), XSW_CAUSE_NONE) << std::hex << dma;
}

TEST(Range, FirstAndLastByte) {
  const xsw_dma_range ranges[] = {{0x4000'0000, 0x1000, 1 * MiB}, {0x4010'0000, 0x8000'0000, 4096}};
  xsw_dev dev = plain_device();
  dma_addr_t dma = 0;
  EXPECT_TRUE(xsw_machine_to_dma(&dev, 0x1234, 1, &dma));
  EXPECT_EQ(dma, 0x1234U);
  dev.ranges = ranges;
  dev.nr_ranges = 2;
  EXPECT_TRUE(xsw_machine_to_dma(&dev, 0x4000'0000, 1, &dma));
  EXPECT_EQ(dma, 0x1000U);
  EXPECT_TRUE(xsw_machine_to_dma(&dev, 0x400f'ffff, 1, &dma));
  EXPECT_EQ(dma, 0x10'0fffU);
  EXPECT_TRUE(xsw_machine_to_dma(&dev, 0x4010'0fff, 1, &dma));
  EXPECT_EQ(dma, 0x8000'0fffU);
  EXPECT_TRUE(xsw_machine_to_dma(&dev, 0x400f'f000, 4096, &dma));
  EXPECT_EQ(dma, 0x10'0000U);
  // What is in a row for the machine is not for the device.
  EXPECT_FALSE(xsw_machine_to_dma(&dev, 0x400f'f000, 4097, &dma));
  EXPECT_FALSE(xsw_machine_to_dma(&dev, 0x3fff'ffff, 1, &dma));
  EXPECT_FALSE(xsw_machine_to_dma(&dev, 0x4010'1000, 1, &dma));
}

// The end of one range is the start of the next for the device, and not for the machine.
TEST(Range, AdjoiningForTheDeviceAlone) {
  World w; // its pool is at 0x4000'0000
  const xsw_dma_range ranges[] = {{w.ram(), 0x1000'0000, 128 * KiB},
                                  {0x4000'0000, 0x1002'0000, 4 * MiB}};
  xsw_dev dev = bouncing_device();
  dev.ranges = ranges;
  dev.nr_ranges = 2;
  std::vector<u64> live;
  for (;;) {
    Mapped m = w.map(dev, w.ram(), 64 * KiB);
    if (m.ret)
      break;
    live.push_back(m.dma);
  }
  EXPECT_EQ(live.size(), 64U);
  EXPECT_EQ(*std::min_element(live.begin(), live.end()), 0x1002'0000U);
  for (u64 dma : live)
    EXPECT_EQ(w.unmap(dev, dma, 64 * KiB), XSW_CAUSE_NONE) << dma;
}

TEST(Names, AllThereAndDifferent) {
  std::vector<std::string> names;
  for (unsigned int i = 0; i < XSW_NR_REASONS; i++)
    names.emplace_back(xsw_reason_name(i));
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::unique(names.begin(), names.end()), names.end());
  names.clear();
  for (unsigned int i = 0; i < XSW_NR_CAUSES; i++)
    names.emplace_back(xsw_cause_name(i));
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::unique(names.begin(), names.end()), names.end());
  EXPECT_STREQ(xsw_reason_name(XSW_NR_REASONS), "?");
  EXPECT_STREQ(xsw_cause_name(XSW_NR_CAUSES), "?");
  EXPECT_STREQ(xsw_reason_name(XSW_REASON_BOUNCE_MASK), "bounce-mask");
  EXPECT_STREQ(xsw_cause_name(XSW_CAUSE_NO_SPACE), "no-space");
}

} // namespace
