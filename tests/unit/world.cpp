// SPDX-License-Identifier: GPL-2.0
#include "world.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "internals.h"

namespace xsw {

World *World::current_;

xsw_dev plain_device() {
  xsw_dev dev{};
  dev.dma_mask = kNoMask;
  dev.seg_boundary = kNoMask;
  dev.coherent = true;
  return dev;
}

xsw_dev bouncing_device() {
  xsw_dev dev = plain_device();
  dev.force_bounce = true;
  return dev;
}

Bytes pattern(size_t size, u64 seed) {
  Bytes bytes(size);
  u64 x = seed * 0x9e3779b97f4a7c15 + 1;
  for (auto &b : bytes) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    b = static_cast<u8>(x | 1); // never 0, which padding is
  }
  return bytes;
}

u64 seed() {
  static const u64 value = [] {
    const char *given = std::getenv("XSW_SEED");
    u64 v = given ? std::strtoull(given, nullptr, 0) : std::random_device{}();
    std::printf("[   SEED   ] XSW_SEED=%llu\n", static_cast<unsigned long long>(v));
    std::fflush(stdout);
    return v;
  }();
  return value;
}

World::World(const Config &config) : config_(config) {
  if (current_)
    throw std::logic_error("one World at a time");
  current_ = this;

  // A page of RAM is a region of its own; scattered, the next one is never behind it in memory.
  u64 pages = config_.ram_size / kPage;
  u8 *cpu = memory_.emplace_back(config_.ram_size).data();
  u8 *device = config_.caches ? memory_.emplace_back(config_.ram_size).data() : cpu;
  for (u64 i = 0; i < pages; i++) {
    u64 at = (config_.scattered ? pages - 1 - i : i) * kPage;
    u64 phys = config_.ram_phys + i * kPage;
    Frame frame = config_.p2m ? config_.p2m(i) : Frame{phys, false};
    add({phys, frame.machine, kPage, frame.foreign, false, cpu + at, device + at});
  }

  std::vector<xsw_extent> extents;
  for (const Piece &p : config_.pool) {
    u8 *mem = memory_.emplace_back(p.size).data();
    u8 *dev_mem = config_.caches ? memory_.emplace_back(p.size).data() : mem;
    add({p.phys, p.machine, p.size, false, true, mem, dev_mem});
    extents.push_back({mem, p.phys, p.machine, p.size});
  }

  ops_.name = "test";
  ops_.phys_to_machine = config_.p2m ? phys_to_machine : nullptr;
  ops_.machine_to_phys = config_.p2m ? machine_to_phys : nullptr;
  ops_.must_bounce = config_.p2m ? must_bounce : nullptr;
  ops_.cache_foreign = config_.flush_foreign ? cache_foreign : nullptr;
  env_.ops = &ops_;
  env_.world = this;
  if (config_.p2m) {
    static_branch_enable(&xsw_key_translate);
    static_branch_enable(&xsw_key_bounce);
    static_branch_enable(&xsw_key_cache);
  }
  xsw_seam = {};
  xsw_seam.phys_map = phys_map;
  xsw_seam.is_ram = is_ram;
  xsw_seam.cache = cache;
  if (!extents.empty() && xsw_pool_create(extents.data(), static_cast<unsigned int>(extents.size()),
                                          config_.areas, &env_.pool))
    throw std::runtime_error("no pool");
}

World::~World() {
  u64 leaked = xsw_pool_destroy(env_.pool);
  if (!::testing::Test::HasFailure()) {
    EXPECT_EQ(leaked, 0U) << "slots still in use at the end of the test";
  }
  static_branch_disable(&xsw_key_translate);
  static_branch_disable(&xsw_key_bounce);
  static_branch_disable(&xsw_key_cache);
  xsw_seam = {};
  current_ = nullptr;
}

void World::add(const Region &region) {
  phys_.emplace(region.phys, region);
  if (region.machine != XSW_MACHINE_NONE)
    machine_.emplace(region.machine, region);
}

template <typename M> static auto find_in(const M &map, u64 key) -> decltype(&map.begin()->second) {
  auto it = map.upper_bound(key);
  if (it == map.begin())
    return nullptr;
  --it;
  return key - it->first < it->second.size ? &it->second : nullptr;
}

const World::Region *World::by_phys(u64 phys) const { return find_in(phys_, phys); }
const World::Region *World::by_machine(u64 machine) const { return find_in(machine_, machine); }

u64 World::phys_to_machine(xsw_env *env, phys_addr_t phys, bool *foreign) {
  const Region *r = static_cast<Env *>(env)->world->by_phys(phys);
  if (!r || r->machine == XSW_MACHINE_NONE)
    return XSW_MACHINE_NONE;
  *foreign = r->foreign;
  return r->machine + (phys - r->phys);
}

bool World::machine_to_phys(xsw_env *env, u64 machine, phys_addr_t *phys) {
  World *world = static_cast<Env *>(env)->world;
  const Region *r = world->by_machine(machine);
  if (!world->config_.m2p || !r || r->foreign)
    return false;
  *phys = r->phys + (machine - r->machine);
  return true;
}

xsw_reason World::must_bounce(xsw_env *env, u64, bool foreign, bool coherent) {
  bool flush = static_cast<Env *>(env)->world->config_.flush_foreign;
  return foreign && !flush && !coherent ? XSW_REASON_BOUNCE_FOREIGN : XSW_REASON_NONE;
}

void World::maintain(bool machine, u64 address, u64 size, bool for_cpu) {
  while (size) {
    const Region *r = machine ? by_machine(address) : by_phys(address);
    ASSERT_NE(r, nullptr) << "cache operation on no memory: " << std::hex << address;
    u64 off = address - (machine ? r->machine : r->phys);
    u64 len = std::min(size, r->size - off);
    if (r->cpu != r->device)
      memcpy((for_cpu ? r->cpu : r->device) + off, (for_cpu ? r->device : r->cpu) + off, len);
    address += len;
    size -= len;
  }
}

void World::cache_foreign(xsw_env *env, u64 machine, size_t size, dma_data_direction dir,
                          bool for_cpu) {
  World *world = static_cast<Env *>(env)->world;
  std::lock_guard guard(world->cache_lock_);
  world->cache_ops.push_back({true, machine, size, dir, for_cpu});
  world->maintain(true, machine, size, for_cpu);
}

void World::cache(phys_addr_t phys, size_t size, dma_data_direction dir, bool for_cpu) {
  std::lock_guard guard(current_->cache_lock_);
  current_->cache_ops.push_back({false, phys, size, dir, for_cpu});
  current_->maintain(false, phys, size, for_cpu);
}

void *World::phys_map(phys_addr_t phys, size_t *len) {
  const Region *r = current_->by_phys(phys);
  if (!r)
    throw std::out_of_range("xsw_phys_map of no memory");
  if (current_->config_.scattered)
    *len = std::min<size_t>(*len, kPage - phys % kPage);
  return r->cpu + (phys - r->phys);
}

bool World::is_ram(phys_addr_t phys) { return current_->by_phys(phys) != nullptr; }

xsw_pool_info World::info() const {
  xsw_pool_info info;
  xsw_pool_get_info(env_.pool, &info);
  return info;
}

Mapped World::map(const xsw_dev &dev, u64 phys, size_t size, dma_data_direction dir,
                  unsigned long attrs) {
  Mapped m;
  if (runs_work)
    xsw_seam_run_work();
  const bool plain = map_is_plain(&dev, phys, size, dir, attrs);
  m.ret = xsw_map(&env_, &dev, phys, size, dir, attrs, &m);
  if (plain) {
    EXPECT_EQ(m.ret, 0);
    EXPECT_EQ(m.reason, XSW_REASON_DIRECT);
    EXPECT_EQ(m.dma, phys);
  }
  if (m.ret) {
    EXPECT_EQ(m.dma, DMA_MAPPING_ERROR);
    EXPECT_EQ(m.reason, XSW_REASON_NONE);
    EXPECT_NE(m.cause, XSW_CAUSE_NONE);
    EXPECT_TRUE(m.ret == -EINVAL || m.ret == -EIO || m.ret == -ENOMEM) << m.ret;
    EXPECT_EQ(m.ret == -ENOMEM, m.cause == XSW_CAUSE_NO_SPACE);
  } else {
    EXPECT_NE(m.reason, XSW_REASON_NONE);
    EXPECT_EQ(m.cause, XSW_CAUSE_NONE);
    EXPECT_TRUE(m.reason == XSW_REASON_MMIO || device_reaches(dev, m.dma, size))
        << "the device can't reach " << std::hex << m.dma << " + " << size;
  }
  return m;
}

xsw_cause World::unmap(const xsw_dev &dev, u64 dma, size_t size, dma_data_direction dir,
                       unsigned long attrs) {
  xsw_cause cause = XSW_CAUSE_UNSUPPORTED;
  const bool plain = unmap_is_plain(&env_, &dev, dma, dir);
  int ret = xsw_unmap(&env_, &dev, dma, size, dir, attrs, &cause);
  EXPECT_TRUE(!plain || ret == 0) << ret;
  EXPECT_EQ(ret == -EINVAL, cause != XSW_CAUSE_NONE);
  if (ret >= 0) {
    EXPECT_EQ(ret == 1, in_pool(dev, dma) && !(attrs & DMA_ATTR_MMIO));
  }
  return cause;
}

xsw_cause World::sync(const xsw_dev &dev, u64 dma, size_t size, dma_data_direction dir,
                      bool for_cpu) {
  xsw_cause cause = XSW_CAUSE_UNSUPPORTED;
  const bool plain = unmap_is_plain(&env_, &dev, dma, dir);
  int ret = xsw_sync(&env_, &dev, dma, size, dir, for_cpu, &cause);
  EXPECT_TRUE(!plain || ret == 0) << ret;
  EXPECT_EQ(ret == -EINVAL, cause != XSW_CAUSE_NONE);
  if (ret >= 0) {
    EXPECT_EQ(ret == 1, in_pool(dev, dma));
  }
  return cause;
}

void World::write(u64 phys, std::span<const u8> bytes) {
  while (!bytes.empty()) {
    const Region *r = by_phys(phys);
    if (!r)
      throw std::out_of_range("write to no memory");
    size_t len = std::min<size_t>(bytes.size(), r->size - (phys - r->phys));
    std::copy_n(bytes.begin(), len, r->cpu + (phys - r->phys));
    bytes = bytes.subspan(len);
    phys += len;
  }
}

Bytes World::read(u64 phys, size_t size) const {
  Bytes bytes;
  bytes.reserve(size);
  while (bytes.size() < size) {
    const Region *r = by_phys(phys + bytes.size());
    if (!r)
      throw std::out_of_range("read of no memory");
    u64 off = phys + bytes.size() - r->phys;
    bytes.insert(bytes.end(), r->cpu + off,
                 r->cpu + off + std::min<u64>(r->size - off, size - bytes.size()));
  }
  return bytes;
}

void World::fill(u64 phys, size_t size, u64 seed) { write(phys, pattern(size, seed)); }

bool to_machine(const xsw_dev &dev, u64 dma, u64 *machine) {
  if (!dev.ranges) {
    *machine = dma;
    return true;
  }
  for (const auto &r : std::span(dev.ranges, dev.nr_ranges)) {
    if (dma >= r.dma && dma - r.dma < r.size) {
      *machine = r.machine + (dma - r.dma);
      return true;
    }
  }
  return false;
}

template <typename F>
void World::device_pieces(const xsw_dev &dev, u64 dma, size_t size, F f) const {
  while (size) {
    u64 machine;
    if (!to_machine(dev, dma, &machine))
      throw std::out_of_range("dma address outside the device's ranges");
    const Region *r = by_machine(machine);
    if (!r)
      throw std::out_of_range("dma to no memory");
    size_t len = std::min<size_t>(size, r->size - (machine - r->machine));
    f(r->device + (machine - r->machine), len);
    dma += len;
    size -= len;
  }
}

void World::device_write(const xsw_dev &dev, u64 dma, std::span<const u8> bytes) {
  device_pieces(dev, dma, bytes.size(), [&](u8 *at, size_t len) {
    std::copy_n(bytes.begin(), len, at);
    bytes = bytes.subspan(len);
  });
}

Bytes World::device_read(const xsw_dev &dev, u64 dma, size_t size) const {
  Bytes bytes;
  bytes.reserve(size);
  device_pieces(dev, dma, size,
                [&](u8 *at, size_t len) { bytes.insert(bytes.end(), at, at + len); });
  return bytes;
}

bool World::device_reaches(const xsw_dev &dev, u64 dma, size_t size) const {
  u64 limit = dev.bus_limit ? std::min(dev.dma_mask, dev.bus_limit) : dev.dma_mask;
  if (dma > limit || size - 1 > limit - dma)
    return false;
  try {
    device_pieces(dev, dma, size, [](u8 *, size_t) {});
  } catch (const std::out_of_range &) {
    return false;
  }
  return true;
}

Bytes World::pool_bytes() const {
  Bytes bytes;
  for (const auto &[machine, r] : machine_)
    if (r.pool)
      bytes.insert(bytes.end(), r.device, r.device + r.size);
  return bytes;
}

bool World::pool_holds(std::span<const u8> bytes) const {
  for (const auto &[machine, r] : machine_) {
    if (!r.pool)
      continue;
    if (bytes.size() < r.size || !std::equal(r.device, r.device + r.size, bytes.begin()))
      return false;
    bytes = bytes.subspan(r.size);
  }
  return bytes.empty();
}

void World::poison_pool(u8 value) {
  for (const auto &[machine, r] : machine_) {
    if (r.pool) {
      std::fill_n(r.cpu, r.size, value);
      std::fill_n(r.device, r.size, value);
    }
  }
}

bool World::in_pool(const xsw_dev &dev, u64 dma) const {
  u64 machine;
  if (!to_machine(dev, dma, &machine))
    return false;
  const Region *r = by_machine(machine);
  return r && r->pool;
}

} // namespace xsw
