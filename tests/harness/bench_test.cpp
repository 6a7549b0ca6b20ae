// SPDX-License-Identifier: GPL-2.0
// The report of `xswiotlb bench`: percentiles, ratios and their spread, cases that can not be had.
#include "bench.h"

#include <cerrno>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

namespace {

std::vector<uint64_t> repeated(std::initializer_list<uint64_t> values, size_t times) {
  std::vector<uint64_t> all;
  for (const uint64_t value : values)
    all.insert(all.end(), times, value);
  return all;
}

xsw::BenchPairs measured(const std::vector<uint64_t> &ours, const std::vector<uint64_t> &kernel) {
  xsw::BenchPairs pairs{
      .what = xsw::bench_cases().front(), .threads = 1, .sides = {}, .failure = {}};
  const auto fill = [](xsw::BenchSide &side, const std::vector<uint64_t> &values) {
    side.map = values;
    side.sync.resize(values.size());
    side.unmap.assign(values.size(), 10);
    side.segments = 1;
  };
  fill(pairs.sides[0], ours);
  fill(pairs.sides[1], kernel);
  pairs.sides[0].reason = XSW_REASON_DIRECT;
  pairs.sides[1].reason = XSW_REASON_KERNEL_DIRECT;
  return pairs;
}

template <class... Measured> xsw::BenchReport report_of(const Measured &...all) {
  xsw::BenchReport report;
  (report.add(all), ...);
  return report;
}

xsw::BenchWay way(const std::vector<uint64_t> &command) {
  return {.what = xsw::bench_ways().back(),
          .threads = 1,
          .command = command,
          .work = command,
          .mapping = command,
          .failure = {}};
}

TEST(Bench, PercentilesAreValuesThatWereThere) {
  std::vector<uint64_t> values(101);
  std::iota(values.rbegin(), values.rend(), uint64_t{0});
  EXPECT_EQ(xsw::percentile(values, 0), 0U);
  EXPECT_EQ(xsw::percentile(values, 50), 50U);
  EXPECT_EQ(xsw::percentile(values, 99), 99U);
  EXPECT_EQ(xsw::percentile(values, 100), 100U);
  EXPECT_EQ(xsw::percentile({}, 50), 0U);
  EXPECT_EQ(xsw::least(values), 0U);
  EXPECT_EQ(xsw::least({}), 0U);
}

TEST(Bench, RatioIsOfMediansAndSpreadLeavesTheEndsOut) {
  // Ten parts: one of them had the machine for itself, one had next to nothing of it.
  const auto ours = repeated({50, 100, 100, 100, 100, 100, 100, 120, 120, 900}, 20);
  const auto kernel = repeated({100}, 200);
  const auto ratio = xsw::ratio_of(ours, kernel);
  ASSERT_TRUE(ratio);
  EXPECT_DOUBLE_EQ(ratio->median, 1);
  EXPECT_DOUBLE_EQ(ratio->low, 1);
  EXPECT_DOUBLE_EQ(ratio->high, 1.2);
}

TEST(Bench, PartWithoutABaseHasNoRatio) {
  const auto ours = repeated({100}, 200);
  // Two parts of nothing: second least and second greatest are of the eight others.
  const auto some = xsw::ratio_of(ours, repeated({0, 0, 50, 80, 100, 100, 100, 100, 100, 200}, 20));
  ASSERT_TRUE(some);
  EXPECT_DOUBLE_EQ(some->low, 1);
  EXPECT_DOUBLE_EQ(some->high, 1.25);
  // Nine of them have one for less than half of their samples, the last one throughout.
  std::vector<uint64_t> kernel;
  for (int part = 0; part < 9; ++part)
    for (const auto &half : {repeated({0}, 10), repeated({100}, 10)})
      kernel.insert(kernel.end(), half.begin(), half.end());
  kernel.insert(kernel.end(), 20, 100);
  const auto one = xsw::ratio_of(ours, kernel);
  ASSERT_TRUE(one);
  EXPECT_DOUBLE_EQ(one->low, 1);
  EXPECT_DOUBLE_EQ(one->high, 1);
}

TEST(Bench, NoRatioOfNothing) {
  EXPECT_FALSE(xsw::ratio_of({}, {}));
  EXPECT_FALSE(xsw::ratio_of(repeated({1}, 9), repeated({1}, 9)));
  EXPECT_FALSE(xsw::ratio_of(repeated({1}, 10), repeated({0}, 10)));
  EXPECT_FALSE(xsw::ratio_of(repeated({1}, 20), repeated({1}, 10)));
}

xsw_sample sample(uint32_t map, uint32_t sync, uint32_t unmap, uint32_t clock) {
  return {.map_ns = map, .sync_ns = sync, .unmap_ns = unmap, .clock_ns = clock};
}

TEST(Bench, PairIsMapSyncAndUnmap) {
  xsw::BenchSide side;
  side.map = {1, 2};
  side.sync = {10, 20};
  side.unmap = {100, 200};
  EXPECT_EQ(side.pairs(), (std::vector<uint64_t>{111, 222}));
}

TEST(Bench, FirstPairOfACommandIsColdAndTheNextOnesAreNotCounted) {
  xsw::BenchSide side;
  std::vector<xsw_sample> samples(6, sample(50, 0, 30, 10));
  samples[0] = sample(500, 0, 300, 10);
  samples[1] = sample(90, 0, 70, 10);
  for (int i = 0; i < 2; ++i)
    side.add(samples);
  EXPECT_EQ(side.cold, (std::vector<uint64_t>{800, 800}));
  EXPECT_EQ(side.map, (std::vector<uint64_t>{50, 50, 50, 50}));
  EXPECT_EQ(side.clock.size(), 12U);
}

TEST(Bench, ClockIsTakenOffEachReading) {
  xsw::BenchSide side;
  side.add(std::vector<xsw_sample>(8, sample(110, 0, 60, 10)));
  side.finish();
  EXPECT_EQ(side.map, (std::vector<uint64_t>(4, 100)));
  EXPECT_EQ(side.sync, (std::vector<uint64_t>(4, 0)));
  EXPECT_EQ(side.unmap, (std::vector<uint64_t>(4, 50)));
  EXPECT_EQ(side.cold, (std::vector<uint64_t>{150}));
  EXPECT_DOUBLE_EQ(side.a_second, 1e9 / 150);

  xsw::BenchSide synced;
  synced.add(std::vector<xsw_sample>(8, sample(110, 40, 5, 10)));
  synced.finish();
  EXPECT_EQ(synced.sync, (std::vector<uint64_t>(4, 30)));
  EXPECT_EQ(synced.unmap, (std::vector<uint64_t>(4, 0)));
  EXPECT_EQ(synced.cold, (std::vector<uint64_t>{125}));
}

TEST(Bench, WhatASecondHoldsIsOfTheMedianCommand) {
  xsw::BenchSide side;
  const std::vector<xsw_sample> usual(8, sample(110, 0, 60, 10));
  std::vector<xsw_sample> interrupted = usual;
  interrupted[5].map_ns = 4000000;
  for (const auto &samples : {usual, interrupted, usual})
    side.add(samples);
  side.finish();
  EXPECT_DOUBLE_EQ(side.a_second, 1e9 / 150);
}

TEST(Bench, ThreadsAddUpInASecond) {
  xsw::BenchSide side;
  side.add(std::vector<xsw_sample>(8, sample(110, 0, 60, 10)));
  side.finish();
  const auto both = xsw::BenchSide::together({side, side});
  EXPECT_EQ(both.map.size(), 8U);
  EXPECT_DOUBLE_EQ(both.a_second, 2 * side.a_second);
}

// One thread has the first half of the run for itself, the other the second: in each part of the
// run one of them is fast and one is slow.
TEST(Bench, EachPartOfTheRunIsOfAllThreads) {
  xsw::BenchSide first;
  xsw::BenchSide second;
  for (const auto of : {&xsw::BenchSide::map, &xsw::BenchSide::sync, &xsw::BenchSide::unmap,
                        &xsw::BenchSide::clock, &xsw::BenchSide::cold, &xsw::BenchSide::command}) {
    first.*of = repeated({100, 900}, 100);
    second.*of = repeated({900, 100}, 100);
  }
  const auto both = xsw::BenchSide::together({first, second});
  for (const auto of : {&xsw::BenchSide::map, &xsw::BenchSide::sync, &xsw::BenchSide::unmap,
                        &xsw::BenchSide::clock, &xsw::BenchSide::cold, &xsw::BenchSide::command}) {
    ASSERT_EQ((both.*of).size(), 400U);
    for (size_t i = 0; i < 400; i += 2)
      ASSERT_EQ((both.*of)[i] + (both.*of)[i + 1], 1000U) << i;
  }
  const auto ratio = xsw::ratio_of(both.map, repeated({100}, 400));
  ASSERT_TRUE(ratio);
  EXPECT_DOUBLE_EQ(ratio->low, ratio->high);
}

TEST(Bench, WaysOfThreadsAreInTurnAndAddUpInASecond) {
  const auto both = xsw::BenchWay::together({way(repeated({100}, 100)), way(repeated({200}, 100))});
  EXPECT_EQ(both.threads, 2U);
  EXPECT_DOUBLE_EQ(both.a_second, 1e9 / 100 + 1e9 / 200);
  for (const auto of : {&xsw::BenchWay::command, &xsw::BenchWay::work, &xsw::BenchWay::mapping}) {
    ASSERT_EQ((both.*of).size(), 200U);
    EXPECT_EQ((both.*of)[0] + (both.*of)[1], 300U);
    EXPECT_EQ((both.*of)[198] + (both.*of)[199], 300U);
  }
  const auto report = report_of(both);
  EXPECT_EQ(report.json()["ways"][0]["threads"], 2);
  EXPECT_DOUBLE_EQ(report.json()["ways"][0]["jobs_per_second"], both.a_second);
  EXPECT_NE(report.text().find(std::string(both.what.name) + "    2 | "), std::string::npos)
      << report.text();
}

TEST(Bench, NoRatioWhereOnlyOneSideBounces) {
  xsw::BenchPairs pairs = measured(repeated({290}, 20), repeated({190}, 20));
  pairs.sides[1].reason = XSW_REASON_KERNEL_OTHER;
  EXPECT_NE(report_of(pairs).text().find("no comparison with swiotlb=force"), std::string::npos);
  EXPECT_FALSE(report_of(pairs).json()["pairs"][0].contains("ratio"));
  pairs.sides[0].reason = XSW_REASON_BOUNCE_FORCED;
  EXPECT_TRUE(report_of(pairs).json()["pairs"][0].contains("ratio"));
  pairs.sides[1].reason = XSW_REASON_KERNEL_DIRECT;
  pairs.what.forced = true;
  EXPECT_NE(report_of(pairs).text().find("no comparison without swiotlb=force"), std::string::npos);
  // The kernel's ops give a foreign page another address, and do not bounce it.
  pairs.sides[0].reason = XSW_REASON_FOREIGN;
  pairs.sides[1].reason = XSW_REASON_KERNEL_OTHER;
  pairs.what.placement = XSW_PLACE_FOREIGN;
  EXPECT_TRUE(report_of(pairs).json()["pairs"][0].contains("ratio"));
}

TEST(Bench, WayIsComparedWithItsWorkAndItsMapping) {
  xsw::BenchWay measured = way(repeated({120}, 20));
  measured.work = repeated({100}, 20);
  measured.mapping = repeated({60}, 20);
  const auto report = report_of(measured);
  const auto json = report.json()["ways"][0];
  EXPECT_DOUBLE_EQ(json["ratio"]["work"]["median"], 1.2);
  EXPECT_DOUBLE_EQ(json["ratio"]["mapping"]["median"], 2);
  EXPECT_NE(report.text().find(" 1.20 "), std::string::npos) << report.text();
}

TEST(Bench, ReportHasBothSidesAndTheirRatio) {
  xsw::BenchReport report;
  report.rounds = 20;
  report.add(measured(repeated({290}, 20), repeated({190}, 20)));
  const std::string text = report.text();
  EXPECT_NE(text.find("direct-64"), std::string::npos) << text;
  EXPECT_NE(text.find(" 1.50 "), std::string::npos) << text;
  const auto json = report.json();
  EXPECT_DOUBLE_EQ(json["pairs"][0]["ratio"]["pair"]["median"], 1.5);
  EXPECT_EQ(json["pairs"][0]["ours"]["map_ns"]["p50"], 290);
  EXPECT_EQ(report.exit(), xsw::Exit::verified);
}

TEST(Bench, ForeignMemoryThatThisGuestLacksIsNoFailureAllElseIs) {
  xsw::BenchPairs pairs = measured({}, {});
  pairs.what.placement = XSW_PLACE_FOREIGN;
  pairs.failure = xsw::Error{.what = "making a kernel buffer",
                             .device = "/dev/xswiotlb",
                             .err = EINVAL,
                             .cause = XSW_CAUSE_UNSUPPORTED,
                             .advice = {},
                             .exit = xsw::Exit::environment};
  const auto report = report_of(pairs);
  EXPECT_EQ(report.exit(), xsw::Exit::verified);
  EXPECT_NE(report.text().find("making a kernel buffer"), std::string::npos);
  EXPECT_TRUE(report.json()["pairs"][0].contains("failure"));
  pairs.what.placement = XSW_PLACE_ANY;
  EXPECT_EQ(report_of(pairs).exit(), xsw::Exit::environment);
  pairs.what.placement = XSW_PLACE_FOREIGN;
  pairs.failure->cause = XSW_CAUSE_BUSY;
  pairs.failure->exit = xsw::Exit::device;
  EXPECT_EQ(report_of(pairs).exit(), xsw::Exit::device);
  xsw::BenchWay failed = way({});
  failed.failure = pairs.failure;
  EXPECT_EQ(report_of(failed).exit(), xsw::Exit::device);
}

TEST(Bench, NamesAreUniqueAndThoseThatScriptsKnow) {
  const auto names = xsw::bench_names();
  EXPECT_EQ(std::set(names.begin(), names.end()).size(), names.size());
  std::ifstream file(JOB_DIR "/../bench-cases");
  const std::vector<std::string> known{std::istream_iterator<std::string>(file), {}};
  EXPECT_EQ(known, std::vector<std::string>(names.begin(), names.end()));
}

} // namespace
