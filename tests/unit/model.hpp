// SPDX-License-Identifier: GPL-2.0
// A trivial model of the core, and drivers that are compared with it: which slots are taken is a
// vector of bool, what the device and the CPU must see is kept byte by byte, what a map must come
// to is said without a look at how the core finds it.
#pragma once

#include <array>
#include <atomic>
#include <functional>

#include "world.hpp"

namespace xsw {

// A number below the one that it is given: from a generator, or from a fuzzer's bytes.
using Dice = std::function<u64(u64 below)>;

struct Device {
  xsw_dev dev;
  std::vector<xsw_dma_range> ranges;
};

// The pool as all drivers together have left it. Its pieces lie in the order of their machine
// addresses; slots and bytes are counted through all of them.
struct Ledger {
  explicit Ledger(const Config &config);
  std::vector<std::atomic<bool>> taken;
  Bytes bytes; // as the device must see them; nobody has written there yet, so zeroes
};

// One driver with its own part of memory. Several run side by side against one pool; what only one
// can know of a pool is checked for one that is alone, with an area for each piece of the pool.
class Driver {
public:
  Driver(World &w, const std::vector<Device> &devices, Ledger &ledger, Dice dice, u64 ram,
         u64 ram_size, bool alone);

  // A mix of all below up to any_map(), then unmaps all.
  void run(u64 ops);

  void map();
  void unmap();
  void unmap_all();
  void sync();
  void device_writes();
  // What no driver may do to its mapping. Refused, and nothing changes.
  void misuse();

  // Any address, size, direction and attribute: refused or not, as they must be.
  void any_map();
  void any_unmap();
  void any_sync();
  // What is promised of an empty pool.
  void limits();
  void reset_hiwater();
  // All bytes there are, and the accounts. Of one that is alone.
  void check_all();

  size_t live() const { return live_.size(); }
  // Records of mappings may run out: allocations have failed, or work was left undone.
  bool starved = false;

  enum { kMaps, kFailedMaps, kUnmaps, kSyncs, kWrites, kRefusals, kCounts };
  std::array<u64, kCounts> counts{};

private:
  struct Mapping {
    const Device *device;
    u64 phys;
    size_t size;
    dma_data_direction dir;
    u64 dma;
    u64 first = 0, slots = 0; // of the ledger; none: mapped directly
    size_t lead = 0;          // bytes in them before the mapping
    size_t piece = 0;
  };
  // What a map must come to; of a bounced one only that it is one.
  struct Outcome {
    xsw_reason reason = XSW_REASON_NONE;
    xsw_cause cause = XSW_CAUSE_NONE;
    u64 dma = 0;
    u64 machine = 0;
    bool foreign = false;
    bool bounced = false;
  };

  u64 done() const;
  Outcome expect(const Device &d, u64 phys, size_t size, dma_data_direction dir,
                 unsigned long attrs) const;
  bool place(const Device &d, u64 phys, size_t size, bool empty, size_t *piece = nullptr) const;
  xsw_cause why_not(const Device &d, u64 phys, size_t size) const;
  u64 dma_of_slot(const Device &d, size_t piece, u64 slot, size_t *range) const;
  bool is_memory(u64 phys) const;
  bool pool_slot(u64 machine, size_t *piece, u64 *slot) const;

  void do_map(const Device &d, u64 phys, size_t size, dma_data_direction dir, unsigned long attrs);
  void took_place(Mapping &m);
  u64 any_dma(const Device &d);
  Mapping *pick();
  const Device &any_device();
  // Of slots as the device must see them.
  u8 *bounce(const Mapping &m) { return &ledger_.bytes[m.first * kSlot]; }
  void check(const Mapping &m);
  void check_ram(u64 phys, size_t size);
  void put(u64 phys, std::span<const u8> bytes);
  void copy(const Mapping &m, size_t off, size_t len, bool for_cpu);
  // The cache operations that must come of what is done next.
  void begin();
  void end();
  void expect_direct_sync(const Device &d, const Mapping &m, size_t off, size_t len,
                          dma_data_direction dir, bool for_cpu);
  void expect_pool_sync(const Device &d, const Mapping &m, size_t off, size_t len,
                        dma_data_direction dir, bool for_cpu);

  World &w_;
  const std::vector<Device> &devices_;
  Ledger &ledger_;
  Dice dice_;
  u64 ram_;
  Bytes bytes_; // of memory, as the CPU must see them
  bool alone_;
  std::vector<u64> piece_slot_; // first one of each piece in the ledger
  u64 used_ = 0;
  u64 most_ = 0;
  std::vector<Mapping> live_;
  std::vector<CacheOp> cache_ops_;
};

} // namespace xsw
