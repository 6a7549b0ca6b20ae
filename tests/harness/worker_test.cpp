// SPDX-License-Identifier: GPL-2.0
#include "worker.h"

#include <gtest/gtest.h>

namespace xsw {
namespace {

TEST(Layout, SlotsWithTheirGuardsNeverMeet) {
  for (const uint64_t size : {1UL, 64UL, 3968UL, 4096UL, 5000UL, 65536UL, 3UL << 20})
    for (const uint64_t offset : {0UL, 1UL, 64UL, 4095UL}) {
      Job job;
      job.size = {1, size};
      job.offset = {0, offset};
      const Layout layout = Layout::of(job, 100);
      ASSERT_GE(layout.per_buffer * layout.buffers, 100U);
      ASSERT_EQ(layout.slot % 4096, 0U);
      for (size_t i = 0; i < layout.per_buffer; ++i) {
        ASSERT_EQ(layout.start(i) % 4096, 0U);
        ASSERT_GE(layout.start(i), guard_bytes);
        const size_t end = layout.start(i) + offset + size + guard_bytes;
        const size_t next =
            i + 1 < layout.per_buffer ? layout.start(i + 1) - guard_bytes : layout.buffer_bytes();
        ASSERT_LE(end, next) << size << " " << offset;
      }
    }
}

TEST(Offset, IsAMultipleInTheRange) {
  Job job;
  job.offset = {5, 100};
  job.offset_align = 8;
  Random random(1);
  bool low = false;
  bool high = false;
  for (int i = 0; i < 1000; ++i) {
    const uint64_t offset = pick_offset(job, random);
    ASSERT_EQ(offset % 8, 0U);
    ASSERT_GE(offset, 8U);
    ASSERT_LE(offset, 96U);
    low |= offset == 8;
    high |= offset == 96;
  }
  EXPECT_TRUE(low && high);
}

} // namespace
} // namespace xsw
