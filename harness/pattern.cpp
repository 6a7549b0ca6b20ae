// SPDX-License-Identifier: GPL-2.0
#include "pattern.h"

#include <cstring>

namespace xsw {
namespace {

constexpr uint64_t step = 0x9e3779b97f4a7c15;

// Multiplying spreads a change upwards only: the shift brings it back down to the low bytes.
inline uint64_t word(uint64_t state) {
  const uint64_t mixed = (state ^ (state >> 29)) * 0xbf58476d1ce4e5b9;
  return mixed ^ (mixed >> 32);
}

Mismatch first_difference(const std::byte *at, uint64_t expected, size_t offset, size_t count) {
  uint8_t want[8];
  std::memcpy(want, &expected, sizeof(want));
  for (size_t i = 0; i < count; ++i)
    if (static_cast<uint8_t>(at[i]) != want[i])
      return {offset + i, want[i], static_cast<uint8_t>(at[i])};
  return {offset, want[0], static_cast<uint8_t>(at[0])};
}

} // namespace

uint8_t pattern_byte(uint64_t seed, size_t offset) {
  const uint64_t value = word(seed + (offset / 8) * step);
  uint8_t bytes[8];
  std::memcpy(bytes, &value, sizeof(bytes));
  return bytes[offset % 8];
}

void pattern_fill(std::span<std::byte> bytes, uint64_t seed) {
  std::byte *at = bytes.data();
  size_t left = bytes.size();
  uint64_t state = seed;
  for (; left >= 8; left -= 8, at += 8, state += step) {
    const uint64_t value = word(state);
    std::memcpy(at, &value, 8);
  }
  const uint64_t value = word(state);
  std::memcpy(at, &value, left);
}

std::optional<Mismatch> pattern_verify(std::span<const std::byte> bytes, uint64_t seed) {
  const std::byte *at = bytes.data();
  size_t left = bytes.size();
  uint64_t state = seed;
  for (; left >= 8; left -= 8, at += 8, state += step) {
    uint64_t got;
    std::memcpy(&got, at, 8);
    const uint64_t want = word(state);
    if (got != want)
      return first_difference(at, want, bytes.size() - left, 8);
  }
  const uint64_t want = word(state);
  if (left && std::memcmp(at, &want, left) != 0)
    return first_difference(at, want, bytes.size() - left, left);
  return std::nullopt;
}

std::optional<Mismatch> compare(std::span<const std::byte> expected,
                                std::span<const std::byte> got) {
  if (std::memcmp(expected.data(), got.data(), expected.size()) == 0)
    return std::nullopt;
  for (size_t i = 0; i < expected.size(); ++i)
    if (expected[i] != got[i])
      return Mismatch{i, static_cast<uint8_t>(expected[i]), static_cast<uint8_t>(got[i])};
  return std::nullopt;
}

// Another seed than the data's, so that data which slipped by a few bytes is seen.
void guard_fill(std::span<std::byte> bytes, uint64_t seed) { pattern_fill(bytes, ~seed); }

std::optional<Mismatch> guard_verify(std::span<const std::byte> bytes, uint64_t seed) {
  return pattern_verify(bytes, ~seed);
}

} // namespace xsw
