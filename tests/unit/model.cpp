// SPDX-License-Identifier: GPL-2.0
#include "model.hpp"

#include <algorithm>
#include <bit>
#include <numeric>
#include <optional>
#include <sstream>

namespace xsw {

namespace {

// Nothing is that large, and no sum of a few of them wraps.
constexpr u64 kHuge = u64{1} << 48;
// An area has as many records of mappings as it has pages, and never less than this.
constexpr size_t kRecords = 512;

u64 pool_size(const Config &c) {
  return std::accumulate(c.pool.begin(), c.pool.end(), u64{0},
                         [](u64 sum, const Piece &p) { return sum + p.size; });
}

// 2^n - 1 that covers a mask
u64 low_mask(u64 mask) {
  int bits = static_cast<int>(std::bit_width(mask));
  return bits == 64 ? kNoMask : (u64{1} << bits) - 1;
}

u64 granule(const xsw_dev &dev) { return std::max(low_mask(dev.alloc_align_mask), kSlot - 1); }
u64 min_align(const xsw_dev &dev) { return low_mask(dev.min_align_mask); }
u64 boundary(const xsw_dev &dev) { return dev.seg_boundary ? low_mask(dev.seg_boundary) : kNoMask; }

u64 limit(const xsw_dev &dev) {
  return dev.bus_limit ? std::min(dev.dma_mask, dev.bus_limit) : dev.dma_mask;
}

// All of it in one range, within the mask.
std::optional<u64> direct_dma(const Device &d, u64 machine, u64 size) {
  u64 dma = machine;
  if (!d.ranges.empty()) {
    auto r = std::find_if(d.ranges.begin(), d.ranges.end(), [&](const xsw_dma_range &x) {
      return machine >= x.machine && machine - x.machine < x.size &&
             size <= x.size - (machine - x.machine);
    });
    if (r == d.ranges.end())
      return std::nullopt;
    dma = r->dma + (machine - r->machine);
  }
  if (dma == DMA_MAPPING_ERROR || dma + size - 1 < dma || dma + size - 1 > limit(d.dev))
    return std::nullopt;
  return dma;
}

bool crosses(const xsw_dev &dev, u64 dma, u64 size) {
  return (dma & ~boundary(dev)) != ((dma + size - 1) & ~boundary(dev));
}

std::string describe(const Device &d) {
  std::ostringstream text;
  text << std::hex << "device: mask " << d.dev.dma_mask << ", bus limit " << d.dev.bus_limit
       << ", min align " << d.dev.min_align_mask << ", alloc align " << d.dev.alloc_align_mask
       << ", boundary " << d.dev.seg_boundary;
  for (const xsw_dma_range &r : d.ranges)
    text << ", range " << r.machine << " + " << r.size << " at " << r.dma;
  return text.str();
}

bool reads_back(dma_data_direction dir) {
  return dir == DMA_FROM_DEVICE || dir == DMA_BIDIRECTIONAL;
}

bool operator==(const CacheOp &a, const CacheOp &b) {
  return a.foreign == b.foreign && a.address == b.address && a.size == b.size && a.dir == b.dir &&
         a.for_cpu == b.for_cpu;
}

} // namespace

Ledger::Ledger(const Config &config) : taken(pool_size(config) / kSlot), bytes(pool_size(config)) {}

Driver::Driver(World &w, const std::vector<Device> &devices, Ledger &ledger, Dice dice, u64 ram,
               u64 ram_size, bool alone)
    : w_(w), devices_(devices), ledger_(ledger), dice_(std::move(dice)), ram_(ram),
      bytes_(ram_size), alone_(alone) {
  u64 slot = 0;
  for (const Piece &p : w_.config().pool) {
    piece_slot_.push_back(slot);
    slot += p.size / kSlot;
  }
}

u64 Driver::done() const { return std::accumulate(counts.begin(), counts.end(), u64{0}); }

void Driver::run(u64 ops) {
  while (done() < ops && !::testing::Test::HasFailure()) {
    // From empty to full and back, at different paces.
    bool grow = done() / 512 % 2 == 0;
    switch (dice_(16)) {
    case 0 ... 5:
      grow || dice_(4) == 0 ? map() : unmap();
      break;
    case 6 ... 9:
      grow &&dice_(2) ? map() : unmap();
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
  unmap_all();
}

// ---- what must become of a map ----

bool Driver::is_memory(u64 phys) const {
  const Config &c = w_.config();
  return phys - c.ram_phys < c.ram_size ||
         std::any_of(c.pool.begin(), c.pool.end(),
                     [&](const Piece &p) { return phys - p.phys < p.size; });
}

Driver::Outcome Driver::expect(const Device &d, u64 phys, size_t size, dma_data_direction dir,
                               unsigned long attrs) const {
  const Config &c = w_.config();
  const xsw_dev &dev = d.dev;
  auto fails = [](xsw_cause cause) { return Outcome{.cause = cause}; };

  if (dir != DMA_BIDIRECTIONAL && dir != DMA_TO_DEVICE && dir != DMA_FROM_DEVICE)
    return fails(XSW_CAUSE_BAD_DIRECTION);
  if (!size)
    return fails(XSW_CAUSE_BAD_SIZE);
  if (phys + size - 1 < phys)
    return fails(XSW_CAUSE_BAD_ADDRESS);
  if (attrs & DMA_ATTR_MMIO) {
    if (is_memory(phys) || is_memory(phys + size - 1))
      return fails(XSW_CAUSE_BAD_ADDRESS);
    auto dma = direct_dma(d, phys, size);
    return dma ? Outcome{.reason = XSW_REASON_MMIO, .dma = *dma} : fails(XSW_CAUSE_MASK);
  }
  if ((attrs & DMA_ATTR_REQUIRE_COHERENT) && !dev.coherent)
    return fails(XSW_CAUSE_NEEDS_COHERENT);

  Outcome out{.machine = phys};
  bool straddles = false;
  if (c.p2m) {
    auto frame = [&](u64 page) {
      return page < c.ram_size / kPage ? c.p2m(page) : Frame{XSW_MACHINE_NONE};
    };
    u64 page = (phys - c.ram_phys) / kPage;
    Frame first = frame(page);
    for (u64 at = 0; at <= (phys % kPage + size - 1) / kPage; at++) {
      Frame f = frame(page + at);
      if (f.machine == XSW_MACHINE_NONE)
        return fails(XSW_CAUSE_BAD_ADDRESS);
      straddles |= f.machine != first.machine + at * kPage || f.foreign != first.foreign;
    }
    out.machine = first.machine + phys % kPage;
    out.foreign = first.foreign;
  }

  auto dma = direct_dma(d, out.machine, size);
  auto crosses = [&](u64 at) {
    return (at & ~boundary(dev)) != ((at + size - 1) & ~boundary(dev));
  };
  straddles |= dma && out.machine != phys && crosses(*dma) && !crosses(phys);
  if (!dma)
    out.reason = XSW_REASON_BOUNCE_MASK;
  else if (!dev.coherent && xsw_needs_cacheline_bounce(phys, size, dir))
    out.reason = XSW_REASON_BOUNCE_CACHELINE;
  else if (straddles)
    out.reason = XSW_REASON_BOUNCE_STRADDLE;
  else if (out.foreign && !c.flush_foreign && !dev.coherent)
    out.reason = XSW_REASON_BOUNCE_FOREIGN;
  else if (dev.force_bounce)
    out.reason = XSW_REASON_BOUNCE_FORCED;
  else {
    out.reason = out.foreign ? XSW_REASON_FOREIGN : XSW_REASON_DIRECT;
    out.dma = *dma;
    return out;
  }
  if (attrs & DMA_ATTR_REQUIRE_COHERENT)
    return fails(XSW_CAUSE_NEEDS_COHERENT);
  if (dev.no_bounce)
    return fails(XSW_CAUSE_NO_BOUNCE);
  if (c.pool.empty())
    return fails(out.reason == XSW_REASON_BOUNCE_MASK       ? XSW_CAUSE_MASK
                 : out.reason == XSW_REASON_BOUNCE_STRADDLE ? XSW_CAUSE_NOT_CONTIGUOUS
                                                            : XSW_CAUSE_NO_BOUNCE);
  out.bounced = true;
  return out;
}

// Where the device sees all of a slot of a piece, and through which range; kNoMask: nowhere.
u64 Driver::dma_of_slot(const Device &d, size_t piece, u64 slot, size_t *range) const {
  u64 machine = w_.config().pool[piece].machine + slot * kSlot;
  *range = 0;
  for (const xsw_dma_range &r : d.ranges) {
    if (machine >= r.machine && machine - r.machine + kSlot <= r.size) {
      // A range that shifts by part of a slot reaches no pool.
      if ((r.dma - r.machine) % kSlot)
        return kNoMask;
      machine = r.dma + (machine - r.machine);
      break;
    }
    ++*range;
  }
  if (!d.ranges.empty() && *range == d.ranges.size())
    return kNoMask;
  return machine + kSlot - 1 <= limit(d.dev) ? machine : kNoMask;
}

// Is there a place, by trying every one?
bool Driver::place(const Device &d, u64 phys, size_t size, bool empty, size_t *piece) const {
  const xsw_dev &dev = d.dev;
  u64 unit = granule(dev);
  u64 keep = min_align(dev);
  if (size > kHuge || unit > kHuge)
    return false;
  u64 off = phys & keep & unit;
  u64 slots = (off + size + unit) / (unit + 1) * ((unit + 1) / kSlot);
  bool page = size >= kPage && unit == kSlot - 1 && keep < kSlot;

  for (size_t p = 0; p < w_.config().pool.size(); p++) {
    u64 in_piece = w_.config().pool[p].size / kSlot;
    // Slots in a row, up to here, that are free and that the device sees in a row.
    u64 row = 0;
    size_t row_range = 0;
    for (u64 last = 0; last < in_piece; last++) {
      size_t range;
      u64 at = dma_of_slot(d, p, last, &range);
      if (at == kNoMask || (!empty && ledger_.taken[piece_slot_[p] + last])) {
        row = 0;
        continue;
      }
      row = row && range == row_range ? row + 1 : 1;
      row_range = range;
      if (row < slots)
        continue;
      at -= (slots - 1) * kSlot;
      u64 dma = at + off;
      if ((at & unit) == 0 && (dma & keep) == (phys & keep) && (!page || at % kPage == 0) &&
          !crosses(dev, dma, size)) {
        if (piece)
          *piece = p;
        return true;
      }
    }
  }
  return false;
}

// Why a map fails that has no place now.
xsw_cause Driver::why_not(const Device &d, u64 phys, size_t size) const {
  const auto &pool = w_.config().pool;
  if (place(d, phys, size, true))
    return XSW_CAUSE_NO_SPACE;
  if (std::none_of(pool.begin(), pool.end(), [&](const Piece &p) { return size <= p.size; }))
    return XSW_CAUSE_TOO_LARGE;
  for (size_t p = 0; p < pool.size(); p++) {
    u64 row = 0;
    size_t row_range = 0;
    for (u64 s = 0; s < pool[p].size / kSlot; s++) {
      size_t range;
      if (dma_of_slot(d, p, s, &range) == kNoMask) {
        row = 0;
        continue;
      }
      row = row && range == row_range ? row + 1 : 1;
      row_range = range;
      if (row * kSlot >= size)
        return XSW_CAUSE_MISALIGNED;
    }
  }
  return XSW_CAUSE_MASK;
}

// ---- mapping ----

const Device &Driver::any_device() { return devices_[dice_(devices_.size())]; }

void Driver::map() {
  const Device &d = any_device();
  size_t size = 1;
  switch (dice_(8)) {
  case 0 ... 3:
    size += dice_(std::min<u64>(2048, bytes_.size()));
    break;
  case 4 ... 6:
    size += dice_(std::min<u64>(12000, bytes_.size()));
    break;
  default:
    size += dice_(std::min<u64>(dice_(4) ? 200'000 : MiB, bytes_.size()));
  }
  u64 off = dice_(bytes_.size() - size + 1);
  auto dir = static_cast<dma_data_direction>(dice_(3));
  // New bytes, at least some: the rest is compared too.
  Bytes fresh = pattern(std::min<size_t>(size, 64), dice_(256));
  put(ram_ + off, fresh);
  w_.write(ram_ + off, fresh);
  do_map(d, ram_ + off, size, dir, dice_(4) ? 0 : DMA_ATTR_SKIP_CPU_SYNC);
}

void Driver::any_map() {
  static constexpr std::array<unsigned long, 4> kAttrs = {DMA_ATTR_SKIP_CPU_SYNC, DMA_ATTR_MMIO,
                                                          DMA_ATTR_REQUIRE_COHERENT, BIT(8)};
  const Device &d = any_device();
  u64 phys = 0;
  switch (dice_(4)) {
  case 0:
    phys = dice_(kNoMask);
    break;
  case 1:
    phys = ram_ + bytes_.size() - dice_(kPage);
    break;
  default:
    phys = ram_ + dice_(bytes_.size());
  }
  size_t size = 0;
  switch (dice_(4)) {
  case 0:
    size = dice_(kNoMask);
    break;
  case 1:
    size = kNoMask - dice_(kPage);
    break;
  default:
    size = dice_(2 * kPage);
  }
  auto dir = static_cast<dma_data_direction>(dice_(4));
  unsigned long attrs = 0;
  for (unsigned long attr : kAttrs)
    if (dice_(4) == 0)
      attrs |= attr;

  // That memory is there is the caller's promise wherever the environment does not know.
  Outcome want = expect(d, phys, size, dir, attrs);
  bool inside =
      phys >= ram_ && phys - ram_ < bytes_.size() && size <= bytes_.size() - (phys - ram_);
  bool touches = want.bounced ? place(d, phys, size, true) : want.cause == XSW_CAUSE_NONE;
  if (touches && !inside && want.reason != XSW_REASON_MMIO)
    return;
  do_map(d, phys, size, dir, attrs);
}

void Driver::do_map(const Device &d, u64 phys, size_t size, dma_data_direction dir,
                    unsigned long attrs) {
  Outcome want = expect(d, phys, size, dir, attrs);
  begin();
  Mapped got = w_.map(d.dev, phys, size, dir, attrs);
  if (want.bounced && got.ret) {
    counts[kFailedMaps]++;
    if (alone_) {
      size_t piece = 0;
      xsw_cause cause = why_not(d, phys, size);
      ASSERT_EQ(got.cause, cause) << xsw_cause_name(got.cause) << ", not " << xsw_cause_name(cause);
      bool has_place = place(d, phys, size, false, &piece);
      if (has_place && starved) {
        // Every record of that area is some mapping's. Work that is done makes others.
        ASSERT_GE(std::count_if(live_.begin(), live_.end(),
                                [&](auto &m) { return m.slots && m.piece == piece; }),
                  kRecords);
      } else {
        ASSERT_FALSE(has_place) << size << " bytes at " << std::hex << phys << ": "
                                << xsw_cause_name(got.cause);
      }
    }
    end();
    return;
  }
  if (!want.bounced) {
    ASSERT_EQ(got.cause, want.cause)
        << xsw_cause_name(got.cause) << ", not " << xsw_cause_name(want.cause);
  }
  if (got.ret) {
    counts[kRefusals]++;
    end();
    return;
  }
  ASSERT_EQ(got.reason, want.reason)
      << xsw_reason_name(got.reason) << ", not " << xsw_reason_name(want.reason);
  counts[kMaps]++;
  Mapping m{&d, phys, size, dir, got.dma};
  if (want.bounced) {
    took_place(m);
    if (::testing::Test::HasFailure())
      return;
    std::fill_n(bounce(m), m.slots * kSlot, u8{0});
    copy(m, 0, size, false);
    expect_pool_sync(d, m, -m.lead, m.slots * kSlot, DMA_BIDIRECTIONAL, false);
  } else {
    ASSERT_EQ(got.dma, want.dma);
    if (want.reason == XSW_REASON_MMIO) {
      end();
      return;
    }
    if (!(attrs & DMA_ATTR_SKIP_CPU_SYNC) && !d.dev.coherent) {
      if (!want.foreign)
        cache_ops_.push_back({false, phys, size, dir, false});
      else if (w_.config().flush_foreign)
        cache_ops_.push_back({true, want.machine, size, dir, false});
    }
  }
  end();
  live_.push_back(m);
  check(live_.back());
}

// The place that a bounced mapping was given is one that it may have.
void Driver::took_place(Mapping &m) {
  const xsw_dev &dev = m.device->dev;
  u64 unit = granule(dev);
  ASSERT_EQ(m.dma & min_align(dev), m.phys & min_align(dev));
  ASSERT_FALSE(crosses(dev, m.dma, m.size));
  ASSERT_LE(m.dma + m.size - 1, limit(dev));
  m.lead = m.phys & min_align(dev) & unit;
  u64 start = m.dma - m.lead;
  ASSERT_EQ(start & unit, 0U);
  if (m.size >= kPage && unit == kSlot - 1 && min_align(dev) < kSlot) {
    ASSERT_EQ(start % kPage, 0U);
  }
  u64 machine = 0;
  ASSERT_TRUE(to_machine(dev, start, &machine));
  u64 slot = 0;
  ASSERT_TRUE(pool_slot(machine, &m.piece, &slot));
  m.slots = ((m.dma + m.size - 1) | unit) / kSlot - start / kSlot + 1;
  ASSERT_LE(slot + m.slots, w_.config().pool[m.piece].size / kSlot);
  m.first = piece_slot_[m.piece] + slot;
  for (u64 s = m.first; s < m.first + m.slots; s++)
    ASSERT_FALSE(ledger_.taken[s].exchange(true)) << "slot " << s << " is another's";
  used_ += m.slots;
  most_ = std::max(most_, used_);
}

bool Driver::pool_slot(u64 machine, size_t *piece, u64 *slot) const {
  const auto &pool = w_.config().pool;
  auto p = std::find_if(pool.begin(), pool.end(),
                        [&](const Piece &x) { return machine - x.machine < x.size; });
  if (p == pool.end())
    return false;
  *piece = static_cast<size_t>(p - pool.begin());
  *slot = (machine - p->machine) / kSlot;
  return true;
}

Driver::Mapping *Driver::pick() { return live_.empty() ? nullptr : &live_[dice_(live_.size())]; }

// ---- bytes ----

// All slots of the mapping as the device must see them; mapped directly, the memory itself.
void Driver::check(const Mapping &m) {
  const xsw_dev &dev = m.device->dev;
  if (m.slots) {
    auto *at = bounce(m);
    ASSERT_EQ(w_.device_read(dev, m.dma - m.lead, m.slots * kSlot),
              Bytes(at, at + m.slots * kSlot));
  } else {
    auto *at = &bytes_[m.phys - ram_];
    ASSERT_EQ(w_.device_read(dev, m.dma, m.size), Bytes(at, at + m.size));
  }
}

void Driver::put(u64 phys, std::span<const u8> bytes) {
  std::copy(bytes.begin(), bytes.end(), bytes_.begin() + static_cast<long>(phys - ram_));
}

// A part of the mapping, for the CPU or the device.
void Driver::copy(const Mapping &m, size_t off, size_t len, bool for_cpu) {
  u8 *there = bounce(m) + m.lead + off;
  u8 *here = &bytes_[m.phys - ram_] + off;
  if (for_cpu)
    std::copy_n(there, len, here);
  else
    std::copy_n(here, len, there);
}

void Driver::check_ram(u64 phys, size_t size) {
  auto at = bytes_.begin() + static_cast<long>(phys - ram_);
  ASSERT_EQ(w_.read(phys, size), Bytes(at, at + static_cast<long>(size)));
}

void Driver::check_all() {
  check_ram(ram_, bytes_.size());
  ASSERT_TRUE(w_.pool_holds(ledger_.bytes)) << "bytes of the pool changed that nobody meant";
  if (w_.pool()) {
    ASSERT_EQ(w_.info().used, used_);
    ASSERT_EQ(w_.info().hiwater, most_);
  }
  ASSERT_EQ(xsw_seam_unsafe_locks, 0U) << "a lock was taken with interrupts on";
  ASSERT_EQ(xsw_seam_irqs_off, 0) << "interrupts were left off";
}

// ---- caches ----

void Driver::begin() {
  cache_ops_.clear();
  if (alone_)
    w_.cache_ops.clear();
}

void Driver::end() {
  if (!alone_)
    return;
  ASSERT_EQ(w_.cache_ops.size(), cache_ops_.size());
  for (size_t i = 0; i < cache_ops_.size(); i++)
    ASSERT_TRUE(w_.cache_ops[i] == cache_ops_[i])
        << std::hex << w_.cache_ops[i].address << " + " << w_.cache_ops[i].size << ", not "
        << cache_ops_[i].address << " + " << cache_ops_[i].size;
  if (w_.pool()) {
    ASSERT_EQ(w_.info().used, used_);
    ASSERT_EQ(w_.info().hiwater, most_);
  }
}

// Of a direct mapping only the machine address is known: without m2p, none is local.
void Driver::expect_direct_sync(const Device &d, const Mapping &m, size_t off, size_t len,
                                dma_data_direction dir, bool for_cpu) {
  const Config &c = w_.config();
  if (d.dev.coherent || (for_cpu && dir == DMA_TO_DEVICE))
    return;
  u64 page = (m.phys - c.ram_phys) / kPage;
  Frame first = c.p2m ? c.p2m(page) : Frame{};
  if (!c.p2m || (c.m2p && !first.foreign))
    cache_ops_.push_back({false, m.phys + off, len, dir, for_cpu});
  else if (c.flush_foreign)
    cache_ops_.push_back({true, first.machine + m.phys % kPage + off, len, dir, for_cpu});
}

void Driver::expect_pool_sync(const Device &d, const Mapping &m, size_t off, size_t len,
                              dma_data_direction dir, bool for_cpu) {
  if (d.dev.coherent || (for_cpu && !reads_back(dir)))
    return;
  u64 at = w_.config().pool[m.piece].phys + (m.first - piece_slot_[m.piece]) * kSlot + m.lead;
  cache_ops_.push_back({false, at + off, len, dir, for_cpu});
}

// ---- unmap, sync ----

void Driver::unmap() {
  if (live_.empty())
    return;
  // The latest, the oldest, or any.
  size_t i = dice_(2) ? live_.size() - 1 : dice_(live_.size());
  std::swap(live_[i], live_.back());
  Mapping m = live_.back();
  live_.pop_back();
  const xsw_dev &dev = m.device->dev;
  check(m);
  bool skip = dice_(4) == 0;
  begin();
  if (m.slots) {
    if (!skip && reads_back(m.dir)) {
      copy(m, 0, m.size, true);
      expect_pool_sync(*m.device, m, 0, m.size, m.dir, true);
    }
    for (u64 s = m.first; s < m.first + m.slots; s++)
      ledger_.taken[s] = false;
    used_ -= m.slots;
  } else if (!skip) {
    expect_direct_sync(*m.device, m, 0, m.size, m.dir, true);
  }
  counts[kUnmaps]++;
  ASSERT_EQ(w_.unmap(dev, m.dma, m.size, m.dir, skip ? DMA_ATTR_SKIP_CPU_SYNC : 0), XSW_CAUSE_NONE);
  end();
  check_ram(m.phys, m.size);
  if (alone_ && m.slots) {
    ASSERT_EQ(w_.unmap(dev, m.dma, m.size, m.dir), XSW_CAUSE_NOT_MAPPED);
  }
}

void Driver::unmap_all() {
  while (!live_.empty() && !::testing::Test::HasFailure())
    unmap();
}

void Driver::sync() {
  Mapping *m = pick();
  if (!m)
    return;
  size_t off = dice_(m->size);
  size_t len = dice_(m->size - off + 1);
  bool for_cpu = dice_(2);
  if (!for_cpu) {
    Bytes fresh = pattern(std::min<size_t>(len, 300), dice_(256));
    put(m->phys + off, fresh);
    w_.write(m->phys + off, fresh);
  }
  begin();
  if (!m->slots) {
    expect_direct_sync(*m->device, *m, off, len, m->dir, for_cpu);
  } else {
    if (for_cpu ? reads_back(m->dir) : m->dir != DMA_FROM_DEVICE)
      copy(*m, off, len, for_cpu);
    expect_pool_sync(*m->device, *m, off, len, m->dir, for_cpu);
  }
  ASSERT_EQ(w_.sync(m->device->dev, m->dma + off, len, m->dir, for_cpu), XSW_CAUSE_NONE);
  end();
  counts[kSyncs]++;
  if (for_cpu)
    check_ram(m->phys, m->size);
  else
    check(*m);
}

void Driver::device_writes() {
  Mapping *m = pick();
  if (!m)
    return;
  size_t off = dice_(m->size);
  Bytes fresh = pattern(1 + dice_(std::min<size_t>(m->size - off, 500)), dice_(256));
  if (m->slots)
    std::copy(fresh.begin(), fresh.end(), bounce(*m) + m->lead + off);
  else
    put(m->phys + off, fresh);
  w_.device_write(m->device->dev, m->dma + off, fresh);
  counts[kWrites]++;
}

void Driver::misuse() {
  Mapping *m = pick();
  // Only the pool's can be checked.
  if (!m || !m->slots)
    return;
  const xsw_dev &dev = m->device->dev;
  counts[kRefusals]++;
  begin();
  switch (dice_(5)) {
  case 0:
    ASSERT_EQ(w_.unmap(dev, m->dma, m->size + 1 + dice_(5000), m->dir), XSW_CAUSE_SIZE_MISMATCH);
    break;
  case 1:
    ASSERT_EQ(w_.unmap(dev, m->dma, m->size - 1 - dice_(m->size), m->dir), XSW_CAUSE_SIZE_MISMATCH);
    break;
  case 2:
    if (m->size > 1) {
      u64 off = 1 + dice_(m->size - 1);
      ASSERT_EQ(w_.unmap(dev, m->dma + off, m->size - off, m->dir), XSW_CAUSE_NOT_MAPPED);
    }
    break;
  case 3: {
    u64 off = dice_(m->size);
    ASSERT_EQ(w_.sync(dev, m->dma + off, m->size - off + 1 + dice_(5000), m->dir, dice_(2)),
              XSW_CAUSE_OUT_OF_RANGE);
    break;
  }
  default:
    if (m->lead) {
      ASSERT_NE(w_.sync(dev, m->dma - 1, 2, m->dir, dice_(2)), XSW_CAUSE_NONE);
    }
  }
  end();
  check(*m);
  check_ram(m->phys, m->size);
}

// Around a mapping, in the pool, or anywhere.
u64 Driver::any_dma(const Device &d) {
  const auto &pool = w_.config().pool;
  u64 kind = dice_(4);
  if (kind < 2 && !live_.empty()) {
    const Mapping &m = *pick();
    return m.dma + dice_(m.size + 2 * kSlot) - kSlot;
  }
  if (kind == 3 || pool.empty())
    return dice_(kNoMask);
  const Piece &p = pool[dice_(pool.size())];
  u64 machine = p.machine + dice_(p.size);
  for (const xsw_dma_range &r : d.ranges)
    if (machine - r.machine < r.size)
      return r.dma + (machine - r.machine);
  return machine;
}

void Driver::any_unmap() {
  const Device &d = any_device();
  u64 dma = any_dma(d);
  size_t size = dice_(4) ? dice_(2 * kPage) : dice_(kNoMask);
  auto dir = static_cast<dma_data_direction>(dice_(4));
  unsigned long attrs = dice_(8) ? 0 : DMA_ATTR_MMIO;
  u64 machine = 0;
  size_t piece = 0;
  u64 slot = 0;
  xsw_cause want = XSW_CAUSE_NONE;
  if (dir > DMA_FROM_DEVICE) {
    want = XSW_CAUSE_BAD_DIRECTION;
  } else if (!(attrs & DMA_ATTR_MMIO)) {
    want = XSW_CAUSE_NOT_MAPPED;
    if (to_machine(d.dev, dma, &machine)) {
      if (pool_slot(machine, &piece, &slot)) {
        for (const Mapping &m : live_) {
          u64 start = 0;
          if (!m.slots || !to_machine(m.device->dev, m.dma, &start) || start != machine)
            continue;
          if (m.size == size)
            return; // right, and not what this is about
          want = XSW_CAUSE_SIZE_MISMATCH;
        }
      } else if (d.dev.coherent) {
        want = XSW_CAUSE_NONE; // the end of a direct mapping, for all that can be known
      } else {
        return;
      }
    }
  }
  begin();
  counts[kRefusals]++;
  ASSERT_EQ(w_.unmap(d.dev, dma, size, dir, attrs), want);
  end();
}

void Driver::any_sync() {
  const Device &d = any_device();
  u64 dma = any_dma(d);
  size_t size = dice_(4) ? dice_(2 * kPage) : dice_(kNoMask);
  auto dir = static_cast<dma_data_direction>(dice_(4));
  bool for_cpu = dice_(2);
  u64 machine = 0;
  size_t piece = 0;
  u64 slot = 0;
  bool refused = true;
  begin();
  if (dir <= DMA_FROM_DEVICE && to_machine(d.dev, dma, &machine)) {
    if (!pool_slot(machine, &piece, &slot)) {
      if (!d.dev.coherent)
        return;
      refused = false;
    } else {
      slot += piece_slot_[piece];
      for (const Mapping &m : live_) {
        if (slot < m.first || slot >= m.first + m.slots)
          continue;
        u64 at = machine - w_.config().pool[piece].machine;
        u64 start = (m.first - piece_slot_[piece]) * kSlot + m.lead;
        if (at < start || at - start > m.size || size > m.size - (at - start))
          break;
        refused = false;
        if (for_cpu ? reads_back(dir) : dir != DMA_FROM_DEVICE)
          copy(m, at - start, size, for_cpu);
        expect_pool_sync(d, m, at - start, size, dir, for_cpu);
        break;
      }
    }
  }
  counts[refused ? kRefusals : kSyncs]++;
  ASSERT_EQ(w_.sync(d.dev, dma, size, dir, for_cpu) != XSW_CAUSE_NONE, refused);
  end();
}

void Driver::limits() {
  const Device &d = any_device();
  u64 low = dice_(64 * KiB);
  size_t most = xsw_max_mapping_size(w_.env(), &d.dev, true);
  if (!w_.pool() || d.dev.no_bounce) {
    ASSERT_EQ(most, SIZE_MAX);
  } else if (most) {
    ASSERT_TRUE(place(d, ram_ + low, most, true))
        << most << " bytes at " << std::hex << ram_ + low << " have no place; " << describe(d);
  }
  bool all = true;
  size_t range = 0;
  for (size_t p = 0; p < w_.config().pool.size(); p++)
    for (u64 s = 0; s < w_.config().pool[p].size / kSlot; s++)
      all = all && dma_of_slot(d, p, s, &range) != kNoMask;
  ASSERT_EQ(xsw_pool_reachable(w_.env(), &d.dev), all);
}

void Driver::reset_hiwater() {
  if (!w_.pool())
    return;
  xsw_pool_reset_hiwater(w_.pool());
  most_ = used_;
}

} // namespace xsw
