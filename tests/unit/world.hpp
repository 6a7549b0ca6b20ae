// SPDX-License-Identifier: GPL-2.0
// A small machine to test the core in: guest memory behind any p2m, pool memory, and a device that
// moves bytes by machine address. What is where is kept here, never asked of the core.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

extern "C" {
#include "core.h"
}

namespace xsw {

constexpr u64 kPage = PAGE_SIZE;
constexpr u64 kSlot = XSW_SLOT_SIZE;
constexpr u64 KiB = 1024;
constexpr u64 MiB = 1024 * KiB;
constexpr u64 GiB = 1024 * MiB;
constexpr u64 kNoMask = ~u64{0};

using Bytes = std::vector<u8>;

// What a guest page is for the machine.
struct Frame {
  u64 machine = 0;
  bool foreign = false;
};

struct Piece {
  u64 phys = 0;
  u64 machine = 0;
  u64 size = 0;
};

struct Config {
  u64 ram_phys = 0x2'0000'0000;
  u64 ram_size = 256 * KiB;
  // Null: identity. Keeps xsw_key_translate off.
  std::function<Frame(u64 page)> p2m;
  bool m2p = true;           // machine_to_phys knows local memory
  bool flush_foreign = true; // cache_foreign exists
  bool scattered = false;    // as with highmem: memory can be reached only a page at a time
  bool caches = false;       // devices see memory behind the CPU's cache
  std::vector<Piece> pool = {{0x1'0000'0000, 0x4000'0000, 4 * MiB}};
  unsigned int areas = 1;
};

// A device that nothing is demanded of: it reaches everything.
xsw_dev plain_device();
// The same, and everything is bounced.
xsw_dev bouncing_device();

struct Mapped : xsw_mapped {
  int ret = 0;
};

// A cache operation that the core asked for.
struct CacheOp {
  bool foreign = false;
  u64 address = 0;
  u64 size = 0;
  dma_data_direction dir = DMA_NONE;
  bool for_cpu = false;
};

class World {
public:
  explicit World(const Config &config = {});
  ~World();
  World(const World &) = delete;
  World &operator=(const World &) = delete;

  xsw_env *env() { return &env_; }
  xsw_pool *pool() { return env_.pool; }
  xsw_pool_info info() const;
  u64 ram() const { return config_.ram_phys; }
  u64 ram_size() const { return config_.ram_size; }
  const Config &config() const { return config_; }

  // Before a map, work that the core has put off is done, as a kernel would soon do it.
  bool runs_work = true;
  Mapped map(const xsw_dev &dev, u64 phys, size_t size, dma_data_direction dir = DMA_BIDIRECTIONAL,
             unsigned long attrs = 0);
  // These return the cause of a refusal, and fail the test if return value and cause disagree.
  xsw_cause unmap(const xsw_dev &dev, u64 dma, size_t size,
                  dma_data_direction dir = DMA_BIDIRECTIONAL, unsigned long attrs = 0);
  xsw_cause sync(const xsw_dev &dev, u64 dma, size_t size, dma_data_direction dir, bool for_cpu);

  // Guest memory as the CPU sees it.
  void write(u64 phys, std::span<const u8> bytes);
  Bytes read(u64 phys, size_t size) const;
  void fill(u64 phys, size_t size, u64 seed);

  // Memory as the device sees it, by its dma address; throws where there is none.
  void device_write(const xsw_dev &dev, u64 dma, std::span<const u8> bytes);
  Bytes device_read(const xsw_dev &dev, u64 dma, size_t size) const;
  bool device_reaches(const xsw_dev &dev, u64 dma, size_t size) const;

  // All of the pool as the device sees it, and poison for all of it.
  Bytes pool_bytes() const;
  bool pool_holds(std::span<const u8> bytes) const;
  void poison_pool(u8 value);
  bool in_pool(const xsw_dev &dev, u64 dma) const;

  std::vector<CacheOp> cache_ops;

private:
  struct Env : xsw_env {
    World *world = nullptr;
  };
  struct Region {
    u64 phys, machine, size;
    bool foreign, pool;
    u8 *cpu;    // what the CPU sees
    u8 *device; // the same without a cache
  };

  static u64 phys_to_machine(xsw_env *env, phys_addr_t phys, bool *foreign);
  static bool machine_to_phys(xsw_env *env, u64 machine, phys_addr_t *phys);
  static xsw_reason must_bounce(xsw_env *env, u64 machine, bool foreign, bool coherent);
  static void cache_foreign(xsw_env *env, u64 machine, size_t size, dma_data_direction dir,
                            bool for_cpu);
  static void *phys_map(phys_addr_t phys, size_t *len);
  static bool is_ram(phys_addr_t phys);
  static void cache(phys_addr_t phys, size_t size, dma_data_direction dir, bool for_cpu);

  void add(const Region &region);
  const Region *by_phys(u64 phys) const;
  const Region *by_machine(u64 machine) const;
  void maintain(bool by_machine, u64 address, u64 size, bool for_cpu);
  template <typename F> void device_pieces(const xsw_dev &dev, u64 dma, size_t size, F f) const;

  static World *current_;
  Config config_;
  xsw_env_ops ops_{};
  Env env_{};
  std::deque<Bytes> memory_;
  std::map<u64, Region> phys_;
  std::map<u64, Region> machine_;
  std::mutex cache_lock_;
};

// Where the device sees @machine, computed here and not by the core.
bool to_machine(const xsw_dev &dev, u64 dma, u64 *machine);

Bytes pattern(size_t size, u64 seed);

// XSW_SEED, or a new one; printed either way.
u64 seed();

// A thread's CPU for the rest of the scope.
class OnCpu {
public:
  explicit OnCpu(int cpu) : old_(xsw_seam_cpu) { xsw_seam_cpu = cpu; }
  ~OnCpu() { xsw_seam_cpu = old_; }
  OnCpu(const OnCpu &) = delete;
  OnCpu &operator=(const OnCpu &) = delete;

private:
  int old_;
};

} // namespace xsw
