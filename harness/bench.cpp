// SPDX-License-Identifier: GPL-2.0
#include "bench.h"
#include "words.h"

#include <algorithm>
#include <fmt/format.h>

namespace xsw {
namespace {

constexpr uint32_t KiB = 1024;

constexpr BenchCase direct(std::string_view name, uint32_t bytes) {
  return {.name = name, .bytes = bytes};
}

// Beyond the device's reach. Fewer pairs of what takes long to copy.
constexpr BenchCase bounce(std::string_view name, uint32_t bytes, xsw_dir dir = XSW_TO_DEVICE,
                           uint32_t sync = 0) {
  return {.name = name,
          .bytes = bytes,
          .dir = dir,
          .placement = XSW_PLACE_ABOVE_MASK,
          .narrow = true,
          .sync = sync,
          .pairs = bytes > 16 * KiB ? 16U : 128U};
}

constexpr BenchCase forced(std::string_view name, uint32_t bytes) {
  return {.name = name, .bytes = bytes, .pairs = bytes > 16 * KiB ? 16U : 128U, .forced = true};
}

constexpr BenchCase sg(std::string_view name, uint32_t pages) {
  return {.name = name, .bytes = pages * 4 * KiB, .user = true, .pairs = pages > 8 ? 32U : 128U};
}

constexpr std::array cases{
    direct("direct-64", 64),
    direct("direct-4k", 4 * KiB),
    direct("direct-64k", 64 * KiB),
    direct("direct-256k", 256 * KiB),
    BenchCase{
        .name = "direct-sync-4k", .bytes = 4 * KiB, .dir = XSW_BIDIRECTIONAL, .sync = 4 * KiB},
    bounce("bounce-64", 64),
    bounce("bounce-4k", 4 * KiB),
    bounce("bounce-16k", 16 * KiB),
    bounce("bounce-64k", 64 * KiB),
    bounce("bounce-256k", 256 * KiB),
    bounce("bounce-from-4k", 4 * KiB, XSW_FROM_DEVICE),
    bounce("bounce-sync-2k", 4 * KiB, XSW_BIDIRECTIONAL, 2 * KiB),
    bounce("bounce-sync-4k", 4 * KiB, XSW_BIDIRECTIONAL, 4 * KiB),
    forced("forced-4k", 4 * KiB),
    forced("forced-64k", 64 * KiB),
    BenchCase{.name = "foreign-4k", .bytes = 4 * KiB, .placement = XSW_PLACE_FOREIGN},
    sg("sg-1", 1),
    sg("sg-8", 8),
    sg("sg-32", 32),
    sg("sg-128", 128),
    // Last: what simulated environments switch on stays on until the module goes.
    BenchCase{.name = "p2m-4k", .bytes = 4 * KiB, .p2m = XSW_P2M_OFFSET},
    BenchCase{.name = "p2m-64k", .bytes = 64 * KiB, .p2m = XSW_P2M_OFFSET},
};

using By = BenchWayCase::By;

constexpr std::array ways{
    BenchWayCase{.name = "system-call", .jobs = 0, .by = By::none},
    BenchWayCase{.name = "empty-ioctl", .jobs = 0, .by = By::ioctl},
    BenchWayCase{.name = "empty-io_uring", .jobs = 0},
    BenchWayCase{.name = "empty-sqpoll", .jobs = 0, .by = By::sqpoll},
    BenchWayCase{.name = "job-ioctl", .jobs = 1, .by = By::ioctl},
    BenchWayCase{.name = "job-io_uring", .jobs = 1},
    BenchWayCase{.name = "job-fixed", .jobs = 1, .fixed = true},
    BenchWayCase{.name = "job-sqpoll", .jobs = 1, .by = By::sqpoll},
    BenchWayCase{.name = "vector-8", .jobs = 8},
    BenchWayCase{.name = "vector-8-ioctl", .jobs = 8, .by = By::ioctl},
    BenchWayCase{.name = "vector-8-fixed", .jobs = 8, .fixed = true},
    BenchWayCase{.name = "vector-8-sqpoll", .jobs = 8, .by = By::sqpoll},
    BenchWayCase{.name = "vector-32", .jobs = 32},
    BenchWayCase{.name = "vector-32-ioctl", .jobs = 32, .by = By::ioctl},
    BenchWayCase{.name = "vector-32-fixed", .jobs = 32, .fixed = true},
    BenchWayCase{.name = "vector-32-sqpoll", .jobs = 32, .by = By::sqpoll},
    BenchWayCase{.name = "vector-32-forced", .jobs = 32, .forced = true},
    BenchWayCase{.name = "vector-256", .jobs = 256},
    BenchWayCase{.name = "vector-256-ioctl", .jobs = 256, .by = By::ioctl},
    BenchWayCase{.name = "vector-256-fixed", .jobs = 256, .fixed = true},
    BenchWayCase{.name = "vector-256-sqpoll", .jobs = 256, .by = By::sqpoll},
};

// Each thread's first value, each one's second, and so on: all have as many. They are moved, as
// there may be no room for them twice.
template <class Share>
std::vector<uint64_t> in_turn(std::vector<Share> &threads, std::vector<uint64_t> Share::*values) {
  std::vector<uint64_t> all;
  const size_t each = (threads.front().*values).size();
  all.reserve(each * threads.size());
  for (size_t i = 0; i < each; ++i)
    for (const Share &thread : threads)
      all.push_back((thread.*values).at(i));
  for (Share &thread : threads)
    thread.*values = {};
  return all;
}

bool is_bounced(const BenchSide &side) {
  return side.reason >= XSW_REASON_BOUNCE_MASK && side.reason != XSW_REASON_KERNEL_DIRECT;
}

std::string missing_text(std::string_view name, const std::string &why) {
  return fmt::format("    {:<16} -: {}\n", name, why);
}

// Only on Xen is there memory of another domain.
bool may_lack(const BenchCase &what, const Error &failure) {
  return what.placement == XSW_PLACE_FOREIGN && failure.cause == XSW_CAUSE_UNSUPPORTED;
}

nlohmann::json values_json(std::span<const uint64_t> values) {
  const std::vector<uint64_t> all(values.begin(), values.end());
  return {{"least", least(values)},
          {"p50", percentile(all, 50)},
          {"p90", percentile(all, 90)},
          {"p99", percentile(all, 99)},
          {"p99.9", percentile(all, 99.9)}};
}

nlohmann::json side_json(const BenchSide &side) {
  return {{"map_ns", values_json(side.map)},
          {"sync_ns", values_json(side.sync)},
          {"unmap_ns", values_json(side.unmap)},
          {"pair_ns", values_json(side.pairs())},
          {"cold_pair_ns", values_json(side.cold)},
          {"clock_ns", values_json(side.clock)},
          {"pairs_per_second", side.a_second},
          {"path", reason_name(side.reason)},
          {"segments", side.segments}};
}

std::string ratio_text(const std::optional<Ratio> &ratio) {
  return ratio ? fmt::format("{:>5.2f} {:>13}", ratio->median,
                             fmt::format("{:.2f} to {:.2f}", ratio->low, ratio->high))
               : fmt::format("{:>5} {:>13}", "-", "");
}

std::string pair_text(const BenchPairs &result) {
  std::string text = fmt::format("    {:<16} {:>4}", result.what.name, result.threads);
  for (const BenchSide &side : result.sides) {
    const auto all = side.pairs();
    text += fmt::format(" | {:>7} {:>7} {:>7} {:>7} {:>9.0f}", least(all), percentile(all, 50),
                        percentile(all, 99), percentile(all, 99.9), side.a_second);
  }
  const BenchSide &ours = result.sides[0];
  const BenchSide &kernel = result.sides[1];
  return text + fmt::format(" | {} | {:>6} {:>6} {} | {}, {} | {}, {}\n",
                            ratio_text(ratio_of(ours.pairs(), kernel.pairs())),
                            percentile(ours.cold, 50), percentile(kernel.cold, 50),
                            ratio_text(ratio_of(ours.cold, kernel.cold)), reason_name(ours.reason),
                            ours.segments, reason_name(kernel.reason), kernel.segments);
}

std::string way_text(const BenchWay &way) {
  return fmt::format("    {:<16} {:>4} | {:>7} {:>7} {:>7} {:>7} {:>9.0f} | {:>7} {} | {:>7} {}\n",
                     way.what.name, way.threads, least(way.command), percentile(way.command, 50),
                     percentile(way.command, 99), percentile(way.command, 99.9), way.a_second,
                     percentile(way.work, 50), ratio_text(ratio_of(way.command, way.work)),
                     percentile(way.mapping, 50), ratio_text(ratio_of(way.command, way.mapping)));
}

nlohmann::json ratio_json(std::span<const uint64_t> ours, std::span<const uint64_t> kernel) {
  const auto ratio = ratio_of(ours, kernel);
  if (!ratio)
    return {};
  return {{"median", ratio->median}, {"low", ratio->low}, {"high", ratio->high}};
}

} // namespace

std::span<const BenchCase> bench_cases() { return cases; }
std::span<const BenchWayCase> bench_ways() { return ways; }

std::vector<std::string_view> bench_names() {
  std::vector<std::string_view> names;
  names.reserve(cases.size() + ways.size());
  for (const BenchCase &what : cases)
    names.push_back(what.name);
  for (const BenchWayCase &what : ways)
    names.push_back(what.name);
  return names;
}

std::string BenchPairs::no_comparison() const {
  if (what.placement == XSW_PLACE_FOREIGN || is_bounced(sides[0]) == is_bounced(sides[1]))
    return {};
  return fmt::format("ours {}, the kernel's {}: no comparison {} swiotlb=force",
                     reason_name(sides[0].reason), reason_name(sides[1].reason),
                     what.forced ? "without" : "with");
}

void BenchSide::add(std::span<const xsw_sample> samples) {
  constexpr size_t settling = 4;
  uint64_t all = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    const xsw_sample &sample = samples[i];
    clock.push_back(sample.clock_ns);
    if (i == 0)
      cold.push_back(uint64_t{sample.map_ns} + sample.sync_ns + sample.unmap_ns);
    if (i < settling)
      continue;
    map.push_back(sample.map_ns);
    sync.push_back(sample.sync_ns);
    unmap.push_back(sample.unmap_ns);
    all += uint64_t{sample.map_ns} + sample.sync_ns + sample.unmap_ns;
  }
  command.push_back(all);
}

void BenchSide::finish() {
  const uint64_t once = percentile(clock, 50);
  const auto take = [](std::vector<uint64_t> &values, uint64_t ns) {
    for (uint64_t &value : values)
      value -= std::min(value, ns);
  };
  const bool synced = std::any_of(sync.begin(), sync.end(), [](uint64_t ns) { return ns; });
  take(map, once);
  take(sync, once);
  take(unmap, once);
  const uint64_t readings = synced ? 3 : 2;
  take(cold, once * readings);
  const uint64_t pairs_each = map.size() / std::max(command.size(), size_t{1});
  take(command, once * readings * pairs_each);
  const uint64_t ns = percentile(command, 50);
  a_second = ns ? 1e9 * static_cast<double>(pairs_each) / static_cast<double>(ns) : 0;
}

BenchSide BenchSide::together(std::vector<BenchSide> threads) {
  BenchSide all;
  for (const BenchSide &thread : threads)
    all.a_second += thread.a_second;
  all.reason = threads.back().reason;
  all.segments = threads.back().segments;
  for (const auto of : {&BenchSide::map, &BenchSide::sync, &BenchSide::unmap, &BenchSide::clock,
                        &BenchSide::cold, &BenchSide::command})
    all.*of = in_turn(threads, of);
  return all;
}

BenchWay BenchWay::together(std::vector<BenchWay> threads) {
  BenchWay all{.what = threads.front().what,
               .threads = static_cast<unsigned>(threads.size()),
               .command = {},
               .work = {},
               .mapping = {},
               .failure = {}};
  for (const BenchWay &thread : threads) {
    const uint64_t ns = percentile(thread.command, 50);
    all.a_second += ns ? 1e9 / static_cast<double>(ns) : 0;
  }
  for (const auto of : {&BenchWay::command, &BenchWay::work, &BenchWay::mapping})
    all.*of = in_turn(threads, of);
  return all;
}

std::vector<uint64_t> BenchSide::pairs() const {
  std::vector<uint64_t> sums(map.size());
  for (size_t i = 0; i < sums.size(); ++i)
    sums[i] = map[i] + sync[i] + unmap[i];
  return sums;
}

uint64_t least(std::span<const uint64_t> values) {
  return values.empty() ? 0 : *std::min_element(values.begin(), values.end());
}

uint64_t percentile(std::vector<uint64_t> values, double percent) {
  if (values.empty())
    return 0;
  const auto rank = static_cast<size_t>(percent / 100 * static_cast<double>(values.size() - 1));
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

std::optional<Ratio> ratio_of(std::span<const uint64_t> ours, std::span<const uint64_t> kernel) {
  constexpr size_t parts = 10;
  const auto median = [](std::span<const uint64_t> values) {
    return static_cast<double>(percentile({values.begin(), values.end()}, 50));
  };
  if (ours.size() != kernel.size() || ours.size() < parts || median(kernel) <= 0)
    return {};
  std::vector<double> of_parts;
  const size_t each = ours.size() / parts;
  for (size_t i = 0; i < parts; ++i)
    if (const double base = median(kernel.subspan(i * each, each)); base > 0)
      of_parts.push_back(median(ours.subspan(i * each, each)) / base);
  if (of_parts.empty())
    return {};
  std::sort(of_parts.begin(), of_parts.end());
  const size_t ends = of_parts.size() > 2 ? 1 : 0;
  return Ratio{.median = median(ours) / median(kernel),
               .low = of_parts.at(ends),
               .high = of_parts.at(of_parts.size() - 1 - ends)};
}

void BenchReport::add(const BenchPairs &result) {
  nlohmann::json one{
      {"name", result.what.name}, {"bytes", result.what.bytes}, {"threads", result.threads}};
  const std::string why = result.failure ? result.failure->text() : result.no_comparison();
  pairs_text_ += why.empty() ? pair_text(result) : missing_text(result.what.name, why);
  if (result.failure) {
    if (!may_lack(result.what, *result.failure))
      exit_ = worse(exit_, result.failure->exit);
    one["failure"] = why;
    pairs_json_.push_back(one);
    return;
  }
  const BenchSide &ours = result.sides[0];
  const BenchSide &kernel = result.sides[1];
  one["ours"] = side_json(ours);
  one["kernel"] = side_json(kernel);
  if (!why.empty())
    one["no_comparison"] = why;
  else
    one["ratio"] = {{"map", ratio_json(ours.map, kernel.map)},
                    {"unmap", ratio_json(ours.unmap, kernel.unmap)},
                    {"pair", ratio_json(ours.pairs(), kernel.pairs())},
                    {"cold_pair", ratio_json(ours.cold, kernel.cold)}};
  pairs_json_.push_back(one);
}

void BenchReport::add(const BenchWay &result) {
  nlohmann::json one{
      {"name", result.what.name}, {"jobs", result.what.jobs}, {"threads", result.threads}};
  if (result.failure) {
    exit_ = worse(exit_, result.failure->exit);
    one["failure"] = result.failure->text();
    ways_text_ += missing_text(result.what.name, result.failure->text());
  } else {
    one.update({{"command_ns", values_json(result.command)},
                {"work_ns", values_json(result.work)},
                {"mapping_ns", values_json(result.mapping)},
                {"jobs_per_second", result.a_second},
                {"ratio",
                 {{"work", ratio_json(result.command, result.work)},
                  {"mapping", ratio_json(result.command, result.mapping)}}}});
    ways_text_ += way_text(result);
  }
  ways_json_.push_back(one);
}

std::string BenchReport::text() const {
  constexpr std::string_view columns = "  least     p50     p99   p99.9  a second";
  constexpr std::string_view ratios = "ratio  of ten parts";
  std::string text = environment_text(environment) + "\n";
  if (!pairs_text_.empty())
    text += fmt::format("map and unmap in ns, the clock's reading taken off; cold: first of a "
                        "command; {} commands\n    {:<16} {:>4} | {} | {} | {} |  cold: ours and "
                        "the kernel's, ratio | paths, segments\n",
                        rounds, "case", "CPUs", columns, columns, ratios) +
            pairs_text_;
  if (!ways_text_.empty())
    text += fmt::format("\na job in ns; {} commands\n    {:<16} {:>4} | {} | moving, mapping: {} | "
                        "mapping alone: {}\n",
                        rounds, "way", "CPUs", columns, ratios, ratios) +
            ways_text_;
  return text;
}

nlohmann::json BenchReport::json() const {
  return {{"schema_version", schema_version},
          {"tool", "xswiotlb"},
          {"tool_version", tool_version},
          {"environment", environment_json(environment)},
          {"rounds", rounds},
          {"pairs", pairs_json_},
          {"ways", ways_json_}};
}

} // namespace xsw
