// SPDX-License-Identifier: GPL-2.0
#include "histogram.h"
#include "pattern.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

namespace xsw {
namespace {

TEST(Histogram, BucketsTileTheNumbers) {
  uint64_t next = 0;
  for (unsigned i = 0; i + 1 < Histogram::buckets; ++i) {
    ASSERT_EQ(Histogram::lowest(i), next) << i;
    next += Histogram::width(i);
    ASSERT_EQ(Histogram::index(Histogram::lowest(i)), i);
    ASSERT_EQ(Histogram::index(next - 1), i);
  }
  EXPECT_EQ(Histogram::index(UINT64_MAX), Histogram::buckets - 1);
}

TEST(Histogram, BucketsAreNoWiderThanOne64th) {
  for (unsigned i = 0; i < Histogram::buckets; ++i)
    ASSERT_LE(static_cast<double>(Histogram::width(i)),
              std::max(1.0, static_cast<double>(Histogram::lowest(i)) / 64));
}

TEST(Histogram, EmptyIsZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.percentile(50), 0U);
  EXPECT_EQ(histogram.min(), 0U);
  EXPECT_EQ(histogram.max(), 0U);
  EXPECT_EQ(histogram.mean(), 0.0);
}

TEST(Histogram, OneValueIsEveryPercentile) {
  Histogram histogram;
  histogram.add(123456);
  for (const double percent : {0.0, 1.0, 50.0, 99.99, 100.0})
    EXPECT_EQ(histogram.percentile(percent), 123456U);
}

TEST(Histogram, PercentilesAreWithinOne128thOfTheSortedValues) {
  Random random(7);
  Histogram histogram;
  std::vector<uint64_t> values;
  for (int i = 0; i < 20000; ++i) {
    values.push_back(random.next() >> random.between(20, 60));
    histogram.add(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double percent : {1.0, 10.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    const auto rank = static_cast<size_t>(
        std::max(1.0, std::ceil(percent / 100 * static_cast<double>(values.size()))));
    const auto exact = static_cast<double>(values[rank - 1]);
    EXPECT_NEAR(static_cast<double>(histogram.percentile(percent)), exact, exact / 128 + 1);
  }
}

TEST(Histogram, MergedIsAsIfAddedToOne) {
  Random random(8);
  Histogram one;
  Histogram two;
  Histogram both;
  for (int i = 0; i < 1000; ++i) {
    const uint64_t value = random.below(100000);
    (i % 3 ? one : two).add(value);
    both.add(value);
  }
  one.merge(two);
  EXPECT_EQ(one.count(), both.count());
  EXPECT_EQ(one.min(), both.min());
  EXPECT_EQ(one.max(), both.max());
  EXPECT_EQ(one.mean(), both.mean());
  for (const double percent : {1.0, 33.0, 50.0, 99.0})
    EXPECT_EQ(one.percentile(percent), both.percentile(percent));
}

} // namespace
} // namespace xsw
