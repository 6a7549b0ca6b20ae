// SPDX-License-Identifier: GPL-2.0
#include "pattern.h"

#include <gtest/gtest.h>
#include <vector>

namespace xsw {
namespace {

TEST(Pattern, EveryLengthAndAlignmentVerifies) {
  std::vector<std::byte> memory(200);
  for (size_t offset = 0; offset < 16; ++offset)
    for (size_t len = 0; len < 80; ++len) {
      const std::span<std::byte> bytes(memory.data() + offset, len);
      pattern_fill(bytes, 42);
      ASSERT_FALSE(pattern_verify(bytes, 42)) << offset << " " << len;
    }
}

TEST(Pattern, FillStaysInItsRange) {
  std::vector<std::byte> memory(64, std::byte{0xee});
  pattern_fill(std::span(memory).subspan(10, 21), 1);
  for (size_t i = 0; i < memory.size(); ++i)
    EXPECT_TRUE((i >= 10 && i < 31) || memory[i] == std::byte{0xee}) << i;
}

TEST(Pattern, EveryWrongByteIsFoundWhereItIs) {
  std::vector<std::byte> memory(77);
  for (size_t at = 0; at < memory.size(); ++at)
    for (const unsigned flip : {0x01U, 0x80U, 0xffU}) {
      pattern_fill(memory, 99);
      memory[at] ^= std::byte{static_cast<uint8_t>(flip)};
      const auto bad = pattern_verify(memory, 99);
      ASSERT_TRUE(bad) << at;
      EXPECT_EQ(bad->offset, at);
      EXPECT_EQ(bad->expected, pattern_byte(99, at));
      EXPECT_EQ(bad->got, static_cast<uint8_t>(memory[at]));
    }
}

TEST(Pattern, AnotherSeedIsSeenInTheFirstBytes) {
  std::vector<std::byte> memory(64);
  unsigned late = 0;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    pattern_fill(memory, seed);
    const auto bad = pattern_verify(memory, seed + 1);
    ASSERT_TRUE(bad);
    late += bad->offset >= 2;
  }
  EXPECT_LT(late, 5U);
}

TEST(Pattern, DataThatSlippedIsSeen) {
  std::vector<std::byte> memory(300);
  for (size_t slip = 1; slip < 100; ++slip) {
    pattern_fill(memory, 5);
    const std::span<const std::byte> slipped(memory.data() + slip, 200);
    EXPECT_TRUE(pattern_verify(slipped, 5)) << slip;
  }
}

TEST(Pattern, GuardIsNoData) {
  std::vector<std::byte> memory(guard_bytes);
  guard_fill(memory, 3);
  EXPECT_FALSE(guard_verify(memory, 3));
  EXPECT_TRUE(pattern_verify(memory, 3));
  memory[guard_bytes - 1] ^= std::byte{1};
  EXPECT_TRUE(guard_verify(memory, 3));
}

TEST(Random, StaysBetweenAndReachesBothEnds) {
  Random random(1);
  bool low = false;
  bool high = false;
  for (int i = 0; i < 2000; ++i) {
    const uint64_t value = random.between(10, 17);
    ASSERT_GE(value, 10U);
    ASSERT_LE(value, 17U);
    low |= value == 10;
    high |= value == 17;
  }
  EXPECT_TRUE(low && high);
  EXPECT_EQ(random.between(5, 5), 5U);
}

TEST(Random, SameSeedSameNumbers) {
  Random one(derive_seed(11, 2));
  Random two(derive_seed(11, 2));
  Random other(derive_seed(11, 3));
  bool differs = false;
  for (int i = 0; i < 10; ++i) {
    const uint64_t value = one.next();
    EXPECT_EQ(value, two.next());
    differs |= value != other.next();
  }
  EXPECT_TRUE(differs);
}

} // namespace
} // namespace xsw
