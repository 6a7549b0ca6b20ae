// SPDX-License-Identifier: GPL-2.0
// The report of `xswiotlb bench`: percentiles, ratios and their spread, cases that can not be had.
#include "bench.h"

#include <cerrno>
#include <gtest/gtest.h>
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
    side.reason = XSW_REASON_DIRECT;
    side.segments = 1;
  };
  fill(pairs.sides[0], ours);
  fill(pairs.sides[1], kernel);
  return pairs;
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

TEST(Bench, NoRatioOfNothing) {
  EXPECT_FALSE(xsw::ratio_of({}, {}));
  EXPECT_FALSE(xsw::ratio_of(repeated({1}, 9), repeated({1}, 9)));
  EXPECT_FALSE(xsw::ratio_of(repeated({1}, 10), repeated({0}, 10)));
  EXPECT_FALSE(xsw::ratio_of(repeated({1}, 20), repeated({1}, 10)));
}

TEST(Bench, PairIsMapSyncAndUnmap) {
  xsw::BenchSide side;
  side.map = {1, 2};
  side.sync = {10, 20};
  side.unmap = {100, 200};
  xsw::BenchSide other = side;
  side.merge(other);
  EXPECT_EQ(side.pairs(), (std::vector<uint64_t>{111, 222, 111, 222}));
}

TEST(Bench, ReportHasBothSidesAndTheirRatio) {
  xsw::BenchReport report;
  report.rounds = 20;
  report.pairs.push_back(measured(repeated({290}, 20), repeated({190}, 20)));
  const std::string text = report.text();
  EXPECT_NE(text.find("direct-64"), std::string::npos) << text;
  EXPECT_NE(text.find(" 1.50 "), std::string::npos) << text;
  const auto json = report.json();
  EXPECT_DOUBLE_EQ(json["pairs"][0]["ratio"]["pair"]["median"], 1.5);
  EXPECT_EQ(json["pairs"][0]["ours"]["map_ns"]["p50"], 290);
  EXPECT_EQ(report.exit(), xsw::Exit::verified);
}

TEST(Bench, ForeignMemoryThatThisGuestLacksIsNoFailureAllElseIs) {
  xsw::BenchReport report;
  report.pairs.push_back(measured({}, {}));
  report.pairs.back().what.placement = XSW_PLACE_FOREIGN;
  report.pairs.back().failure = xsw::Error{.what = "making a kernel buffer",
                                           .device = "/dev/xswiotlb",
                                           .err = EINVAL,
                                           .cause = XSW_CAUSE_UNSUPPORTED,
                                           .advice = {},
                                           .exit = xsw::Exit::environment};
  EXPECT_EQ(report.exit(), xsw::Exit::verified);
  EXPECT_NE(report.text().find("making a kernel buffer"), std::string::npos);
  EXPECT_TRUE(report.json()["pairs"][0].contains("failure"));
  report.pairs.back().what.placement = XSW_PLACE_ANY;
  EXPECT_EQ(report.exit(), xsw::Exit::environment);
  report.pairs.back().what.placement = XSW_PLACE_FOREIGN;
  report.pairs.back().failure->cause = XSW_CAUSE_BUSY;
  report.pairs.back().failure->exit = xsw::Exit::device;
  EXPECT_EQ(report.exit(), xsw::Exit::device);
}

TEST(Bench, NamesAreUnique) {
  std::set<std::string_view> names;
  for (const auto &what : xsw::bench_cases())
    EXPECT_TRUE(names.insert(what.name).second) << what.name;
  for (const auto &what : xsw::bench_ways())
    EXPECT_TRUE(names.insert(what.name).second) << what.name;
}

} // namespace
