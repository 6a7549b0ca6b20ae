// SPDX-License-Identifier: GPL-2.0
// The core against a trivial model of it, at random: which slots are taken is a vector of bool,
// what the device and the CPU must see is kept byte by byte. XSW_SEED=N repeats a run; XSW_OPS=N
// makes it longer or shorter.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <numeric>
#include <thread>

#include "world.hpp"

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

struct Device {
  xsw_dev dev;
  std::vector<xsw_dma_range> ranges;
};

// What devices there are: each demands something else of its places.
std::vector<Device> devices(u64 machine, u64 size) {
  std::vector<Device> all(8, {bouncing_device(), {}});
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
  all[7].dev.coherent = false;
  for (Device &d : all) {
    if (!d.ranges.empty()) {
      d.dev.ranges = d.ranges.data();
      d.dev.nr_ranges = static_cast<unsigned int>(d.ranges.size());
    }
  }
  return all;
}

struct Mapping {
  const Device *device;
  u64 phys;
  size_t size;
  dma_data_direction dir;
  u64 dma;
  u64 first, slots; // of the pool
  Bytes bounce;     // what the device must see
};

// One driver with its own part of memory. Several run side by side against one pool.
class Driver {
public:
  Driver(World &w, const std::vector<Device> &devices, std::vector<std::atomic<bool>> &taken,
         u64 seed, u64 ram, u64 ram_size, bool alone)
      : w_(w), devices_(devices), taken_(taken), rng_(seed), ram_(ram), bytes_(ram_size),
        alone_(alone) {}

  void run(u64 ops) {
    while (done() < ops && !::testing::Test::HasFailure()) {
      // From empty to full and back, at different paces.
      bool grow = done() / 512 % 2 == 0;
      switch (rng_() % 16) {
      case 0 ... 5:
        grow || rng_() % 4 == 0 ? map() : unmap();
        break;
      case 6 ... 9:
        grow &&rng_() % 2 ? map() : unmap();
        break;
      case 10 ... 12:
        sync();
        break;
      case 13 ... 14:
        device_writes();
        break;
      default:
        misuse();
      }
    }
    while (!live_.empty() && !::testing::Test::HasFailure())
      unmap();
  }

  enum { kMaps, kFailedMaps, kUnmaps, kSyncs, kWrites, kRefusals, kCounts };
  std::array<u64, kCounts> counts{};

private:
  u64 done() const { return std::accumulate(counts.begin(), counts.end(), u64{0}); }

  u64 slot_of(const Device &d, u64 dma) const {
    u64 machine = 0;
    EXPECT_TRUE(to_machine(d.dev, dma, &machine));
    return (machine - w_.config().pool[0].machine) / kSlot;
  }

  static u64 unit(const xsw_dev &dev) { return std::max(dev.alloc_align_mask, kSlot - 1); }

  // Is there a place, by trying every one?
  bool place(const Device &d, u64 phys, size_t size) const {
    const Piece &pool = w_.config().pool[0];
    const xsw_dev &dev = d.dev;
    u64 off = phys & dev.min_align_mask & unit(dev);
    u64 slots = (off + size + unit(dev)) / (unit(dev) + 1) * ((unit(dev) + 1) / kSlot);
    bool page = size >= kPage && unit(dev) == kSlot - 1 && dev.min_align_mask < kSlot;
    for (u64 s = 0; s + slots <= pool.size / kSlot; s++) {
      bool free = true;
      for (u64 i = s; i < s + slots && free; i++)
        free = !taken_[i];
      if (!free)
        continue;
      u64 machine = pool.machine + s * kSlot;
      u64 at = machine;
      u64 end = slots * kSlot - 1;
      if (!d.ranges.empty()) {
        auto r = std::find_if(d.ranges.begin(), d.ranges.end(), [&](auto &x) {
          return machine >= x.machine && machine - x.machine + end < x.size;
        });
        if (r == d.ranges.end())
          continue;
        at = r->dma + (machine - r->machine);
      }
      u64 dma = at + off;
      if ((at & unit(dev)) == 0 && (dma & dev.min_align_mask) == (phys & dev.min_align_mask) &&
          (!page || at % kPage == 0) && at + end <= dev.dma_mask &&
          (dma & ~dev.seg_boundary) == ((dma + size - 1) & ~dev.seg_boundary))
        return true;
    }
    return false;
  }

  void map() {
    const Device &d = devices_[rng_() % devices_.size()];
    size_t size = 1;
    switch (rng_() % 8) {
    case 0 ... 3:
      size += rng_() % 2048;
      break;
    case 4 ... 6:
      size += rng_() % 12000;
      break;
    default:
      size += rng_() % std::min<u64>(200000, bytes_.size());
    }
    u64 off = rng_() % (bytes_.size() - size + 1);
    Mapping m{&d, ram_ + off, size, static_cast<dma_data_direction>(rng_() % 3), 0, 0, 0, {}};
    // New bytes, at least some: the rest is compared too.
    Bytes fresh = pattern(std::min<size_t>(size, 64), rng_());
    put(m.phys, fresh);
    w_.write(m.phys, fresh);
    Mapped got = w_.map(d.dev, m.phys, size, m.dir, rng_() % 4 ? 0 : DMA_ATTR_SKIP_CPU_SYNC);
    if (got.ret) {
      counts[kFailedMaps]++;
      if (alone_) {
        ASSERT_FALSE(place(d, m.phys, size))
            << size << " bytes at " << std::hex << m.phys << ": " << xsw_cause_name(got.cause);
      }
      return;
    }
    counts[kMaps]++;
    m.dma = got.dma;
    const xsw_dev &dev = d.dev;
    ASSERT_EQ(m.dma & dev.min_align_mask, m.phys & dev.min_align_mask);
    ASSERT_EQ(m.dma & ~dev.seg_boundary, (m.dma + size - 1) & ~dev.seg_boundary);
    ASSERT_LE(m.dma + size - 1, dev.dma_mask);
    u64 start = m.dma - (m.phys & dev.min_align_mask & unit(dev));
    ASSERT_EQ(start & unit(dev), 0U);
    m.first = slot_of(d, start);
    m.slots = ((m.dma + size - 1) | unit(dev)) / kSlot - start / kSlot + 1;
    for (u64 s = m.first; s < m.first + m.slots; s++)
      ASSERT_FALSE(taken_.at(s).exchange(true)) << "slot " << s << " is another's";
    m.bounce.assign(m.slots * kSlot, 0);
    auto orig = bytes_.begin() + static_cast<long>(off);
    std::copy(orig, orig + static_cast<long>(size),
              m.bounce.begin() + static_cast<long>(m.dma - start));
    used_ += m.slots;
    if (alone_) {
      most_ = std::max(most_, used_);
      ASSERT_EQ(w_.info().used, used_);
      ASSERT_EQ(w_.info().hiwater, most_);
    }
    live_.push_back(std::move(m));
    check(live_.back());
  }

  Mapping *pick() { return live_.empty() ? nullptr : &live_[rng_() % live_.size()]; }

  u64 lead(const Mapping &m) const {
    return m.phys & m.device->dev.min_align_mask & unit(m.device->dev);
  }

  // All slots of the mapping as the device must see them.
  void check(const Mapping &m) {
    ASSERT_EQ(w_.device_read(m.device->dev, m.dma - lead(m), m.bounce.size()), m.bounce);
  }

  void put(u64 phys, std::span<const u8> bytes) {
    std::copy(bytes.begin(), bytes.end(), bytes_.begin() + static_cast<long>(phys - ram_));
  }

  // A part of the mapping, for the CPU or the device.
  void copy(Mapping &m, size_t off, size_t len, bool for_cpu) {
    auto bounce = m.bounce.begin() + static_cast<long>(lead(m) + off);
    auto ram = bytes_.begin() + static_cast<long>(m.phys - ram_ + off);
    if (for_cpu)
      std::copy_n(bounce, len, ram);
    else
      std::copy_n(ram, len, bounce);
  }

  void check_ram(u64 phys, size_t size) {
    auto at = bytes_.begin() + static_cast<long>(phys - ram_);
    ASSERT_EQ(w_.read(phys, size), Bytes(at, at + static_cast<long>(size)));
  }

  void unmap() {
    if (live_.empty())
      return;
    // The latest, the oldest, or any.
    size_t i = rng_() % 2 ? live_.size() - 1 : rng_() % live_.size();
    std::swap(live_[i], live_.back());
    Mapping m = std::move(live_.back());
    live_.pop_back();
    check(m);
    bool skip = rng_() % 4 == 0;
    if (!skip && m.dir != DMA_TO_DEVICE)
      copy(m, 0, m.size, true);
    for (u64 s = m.first; s < m.first + m.slots; s++)
      taken_[s] = false;
    used_ -= m.slots;
    counts[kUnmaps]++;
    ASSERT_EQ(w_.unmap(m.device->dev, m.dma, m.size, m.dir, skip ? DMA_ATTR_SKIP_CPU_SYNC : 0),
              XSW_CAUSE_NONE);
    check_ram(m.phys, m.size);
    if (alone_) {
      ASSERT_EQ(w_.info().used, used_);
      ASSERT_EQ(w_.unmap(m.device->dev, m.dma, m.size, m.dir), XSW_CAUSE_NOT_MAPPED);
    }
  }

  void sync() {
    Mapping *m = pick();
    if (!m)
      return;
    size_t off = rng_() % m->size;
    size_t len = rng_() % (m->size - off + 1);
    bool for_cpu = rng_() % 2;
    if (!for_cpu) {
      Bytes fresh = pattern(std::min<size_t>(len, 300), rng_());
      put(m->phys + off, fresh);
      w_.write(m->phys + off, fresh);
    }
    if (for_cpu ? m->dir != DMA_TO_DEVICE : m->dir != DMA_FROM_DEVICE)
      copy(*m, off, len, for_cpu);
    ASSERT_EQ(w_.sync(m->device->dev, m->dma + off, len, m->dir, for_cpu), XSW_CAUSE_NONE);
    counts[kSyncs]++;
    if (for_cpu)
      check_ram(m->phys, m->size);
    else
      check(*m);
  }

  void device_writes() {
    Mapping *m = pick();
    if (!m)
      return;
    size_t off = rng_() % m->size;
    Bytes fresh = pattern(1 + rng_() % std::min<size_t>(m->size - off, 500), rng_());
    std::copy(fresh.begin(), fresh.end(), m->bounce.begin() + static_cast<long>(lead(*m) + off));
    w_.device_write(m->device->dev, m->dma + off, fresh);
    counts[kWrites]++;
  }

  // What no driver may do. Refused, and nothing changes.
  void misuse() {
    Mapping *m = pick();
    if (!m)
      return;
    const xsw_dev &dev = m->device->dev;
    counts[kRefusals]++;
    switch (rng_() % 5) {
    case 0:
      ASSERT_EQ(w_.unmap(dev, m->dma, m->size + 1 + rng_() % 5000, m->dir),
                XSW_CAUSE_SIZE_MISMATCH);
      break;
    case 1:
      ASSERT_EQ(w_.unmap(dev, m->dma, m->size - 1 - rng_() % m->size, m->dir),
                XSW_CAUSE_SIZE_MISMATCH);
      break;
    case 2:
      if (m->size > 1) {
        u64 off = 1 + rng_() % (m->size - 1);
        ASSERT_EQ(w_.unmap(dev, m->dma + off, m->size - off, m->dir), XSW_CAUSE_NOT_MAPPED);
      }
      break;
    case 3: {
      u64 off = rng_() % m->size;
      ASSERT_EQ(w_.sync(dev, m->dma + off, m->size - off + 1 + rng_() % 5000, m->dir, rng_() % 2),
                XSW_CAUSE_OUT_OF_RANGE);
      break;
    }
    default:
      if (lead(*m)) {
        ASSERT_NE(w_.sync(dev, m->dma - 1, 2, m->dir, rng_() % 2), XSW_CAUSE_NONE);
      }
    }
    check(*m);
    check_ram(m->phys, m->size);
  }

  World &w_;
  const std::vector<Device> &devices_;
  std::vector<std::atomic<bool>> &taken_;
  std::mt19937_64 rng_;
  u64 ram_;
  Bytes bytes_; // of memory, as the CPU must see them
  bool alone_;
  u64 used_ = 0;
  u64 most_ = 0;
  std::vector<Mapping> live_;
};

TEST(Model, OneDriver) {
  constexpr const char *kNames[] = {"maps",  "failed maps",   "unmaps",
                                    "syncs", "device writes", "refusals"};
  constexpr u64 kOps = 1'000'000;
  for (u64 half = 0; half < 2; half++) {
    Config c;
    c.pool = {{0x1'0000'1000, 0x4000'0800, 1001 * kSlot}};
    c.ram_size = 256 * KiB;
    c.scattered = half == 1;
    World w(c);
    // Nobody has written there yet, and the model says zeroes.
    std::vector<std::atomic<bool>> taken(1001);
    std::vector<Device> devs = devices(c.pool[0].machine, c.pool[0].size);
    Driver driver(w, devs, taken, seed() + half, w.ram(), w.ram_size(), true);
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
  std::vector<std::atomic<bool>> taken(c.pool[0].size / kSlot);
  std::vector<Device> devs = devices(c.pool[0].machine, c.pool[0].size);
  devs.pop_back(); // the World's list of cache operations grows and grows
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; t++) {
    threads.emplace_back([&, t] {
      OnCpu cpu(t);
      Driver driver(w, devs, taken, seed() * 31 + static_cast<u64>(t),
                    w.ram() + static_cast<u64>(t) * 256 * KiB, 256 * KiB, false);
      driver.run(operations(200'000) / kThreads);
    });
  }
  for (auto &t : threads)
    t.join();
  EXPECT_EQ(w.info().used, 0U);
  EXPECT_EQ(std::count(taken.begin(), taken.end(), true), 0);
}

} // namespace
