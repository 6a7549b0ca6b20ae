// SPDX-License-Identifier: GPL-2.0
// Fuzzer of the core: bytes become a machine, devices, and operations in it, each compared with the
// model that the random tests use. Everything is checked after every operation.
#include <bit>
#include <cstdint>
#include <memory>
#include <span>

#include "../unit/model.hpp"

using namespace xsw;

namespace {

// A choice is as many bytes as it needs, so that a change of one of them changes little.
class Input {
public:
  explicit Input(std::span<const u8> bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  u64 operator()(u64 below) {
    u64 value = 0;
    for (int left = static_cast<int>(std::bit_width(below - 1)); left > 0 && !bytes_.empty();
         left -= 8) {
      value = value << 8 | bytes_.front();
      bytes_ = bytes_.subspan(1);
    }
    return value % below;
  }

private:
  std::span<const u8> bytes_;
};

// Allocations fail from the one of this number on; 0: none does.
u64 alloc_fails;
u64 allocs;

bool may_alloc(size_t) { return !alloc_fails || ++allocs < alloc_fails; }

bool shares_line(phys_addr_t phys, size_t size, dma_data_direction dir) {
  return dir != DMA_TO_DEVICE && (phys | size) % 64;
}

Config machine(Input &in) {
  Config c;
  c.ram_size = (8 + in(25)) * kPage;
  c.scattered = in(2);
  c.pool.clear();
  u64 address = 0x4000'0000;
  // No area is cut in two: the model takes each piece for one.
  for (u64 pieces = in(4); pieces > 0; pieces--) {
    u64 slots = 1 + in(256);
    if (in(16) == 0)
      slots += 1024; // more than there are records of mappings
    address += in(32) * kSlot;
    c.pool.push_back({0x1'0000'0000 + address + in(16) * kSlot, address, slots * kSlot});
    address += slots * kSlot + 16 * kSlot;
  }

  u64 kind = in(6);
  u64 step = 1 + in(8);
  c.m2p = in(2);
  c.flush_foreign = in(2);
  u64 ram = c.ram_phys;
  u64 pages = c.ram_size / kPage;
  if (kind == 1) // elsewhere, some foreign
    c.p2m = [=](u64 page) -> Frame { return {0x8000'0000 + page * kPage, page / step % 2 != 0}; };
  else if (kind == 2) // no two in a row
    c.p2m = [=](u64 page) -> Frame { return {0x8000'0000 + (pages - page) * kPage}; };
  else if (kind == 3) // blocks in a row, the last ones first
    c.p2m = [=](u64 page) -> Frame {
      return {0x8000'0000 + (64 - page / step) * 8 * kPage + page % step * kPage, page / step == 2};
    };
  else if (kind == 4) // local pages where they are, foreign ones and nothing in between
    c.p2m = [=](u64 page) -> Frame {
      if (page % (step + 2) == 0)
        return {XSW_MACHINE_NONE};
      bool foreign = page % (step + 2) == 1;
      return {foreign ? 0x6000'0000 + (pages - page) * kPage : ram + page * kPage, foreign};
    };
  return c;
}

u64 mask(Input &in) {
  u64 bits = in(64);
  u64 value = bits ? (u64{1} << bits) - 1 : 0;
  // Not only 2^n - 1: the core rounds up.
  return in(8) ? value : value - value / 4;
}

Device device(Input &in, const Config &c) {
  Device d{plain_device(), {}};
  u64 flags = in(256);
  u64 pool = c.pool.empty() ? 0x4000'0000 : c.pool[0].machine;
  d.dev.coherent = flags & 1;
  d.dev.force_bounce = flags & 2;
  d.dev.no_bounce = (flags & 12) == 4;
  if (flags & 16) {
    switch (in(4)) {
    case 0:
      d.dev.dma_mask = mask(in);
      break;
    case 1:
      d.dev.dma_mask = pool + in(64 * KiB); // in the middle of the pool
      break;
    case 2:
      d.dev.dma_mask = 0x7fff'ffff; // the pool, and no memory
      break;
    default:
      d.dev.bus_limit = pool + in(256 * KiB);
    }
  }
  if (flags & 32)
    d.dev.min_align_mask = in(4) ? (u64{1} << (9 + in(6))) - 1 : mask(in);
  if (flags & 64)
    d.dev.alloc_align_mask = in(4) ? (u64{1} << (9 + in(6))) - 1 : mask(in);
  if (flags & 128)
    d.dev.seg_boundary = in(4) ? (u64{1} << (9 + in(8))) - 1 : mask(in);
  u64 nr = in(4);
  u64 from = nr ? pool - in(4) * kSlot : 0;
  for (u64 i = 0; i < nr; i++) {
    // Some shift by part of a slot, one takes all that is left.
    u64 size = i == 2 ? 0x4'0000'0000 : (1 + in(256)) * 128;
    u64 dma = (2 + i) * 0x10'0000'0000 + in(64) * 256;
    d.ranges.push_back({from, dma, size});
    from += size;
  }
  return d;
}

// A pool that there is no memory for is no pool, and nothing is left of it.
void create_without_memory(const Config &c, u64 fails) {
  Bytes memory(64 * KiB);
  std::vector<xsw_extent> extents;
  for (const Piece &p : c.pool)
    extents.push_back({memory.data(), p.phys, p.machine, p.size});
  if (extents.empty())
    return;
  xsw_seam.alloc = may_alloc;
  alloc_fails = fails;
  allocs = 0;
  xsw_pool *pool = nullptr;
  int ret = xsw_pool_create(extents.data(), static_cast<unsigned int>(extents.size()), 1, &pool);
  alloc_fails = 0;
  ASSERT_EQ(ret, allocs >= fails ? -ENOMEM : 0);
  ASSERT_EQ(pool != nullptr, ret == 0);
  ASSERT_EQ(xsw_pool_destroy(pool), 0U);
}

void run(Input &in) {
  Config c = machine(in);
  if (u64 fails = in(32))
    create_without_memory(c, fails);

  World w(c);
  xsw_seam.alloc = may_alloc;
  if (in(4) == 0)
    xsw_seam.cacheline = shares_line;
  std::vector<Device> devices;
  for (u64 nr = 1 + in(4); nr > 0; nr--)
    devices.push_back(device(in, c));
  for (Device &d : devices) {
    if (!d.ranges.empty()) {
      d.dev.ranges = d.ranges.data();
      d.dev.nr_ranges = static_cast<unsigned int>(d.ranges.size());
    }
  }
  Ledger ledger(c);
  Driver driver(w, devices, ledger, std::ref(in), w.ram(), w.ram_size(), true);
  OnCpu cpu(0);
  while (!in.empty()) {
    switch (in(16)) {
    case 0 ... 3:
      driver.map();
      break;
    case 4 ... 5:
      driver.unmap();
      break;
    case 6 ... 7:
      driver.sync();
      break;
    case 8:
      driver.device_writes();
      break;
    case 9:
      driver.misuse();
      break;
    case 10:
      driver.any_map();
      break;
    case 11:
      driver.any_unmap();
      break;
    case 12:
      driver.any_sync();
      break;
    case 13:
      driver.limits();
      break;
    case 14: // a burst of one kind: full, empty, out of records
      switch (u64 what = in(8); what) {
      case 0:
        driver.unmap_all();
        break;
      default:
        for (u64 i = 0; i < 16 * what && !in.empty(); i++)
          what % 2 ? driver.map() : driver.unmap();
      }
      break;
    default:
      switch (in(6)) {
      case 0:
        xsw_seam_cpu = static_cast<int>(in(8));
        break;
      case 1:
        driver.reset_hiwater();
        break;
      case 2: // work is not done for a while
        w.runs_work = false;
        driver.starved = true;
        break;
      case 3: // there is no memory for a while
        alloc_fails = 1;
        driver.starved = true;
        break;
      default:
        w.runs_work = true;
        alloc_fails = 0;
        xsw_seam_run_work();
      }
    }
    driver.check_all();
  }
  alloc_fails = 0;
  driver.unmap_all();
  driver.check_all();
  // World's end looks for leaked slots.
}

} // namespace

// A failed expectation throws, and nobody catches: that is a finding.
extern "C" int LLVMFuzzerInitialize(int *, char ***) {
  GTEST_FLAG_SET(throw_on_failure, true);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
  Input in({data, size});
  run(in);
  return 0;
}
