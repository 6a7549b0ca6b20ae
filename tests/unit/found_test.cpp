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

} // namespace
