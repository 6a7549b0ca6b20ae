// SPDX-License-Identifier: GPL-2.0
// What the fuzzers have found in the core, each as the fewest steps that show it.
#include "world.hpp"

using namespace xsw;

namespace {

// The largest mapping was as long as a boundary allows, though none of that length lay between
// two of them in the little that the device reaches of the pool.
TEST(Found, LargestMappingFitsBetweenBoundaries) {
  for (u64 machine : {u64{0x4000'0000}, u64{0x4000'1400}, u64{0x4000'3000}}) {
    Config c;
    c.pool = {{0x1'0000'0000, machine, 0x4600}};
    World w(c);
    for (u64 boundary : {u64{0xfff}, u64{0x1fff}, u64{0x3fff}, u64{0x7fff}}) {
      xsw_dev dev = bouncing_device();
      dev.seg_boundary = boundary;
      size_t most = xsw_max_mapping_size(w.env(), &dev, true);
      EXPECT_GE(most, kPage);
      Mapped m = w.map(dev, w.ram(), most);
      ASSERT_EQ(m.ret, 0) << most << " bytes, boundary " << std::hex << boundary << ", pool at "
                          << machine;
      ASSERT_EQ(w.unmap(dev, m.dma, most), XSW_CAUSE_NONE);
    }
  }
}

// The rest of a hot run that was split kept the address that its record had been used for before,
// and an unmap of another mapping, which was there now, took it for that one and was refused.
TEST(Found, TheRestOfARunForgetsWhereItWas) {
  constexpr size_t kSlots = 46;
  Config c;
  c.pool = {{0x1'0000'0000, 0x4000'0000, kSlots * kSlot}};
  World w(c);
  const u64 pool = c.pool[0].machine;
  const xsw_dev dev = bouncing_device();
  const auto map_at = [&](size_t first, size_t slots) {
    // Less than a page, which would have to start at one.
    const Mapped m = w.map(dev, w.ram(), slots * kSlot - 1);
    EXPECT_EQ(m.ret, 0);
    EXPECT_EQ(m.dma, pool + first * kSlot);
  };
  const auto unmap_at = [&](size_t first, size_t slots) {
    EXPECT_EQ(w.unmap(dev, pool + first * kSlot, slots * kSlot - 1), XSW_CAUSE_NONE) << first;
  };

  // All is taken, and slot 8 is the first start in its page; then 6 to 13 are free and every other
  // of those behind, and a mapping that is too long has made all of it cold.
  map_at(0, 6);
  map_at(6, 2);
  map_at(8, 6);
  for (size_t i = 14; i < kSlots; i++)
    map_at(i, 1);
  unmap_at(6, 2);
  unmap_at(8, 6);
  for (size_t i = 14; i < kSlots; i += 2)
    unmap_at(i, 1);
  EXPECT_EQ(w.map(dev, w.ram(), kSlots * kSlot).cause, XSW_CAUSE_NO_SPACE);

  map_at(6, 8); // one hot run, of which parts are taken
  unmap_at(6, 8);
  map_at(6, 3); // 9 to 13 get the record that 8 had
  unmap_at(6, 3);
  map_at(6, 2);
  map_at(8, 1);
  unmap_at(8, 1);

  unmap_at(6, 2);
  unmap_at(0, 6);
  for (size_t i = 15; i < kSlots; i += 2)
    unmap_at(i, 1);
}

} // namespace
