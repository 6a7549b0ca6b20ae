// SPDX-License-Identifier: GPL-2.0
#include "world.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <sys/mman.h>

namespace xsw::bench {

void Unmap::operator()(u8 *p) const { munmap(p, bytes); }

Memory no_memory(size_t bytes) {
  constexpr size_t huge = 2 * MiB;
  bytes = (bytes + huge - 1) & ~(huge - 1);
  // Twice, so that an aligned part is in it; the rest is given back.
  void *p = mmap(nullptr, bytes + huge, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) {
    std::perror("bench: no memory for the pool");
    std::exit(4);
  }
  u8 *at = static_cast<u8 *>(p);
  const size_t skip = -reinterpret_cast<uintptr_t>(at) & (huge - 1);
  if (skip)
    munmap(at, skip);
  munmap(at + skip + bytes, huge - skip);
  return Memory{at + skip, Unmap{bytes}};
}

Memory huge_memory(size_t bytes) {
  Memory memory = no_memory(bytes);
  madvise(memory.get(), memory.get_deleter().bytes, MADV_HUGEPAGE);
  std::fill_n(memory.get(), memory.get_deleter().bytes, u8{1});
  return memory;
}

xsw_dev device(u64 min_align_mask) {
  xsw_dev dev{};
  dev.dma_mask = ~u64{0};
  dev.min_align_mask = min_align_mask;
  dev.seg_boundary = ~u64{0};
  dev.coherent = true;
  dev.force_bounce = true;
  return dev;
}

namespace {

thread_local size_t allocated;

bool count_allocation(size_t bytes) {
  allocated += bytes;
  return true;
}

} // namespace

World::World(unsigned int areas, Memory memory, size_t bytes)
    : memory_(std::move(memory)), ops_{}, env_{} {
  ops_.name = "bench";
  env_.ops = &ops_;
  const xsw_extent ext{memory_.get(), 0x1'0000'0000, 0x4000'0000, bytes};
  allocated = 0;
  xsw_seam.alloc = count_allocation;
  const int ret = xsw_pool_create(&ext, 1, areas, &env_.pool);
  if (ret) {
    std::fprintf(stderr, "bench: no pool: error %d\n", ret);
    std::exit(4);
  }
}

size_t World::metadata() const { return allocated; }

World::~World() {
  if (xsw_pool_destroy(env_.pool) || refused_) {
    std::fprintf(stderr, "bench: an unmap was refused, or a mapping leaked: no figure is valid\n");
    std::exit(4);
  }
}

xsw_pool_info World::info() const {
  xsw_pool_info info;
  xsw_pool_get_info(env_.pool, &info);
  return info;
}

size_t mix_size(std::mt19937_64 &rng) {
  const auto r = rng() % 10;
  return r < 2 ? 64 : r < 4 ? 512 : r < 7 ? 1500 : r < 9 ? 4 * KiB : kLargest;
}

Load::Load(World &world, const xsw_dev &dev, Size size, u64 seed)
    : world_(world), dev_(dev), kind_(size), rng_(seed), source_(huge_memory(2 * kLargest)) {
  live_.reserve(kPoolBytes / 64);
}

Load::~Load() {
  for (const Mapping &m : live_)
    world_.unmap(dev_, m, DMA_TO_DEVICE);
}

size_t Load::draw() {
  switch (kind_) {
  case Size::page:
    return 4 * KiB;
  case Size::tiny:
    return 64;
  default:
    return mix_size(rng_);
  }
}

bool Load::add() { return add(draw()); }

bool Load::add(size_t size) {
  const size_t offset = dev_.min_align_mask ? rng_() & dev_.min_align_mask : 0;
  Mapping m;
  if (!world_.map(dev_, source_.get() + offset, size, DMA_TO_DEVICE, m))
    return false;
  xsw_seam_run_work();
  live_.push_back(m);
  payload_ += size;
  return true;
}

void Load::drop_random() {
  const size_t i = rng_() % live_.size();
  std::swap(live_[i], live_.back());
  world_.unmap(dev_, live_.back(), DMA_TO_DEVICE);
  payload_ -= live_.back().size;
  live_.pop_back();
}

double Load::used() const {
  const xsw_pool_info info = world_.info();
  return 100.0 * static_cast<double>(info.used) / static_cast<double>(info.slots);
}

void Load::fill(double percent) {
  // A large one that does not fit leaves the rest to the small ones.
  for (int failed = 0; used() < percent && failed < 100;)
    failed = add() ? 0 : failed + 1;
}

size_t Load::churn(double percent) {
  const size_t size = draw();
  const double more = 100.0 * static_cast<double>(size) / kPoolBytes;
  while (!live_.empty() && used() + more > percent)
    drop_random();
  return add(size) ? 0 : size;
}

Ticks::Ticks() {
  constexpr size_t kSeldom = 20;
  const auto start = Clock::now();
  const u64 from = now();
  while (Clock::now() - start < std::chrono::milliseconds(20))
    ;
  const u64 to = now();
  ns_ = bench::ns(Clock::now() - start) / static_cast<double>(to - from);

  std::vector<double> empty(1001);
  for (double &e : empty) {
    const u64 t = now();
    e = ns(t, now());
  }
  // Its step: the least by which times differ that are not rare, but for a tick or two.
  std::sort(empty.begin(), empty.end());
  double last = 0;
  for (size_t i = 0; i + kSeldom < empty.size(); i++) {
    if (empty[i] != empty[i + kSeldom])
      continue;
    if (last > 0 && empty[i] - last > 1 && (step_ == 0 || empty[i] - last < step_))
      step_ = empty[i] - last;
    last = empty[i];
  }
  empty_ = within_step(empty, 50);
}

double percentile(std::span<double> values, double p) {
  if (values.empty())
    return 0;
  std::sort(values.begin(), values.end());
  const auto i = static_cast<size_t>(std::ceil(p / 100 * static_cast<double>(values.size())));
  return values[std::clamp<size_t>(i, 1, values.size()) - 1];
}

double Ticks::within_step(std::span<double> times, double p) const {
  std::sort(times.begin(), times.end());
  const double rank = p * static_cast<double>(times.size()) / 100;
  for (auto first = times.begin(); first != times.end();) {
    // A step is not always the same number of ticks.
    const auto next = std::upper_bound(first, times.end(), *first + step_ / 2);
    const auto below = static_cast<double>(first - times.begin());
    const auto n = static_cast<double>(next - first);
    if (rank <= below + n)
      return (*first + *(next - 1)) / 2 + step_ * ((rank - below) / n - 0.5);
    first = next;
  }
  return 0;
}

} // namespace xsw::bench
