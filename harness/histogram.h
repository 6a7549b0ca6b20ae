// SPDX-License-Identifier: GPL-2.0
// Log-linear histogram of times: one a thread, merged at the end.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace xsw {

class Histogram {
public:
  // 64 buckets for each power of two: a bucket is at most 1/64 of its value wide, and its
  // middle, which is what is reported, at most 1/128 off.
  static constexpr unsigned sub_bits = 6;
  static constexpr unsigned sub_buckets = 1U << sub_bits;
  static constexpr unsigned buckets = (64 - sub_bits + 1) * sub_buckets;

  Histogram() : counts_(buckets) {}

  void add(uint64_t value) {
    ++counts_[index(value)];
    ++count_;
    sum_ += value;
    min_ = std::min(min_, value);
    max_ = std::max(max_, value);
  }

  void merge(const Histogram &other);

  // The value that @percent of all values are not above; 0 when there are none.
  uint64_t percentile(double percent) const;

  uint64_t count() const { return count_; }
  uint64_t min() const { return count_ ? min_ : 0; }
  uint64_t max() const { return max_; }
  double mean() const {
    return count_ ? static_cast<double>(sum_) / static_cast<double>(count_) : 0;
  }

  static unsigned index(uint64_t value) {
    if (value < sub_buckets)
      return static_cast<unsigned>(value);
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 1 - sub_bits;
    return (shift + 1) * sub_buckets + static_cast<unsigned>((value >> shift) & (sub_buckets - 1));
  }
  // First value of a bucket, and how many values fall into it.
  static uint64_t lowest(unsigned index);
  static uint64_t width(unsigned index);

private:
  std::vector<uint64_t> counts_;
  uint64_t count_ = 0;
  uint64_t sum_ = 0;
  uint64_t min_ = UINT64_MAX;
  uint64_t max_ = 0;
};

} // namespace xsw
