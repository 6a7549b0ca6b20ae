// SPDX-License-Identifier: GPL-2.0
// Bytes that can be told from a seed: filled before a transfer, compared after it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace xsw {

// A small fast generator (splitmix64): the same seed gives the same run everywhere.
class Random {
public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // Uniform in [0, limit), limit at most 2^32; limit 0 gives 0.
  uint64_t below(uint64_t limit) { return (next() >> 32) * limit >> 32; }
  // Uniform in [low, high].
  uint64_t between(uint64_t low, uint64_t high) { return low + below(high - low + 1); }
  // True once in @n.
  bool one_in(uint64_t n) { return below(n) == 0; }

private:
  uint64_t state_;
};

// A seed for part @index of what @seed governs.
inline uint64_t derive_seed(uint64_t seed, uint64_t index) {
  Random random(seed ^ (index * 0xd1342543de82ef95));
  return random.next();
}

struct Mismatch {
  size_t offset;
  uint8_t expected;
  uint8_t got;
};

// The pattern's byte at @offset of @seed.
uint8_t pattern_byte(uint64_t seed, size_t offset);
// Fills with the pattern's bytes 0, 1, ...
void pattern_fill(std::span<std::byte> bytes, uint64_t seed);
// First byte that is not the pattern's.
std::optional<Mismatch> pattern_verify(std::span<const std::byte> bytes, uint64_t seed);

// First byte of @got that is not @expected's; both are of one size.
std::optional<Mismatch> compare(std::span<const std::byte> expected,
                                std::span<const std::byte> got);

// Bytes on each side of a destination that a device must leave alone.
constexpr size_t guard_bytes = 64;
void guard_fill(std::span<std::byte> bytes, uint64_t seed);
std::optional<Mismatch> guard_verify(std::span<const std::byte> bytes, uint64_t seed);

} // namespace xsw
