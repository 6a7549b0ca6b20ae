// SPDX-License-Identifier: GPL-2.0
// What the benchmarks measure on: a pool on huge pages, devices that bounce everything, buffers,
// and a load that keeps a pool filled.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <vector>

#ifdef __x86_64__
#include <x86intrin.h>
#endif

extern "C" {
#include "pool.h"
}

namespace xsw::bench {

constexpr size_t KiB = 1024;
constexpr size_t MiB = 1024 * KiB;
constexpr size_t GiB = 1024 * MiB;
constexpr size_t kPoolBytes = 64 * MiB;

struct Unmap {
  size_t bytes;
  void operator()(u8 *p) const;
};
using Memory = std::unique_ptr<u8[], Unmap>;

// Aligned to huge pages and made of them where the system has them.
Memory huge_memory(size_t bytes);
// The same without any memory behind it, for what is only mapped and never copied.
Memory no_memory(size_t bytes);

// A device that reaches everything, and bounces it.
xsw_dev device(u64 min_align_mask = 0);

struct Mapping {
  dma_addr_t dma = DMA_MAPPING_ERROR;
  size_t size = 0;
};

// A pool and what belongs to it.
class World {
public:
  explicit World(unsigned int areas) : World(areas, huge_memory(kPoolBytes), kPoolBytes) {}
  World(unsigned int areas, Memory memory, size_t bytes);
  ~World();
  World(const World &) = delete;
  World &operator=(const World &) = delete;

  bool map(const xsw_dev &dev, const u8 *buffer, size_t size, dma_data_direction dir, Mapping &m) {
    xsw_mapped out;
    int ret = xsw_map(&env_, &dev, reinterpret_cast<uintptr_t>(buffer), size, dir, 0, &out);
    m = {out.dma, size};
    return ret == 0;
  }
  void unmap(const xsw_dev &dev, const Mapping &m, dma_data_direction dir) {
    xsw_cause cause;
    if (xsw_unmap(&env_, &dev, m.dma, m.size, dir, 0, &cause) != 1)
      refused_ = true;
  }
  // The pool alone, without the decision to bounce: what the in-tree's figures are of.
  bool pool_map(const xsw_dev &dev, const u8 *buffer, size_t size, Mapping &m) {
    m.size = size;
    return xsw_bench_pool_map(env_.pool, &dev, buffer, size, &m.dma);
  }
  void pool_unmap(const xsw_dev &dev, const Mapping &m, dma_data_direction dir) {
    if (!xsw_bench_pool_unmap(env_.pool, &dev, m.dma, m.size, dir))
      refused_ = true;
  }
  bool sync(const xsw_dev &dev, const Mapping &m, dma_data_direction dir, bool for_cpu) {
    xsw_cause cause;
    return xsw_sync(&env_, &dev, m.dma, m.size, dir, for_cpu, &cause) == 1;
  }

  xsw_env &env() { return env_; }
  xsw_pool_info info() const;
  // A correct run has none.
  bool refused() const { return refused_; }
  // What the core has allocated for the pool until now, if it is this thread's last one.
  size_t metadata() const;

private:
  Memory memory_;
  xsw_env_ops ops_;
  xsw_env env_;
  bool refused_ = false;
};

// The mix of sizes: 64 B 20 %, 512 B 20 %, 1500 B 30 %, 4 KiB 20 %, 64 KiB 10 %.
size_t mix_size(std::mt19937_64 &rng);
constexpr size_t kLargest = 64 * KiB;

// Mappings at random, to fill a pool and to let it age.
class Load {
public:
  enum class Size { mix, page, tiny };

  Load(World &world, const xsw_dev &dev, Size size, u64 seed);
  ~Load();
  Load(const Load &) = delete;
  Load &operator=(const Load &) = delete;

  // One more of the load's sizes, at a random offset if the device keeps offsets. False: no place.
  bool add();
  bool add(size_t size);
  void drop_random();
  // Add until @percent of the pool is used.
  void fill(double percent);
  // One mapping for another at that percentage: one that does not fit makes room for the next.
  // Returns the size of one that failed, or 0.
  size_t churn(double percent);

  size_t size() const { return live_.size(); }
  size_t payload() const { return payload_; }
  double used() const;
  const u8 *source() const { return source_.get(); }

private:
  size_t draw();

  World &world_;
  const xsw_dev &dev_;
  Size kind_;
  std::mt19937_64 rng_;
  Memory source_;
  std::vector<Mapping> live_;
  size_t payload_ = 0;
};

// ---- time ----

using Clock = std::chrono::steady_clock;

inline double ns(Clock::duration d) { return std::chrono::duration<double, std::nano>(d).count(); }

// For single operations, where the clock itself would be what is measured.
class Ticks {
public:
  Ticks();
  static u64 now() {
#ifdef __x86_64__
    _mm_lfence();
    u64 t = __rdtsc();
    _mm_lfence();
    return t;
#else
    return static_cast<u64>(Clock::now().time_since_epoch().count());
#endif
  }
  // Between two calls of now(), what they cost included.
  double ns(u64 from, u64 to) const { return static_cast<double>(to - from) * ns_; }
  // Such a time, or a mean of some, without that: at least 0.
  double net(double time) const { return std::max(0.0, time - empty_); }
  // Of such times, without that, and 0 of none. The counter may go in steps, and say 10
  // or 20 of what takes 17: what it says stands for half a step to either side. Sorts @times.
  double percentile(std::span<double> times, double p) const { return net(within_step(times, p)); }

private:
  double within_step(std::span<double> times, double p) const;

  double ns_ = 1;
  double step_ = 0;
  double empty_ = 0;
};

// @values is sorted by this.
double percentile(std::span<double> values, double p);

} // namespace xsw::bench
