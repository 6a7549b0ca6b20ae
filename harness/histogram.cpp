// SPDX-License-Identifier: GPL-2.0
#include "histogram.h"

#include <cmath>

namespace xsw {

uint64_t Histogram::lowest(unsigned index) {
  if (index < sub_buckets)
    return index;
  const unsigned shift = index / sub_buckets - 1;
  return (uint64_t{sub_buckets} + index % sub_buckets) << shift;
}

uint64_t Histogram::width(unsigned index) {
  return index < sub_buckets ? 1 : uint64_t{1} << (index / sub_buckets - 1);
}

void Histogram::merge(const Histogram &other) {
  for (unsigned i = 0; i < buckets; ++i)
    counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

uint64_t Histogram::percentile(double percent) const {
  if (!count_)
    return 0;
  const double exact = percent / 100.0 * static_cast<double>(count_);
  const auto rank = std::clamp<uint64_t>(static_cast<uint64_t>(std::ceil(exact)), 1, count_);
  uint64_t seen = 0;
  for (unsigned i = 0; i < buckets; ++i) {
    seen += counts_[i];
    if (seen >= rank)
      return std::clamp(lowest(i) + (width(i) - 1) / 2, min_, max_);
  }
  return max_;
}

} // namespace xsw
