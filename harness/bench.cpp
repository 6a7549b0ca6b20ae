// SPDX-License-Identifier: GPL-2.0
#include "bench.h"
#include "words.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace xsw {
namespace {

constexpr uint32_t KiB = 1024;

constexpr std::array cases{
    BenchCase{.name = "direct-64", .bytes = 64},
    BenchCase{.name = "direct-4k", .bytes = 4 * KiB},
    BenchCase{.name = "direct-64k", .bytes = 64 * KiB},
    BenchCase{.name = "bounce-64", .bytes = 64, .placement = XSW_PLACE_ABOVE_MASK, .narrow = true},
    BenchCase{
        .name = "bounce-4k", .bytes = 4 * KiB, .placement = XSW_PLACE_ABOVE_MASK, .narrow = true},
    BenchCase{
        .name = "bounce-64k", .bytes = 64 * KiB, .placement = XSW_PLACE_ABOVE_MASK, .narrow = true},
    BenchCase{.name = "bounce-256k",
              .bytes = 256 * KiB,
              .placement = XSW_PLACE_ABOVE_MASK,
              .narrow = true},
    BenchCase{.name = "bounce-from-4k",
              .bytes = 4 * KiB,
              .dir = XSW_FROM_DEVICE,
              .placement = XSW_PLACE_ABOVE_MASK,
              .narrow = true},
    BenchCase{.name = "bounce-sync-4k",
              .bytes = 4 * KiB,
              .dir = XSW_BIDIRECTIONAL,
              .placement = XSW_PLACE_ABOVE_MASK,
              .narrow = true,
              .sync = true},
    BenchCase{.name = "foreign-4k", .bytes = 4 * KiB, .placement = XSW_PLACE_FOREIGN},
    BenchCase{.name = "sg-1", .bytes = 4 * KiB, .user = true},
    BenchCase{.name = "sg-8", .bytes = 32 * KiB, .user = true},
    BenchCase{.name = "sg-32", .bytes = 128 * KiB, .user = true},
    BenchCase{.name = "sg-128", .bytes = 512 * KiB, .user = true},
};

constexpr std::array ways{
    BenchWayCase{.name = "empty-ioctl", .jobs = 0},
    BenchWayCase{.name = "empty-io_uring", .jobs = 0, .ring = true},
    BenchWayCase{.name = "job-ioctl", .jobs = 1},
    BenchWayCase{.name = "job-io_uring", .jobs = 1, .ring = true},
    BenchWayCase{.name = "job-fixed", .jobs = 1, .ring = true, .fixed = true},
    BenchWayCase{.name = "vector-8", .jobs = 8, .ring = true},
    BenchWayCase{.name = "vector-32", .jobs = 32, .ring = true},
    BenchWayCase{.name = "vector-256", .jobs = 256, .ring = true},
};

std::string missing_text(std::string_view name, const Error &failure) {
  return fmt::format("    {:<16} -: {}\n", name, failure.text());
}

// Only on Xen is there memory of another domain.
bool may_lack(const BenchCase &what, const Error &failure) {
  return what.placement == XSW_PLACE_FOREIGN && failure.cause == XSW_CAUSE_UNSUPPORTED;
}

nlohmann::json values_json(std::span<const uint64_t> values) {
  const std::vector<uint64_t> all(values.begin(), values.end());
  return {{"least", least(values)},
          {"p50", percentile(all, 50)},
          {"p99", percentile(all, 99)},
          {"p99.9", percentile(all, 99.9)}};
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

void BenchSide::merge(const BenchSide &other) {
  map.insert(map.end(), other.map.begin(), other.map.end());
  sync.insert(sync.end(), other.sync.begin(), other.sync.end());
  unmap.insert(unmap.end(), other.unmap.begin(), other.unmap.end());
  reason = other.reason;
  segments = other.segments;
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
  std::array<double, parts> of_parts{};
  const size_t each = ours.size() / parts;
  for (size_t i = 0; i < parts; ++i) {
    const double base = median(kernel.subspan(i * each, each));
    of_parts.at(i) = base > 0 ? median(ours.subspan(i * each, each)) / base : 0;
  }
  std::sort(of_parts.begin(), of_parts.end());
  return Ratio{.median = median(ours) / median(kernel),
               .low = of_parts.at(1),
               .high = of_parts.at(parts - 2)};
}

Exit BenchReport::exit() const {
  Exit all = Exit::verified;
  for (const BenchPairs &result : pairs)
    if (result.failure && !may_lack(result.what, *result.failure))
      all = worse(all, result.failure->exit);
  for (const BenchWay &way : ways)
    if (way.failure)
      all = worse(all, way.failure->exit);
  return all;
}

std::string BenchReport::text() const {
  std::string text = environment_text(environment) + "\n";
  if (!pairs.empty())
    text += fmt::format("ns, {} rounds, medians (least)\n    {:<16} {:>17} {:>17} {:>17} {:>17} "
                        "{:>6} {:>13}  {}\n",
                        rounds, "case", "map: ours", "kernel's", "unmap: ours", "kernel's", "ratio",
                        "of ten parts", "paths, segments");
  for (const BenchPairs &result : pairs) {
    if (result.failure) {
      text += missing_text(result.what.name, *result.failure);
      continue;
    }
    const BenchSide &ours = result.sides[0];
    const BenchSide &kernel = result.sides[1];
    const auto both = [](const std::vector<uint64_t> &values) {
      return fmt::format("{} ({})", percentile(values, 50), least(values));
    };
    const auto ratio = ratio_of(ours.pairs(), kernel.pairs());
    text += fmt::format("    {:<16} {:>17} {:>17} {:>17} {:>17} {:>6} {:>13}  {}, {} | {}, {}\n",
                        result.what.name, both(ours.map), both(kernel.map), both(ours.unmap),
                        both(kernel.unmap), ratio ? fmt::format("{:.2f}", ratio->median) : "-",
                        ratio ? fmt::format("{:.2f} to {:.2f}", ratio->low, ratio->high) : "",
                        reason_name(ours.reason), ours.segments, reason_name(kernel.reason),
                        kernel.segments);
  }
  if (!ways.empty())
    text += fmt::format("\nns a job, {} rounds, medians (least)\n    {:<16} {:>17} {:>17} {:>6}\n",
                        rounds, "way", "all of it", "mapping, moving", "ratio");
  for (const BenchWay &way : ways) {
    if (way.failure) {
      text += missing_text(way.what.name, *way.failure);
      continue;
    }
    const uint64_t all = percentile(way.command, 50);
    const uint64_t work = percentile(way.work, 50);
    text += fmt::format(
        "    {:<16} {:>17} {:>17} {:>6}\n", way.what.name,
        fmt::format("{} ({})", all, least(way.command)),
        work ? fmt::format("{} ({})", work, least(way.work)) : "-",
        work ? fmt::format("{:.2f}", static_cast<double>(all) / static_cast<double>(work)) : "-");
  }
  return text;
}

nlohmann::json BenchReport::json() const {
  nlohmann::json json{{"schema_version", schema_version},
                      {"tool", "xswiotlb"},
                      {"tool_version", tool_version},
                      {"environment", environment_json(environment)},
                      {"rounds", rounds},
                      {"pairs", nlohmann::json::array()},
                      {"ways", nlohmann::json::array()}};
  for (const BenchPairs &result : pairs) {
    nlohmann::json one{
        {"name", result.what.name}, {"bytes", result.what.bytes}, {"threads", result.threads}};
    if (result.failure) {
      one["failure"] = result.failure->text();
      json["pairs"].push_back(one);
      continue;
    }
    const std::array<std::string_view, 2> names{"ours", "kernel"};
    for (size_t i = 0; i < names.size(); ++i) {
      const BenchSide &side = result.sides.at(i);
      one[std::string(names.at(i))] = {
          {"map_ns", values_json(side.map)},     {"sync_ns", values_json(side.sync)},
          {"unmap_ns", values_json(side.unmap)}, {"pair_ns", values_json(side.pairs())},
          {"path", reason_name(side.reason)},    {"segments", side.segments}};
    }
    one["ratio"] = {{"map", ratio_json(result.sides[0].map, result.sides[1].map)},
                    {"unmap", ratio_json(result.sides[0].unmap, result.sides[1].unmap)},
                    {"pair", ratio_json(result.sides[0].pairs(), result.sides[1].pairs())}};
    json["pairs"].push_back(one);
  }
  for (const BenchWay &way : ways) {
    nlohmann::json one{{"name", way.what.name}, {"jobs", way.what.jobs}};
    if (way.failure)
      one["failure"] = way.failure->text();
    else
      one.update({{"command_ns", values_json(way.command)}, {"work_ns", values_json(way.work)}});
    json["ways"].push_back(one);
  }
  return json;
}

} // namespace xsw
