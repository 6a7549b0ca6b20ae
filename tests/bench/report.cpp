// SPDX-License-Identifier: GPL-2.0
// Reads what a run of scripts/bench left and prints it beside the in-tree swiotlb's figures, or
// beside another run's; writes the plots.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace {

namespace fs = std::filesystem;

using Figures = std::map<std::string, double>; // counters of one benchmark
struct Run {
  fs::path dir;
  std::map<std::string, Figures> of; // by the benchmark's name
};
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// The in-tree swiotlb of Linux 6.12, measured in the same way (docs/performance.md): nanoseconds
// for a pair, beside memcpys on the same machine. 0: not measured.
constexpr std::array<std::string_view, 6> kSizes = {"64B", "2K", "4K", "16K", "64K", "256K"};
using Row = std::array<double, kSizes.size()>;
constexpr Row kMemcpy = {5, 61, 107, 422, 1256, 4994};

struct Case {
  std::string_view name; // the benchmark's, with % for the size
  std::string_view title;
  Row in_tree;
};
constexpr Case kCases[] = {
    {"alloc/%/depth:1/areas:2/threads:1",
     "no copy, 1 thread, depth 1",
     {113, 114, 113, 118, 155, 298}},
    {"alloc/%/depth:32/areas:2/threads:1",
     "no copy, 1 thread, depth 32",
     {76, 76, 77, 85, 129, 303}},
    {"alloc/%/depth:1/areas:2/threads:2",
     "no copy, 2 threads, 2 areas",
     {165, 165, 167, 174, 222, 362}},
    {"alloc/%/depth:1/areas:1/threads:2", "no copy, 2 threads, 1 area", {304, 0, 306, 0, 509, 778}},
    {"path/%/depth:1/areas:2/threads:1", "no copy, with the decision", {}},
    {"copy/to_device/%/depth:1/areas:2/threads:1",
     "TO_DEVICE, 1 thread",
     {227, 158, 191, 921, 3901, 15032}},
    {"decided/to_device/%/depth:1/areas:2/threads:1", "TO_DEVICE, with the decision", {}},
    {"copy/bidirectional/%/depth:1/areas:2/threads:1",
     "BIDIRECTIONAL, 1 thread",
     {251, 191, 238, 1170, 5210, 20451}},
    {"copy/from_device/%/depth:1/areas:2/threads:1",
     "FROM_DEVICE, 1 thread",
     {248, 190, 267, 1174, 5219, 22021}},
    {"copy/to_device/%/depth:1/areas:2/threads:2",
     "TO_DEVICE, 2 threads",
     {302, 212, 279, 1166, 4632, 18307}},
};
constexpr const Case &kNoCopy = kCases[0], &kToDevice = kCases[5];

struct Count {
  std::string_view name;
  double in_tree;
};
constexpr Count kCounts[] = {
    {"alloc/64/1", 2179},     {"alloc/2048/1", 0},     {"alloc/4096/1", 2216},
    {"alloc/16384/1", 0},     {"alloc/65536/1", 2982}, {"alloc/262144/1", 5428},
    {"alloc/4194304/1", 0},   {"alloc/4096/32", 0},    {"alloc/65536/32", 0},
    {"path/4096/1", 0},       {"path/65536/1", 0},     {"cold/64", 0},
    {"cold/4096", 0},         {"cold/65536", 0},       {"cold/16777216", 0},
    {"fill/4096/90", 1309},   {"fill/4096/95", 1837},  {"fill/4096/99", 5997},
    {"fill/65536/90", 10258}, {"fill/65536/95", 0},    {"fill/65536/99", 104844},
};

struct Fill {
  std::string_view name;
  std::string_view title;
  double p50, p999, fails; // in-tree
};
constexpr Fill kFills[] = {
    {"fill/mix/4K/percent:0", "empty, 4 KiB", 60, 190, 0},
    {"fill/mix/4K/percent:50", "mix 50 %, 4 KiB", 0, 0, 0},
    {"fill/mix/4K/percent:90", "mix 90 %, 4 KiB", 40, 551, 0},
    {"fill/mix/4K/percent:95", "mix 95 %, 4 KiB", 40, 1072, 0},
    {"fill/mix/4K/percent:99", "mix 99 %, 4 KiB", 40, 4126, 0},
    {"fill/mix/64K/percent:90", "mix 90 %, 64 KiB", 330, 1963, 0},
    {"fill/mix/64K/percent:95", "mix 95 %, 64 KiB", 0, 0, 0},
    {"fill/mix/64K/percent:99", "mix 99 %, 64 KiB", 3405, 26189, 0},
    {"fragmented/64K", "all 4 KiB 50 %, 64 KiB", 29484, 68472, 100},
    {"fill/control/4K", "empty beside 99 %, 4 KiB", 0, 0, 0},
};

struct Throughput {
  unsigned int areas, threads;
  double in_tree; // nanoseconds of a pair of each thread
};
constexpr Throughput kThroughputs[] = {{2, 1, 113}, {2, 2, 167}, {2, 4, 0},
                                       {2, 8, 0},   {1, 1, 0},   {1, 2, 306}};

[[noreturn]] void die(int code, const std::string &sentence) {
  fmt::print(stderr, "report: {}\n", sentence);
  std::exit(code);
}

std::string without(std::string name, std::string_view part) {
  const size_t at = name.find(part);
  if (at != std::string::npos)
    name.erase(at, name.find('/', at + 1) - at);
  return name;
}

// Is a member that may be missing of the type that it has to be?
bool is_or_missing(const nlohmann::json &entry, const char *key, nlohmann::json::value_t type) {
  return !entry.contains(key) || entry[key].type() == type;
}

void read_json(Run &run, const fs::path &path) {
  using Type = nlohmann::json::value_t;
  std::ifstream in(path);
  const auto json = nlohmann::json::parse(in, nullptr, false);
  const auto is_result = [](const nlohmann::json &entry) {
    return entry.is_object() && entry.contains("run_name") && entry["run_name"].is_string() &&
           is_or_missing(entry, "aggregate_name", Type::string) &&
           is_or_missing(entry, "error_occurred", Type::boolean) &&
           is_or_missing(entry, "error_message", Type::string);
  };
  if (!json.is_object() || !json.contains("benchmarks") || !json["benchmarks"].is_array() ||
      !std::all_of(json["benchmarks"].begin(), json["benchmarks"].end(), is_result))
    die(2, fmt::format("{} is not a result of the benchmarks; give the directory of a run of "
                       "'make bench'",
                       path.string()));
  for (const auto &entry : json["benchmarks"]) {
    auto name = entry["run_name"].get<std::string>();
    if (entry.value("error_occurred", false))
      die(1, fmt::format("benchmark {} failed: {}", name, entry.value("error_message", "")));
    // Of repetitions the medians.
    if (entry.value("aggregate_name", "median") != "median")
      continue;
    for (const char *part : {"/iterations:", "/repeats:", "/manual_time", "/real_time"})
      name = without(name, part);
    auto &figures = run.of[name];
    // What is no number is one that nobody may ask for.
    for (const auto &[key, value] : entry.items())
      figures[key] = value.is_number() ? value.get<double>() : kNone;
  }
}

void read_counts(Run &run, const fs::path &dir) {
  const fs::path path = dir / "instructions.txt";
  std::ifstream counts(path);
  bool any = false, bad = false;
  for (std::string line; std::getline(counts, line); any = true) {
    std::istringstream words(line);
    std::string name, more;
    double n = 0;
    bad |= !(words >> name >> n) || n <= 0 || words >> more;
    run.of["instructions/" + name]["instructions"] = n;
  }
  if (!any || bad)
    die(2,
        fmt::format("{} has no counts of instructions as 'make bench' leaves them; measure again",
                    path.string()));
}

Run read_run(const fs::path &dir) {
  Run run{dir, {}};
  read_json(run, dir / "copy.json");
  read_json(run, dir / "alloc.json");
  // Not in runs of before there were such.
  if (fs::exists(dir / "held.json"))
    read_json(run, dir / "held.json");
  // What was measured again as the machine was too busy before.
  if (fs::exists(dir / "again.json"))
    read_json(run, dir / "again.json");
  read_counts(run, dir);
  return run;
}

// A figure that a benchmark need not have.
std::optional<double> maybe(const Run &run, const std::string &name, const std::string &key) {
  const auto it = run.of.find(name);
  if (it == run.of.end() || !it->second.contains(key))
    return std::nullopt;
  const double value = it->second.at(key);
  if (std::isnan(value))
    die(2, fmt::format("benchmark {} in {} has a {} that is no number; measure again", name,
                       run.dir.string(), key));
  return value;
}

// One that it must have, where it was measured.
std::optional<double> get(const Run &run, const std::string &name, const std::string &key) {
  const auto value = maybe(run, name, key);
  if (!value && run.of.contains(name))
    die(2, fmt::format("benchmark {} in {} has no {}; measure again", name, run.dir.string(), key));
  return value;
}

std::string sized(std::string_view name, std::string_view size) {
  std::string s(name);
  return s.replace(s.find('%'), 1, size);
}

// ---- one run ----

double bytes_of(std::string_view size) {
  const double n = std::stod(std::string(size));
  return size.back() == 'K' ? n * 1024 : size.back() == 'M' ? n * 1024 * 1024 : n;
}

// Of one thread's pairs without their copies, those that were counted.
std::optional<double> instructions_of(const Run &run, std::string_view name,
                                      std::string_view size) {
  if (!name.ends_with("/areas:2/threads:1"))
    return std::nullopt;
  const std::string_view what = name.substr(0, name.find('/'));
  const std::string_view depth = name.find("depth:32") != name.npos ? "32" : "1";
  return get(run, fmt::format("instructions/{}/{:.0f}/{}", what, bytes_of(size), depth),
             "instructions");
}

void print_pairs(const Run &run) {
  fmt::print("map+unmap pair; ratio: to a cache-hot memcpy of the size, with its quartiles\n"
             "{:<28}{:>6}{:>10}{:>9}{:>17}{:>9}{:>10}{:>14}\n",
             "case", "size", "ns", "ratio", "quartiles", "in-tree", "ours/its", "instructions");
  for (const Case &c : kCases) {
    for (size_t i = 0; i < kSizes.size(); i++) {
      const std::string name = sized(c.name, kSizes[i]);
      const auto ratio = get(run, name, "ratio");
      if (!ratio)
        continue;
      const double theirs = c.in_tree[i] / kMemcpy[i];
      fmt::print(
          "{:<28}{:>6}{:>10.1f}{:>9.2f}{:>17}", c.title, kSizes[i], *get(run, name, "ns"), *ratio,
          fmt::format("{:.2f}..{:.2f}", *get(run, name, "ratio_q1"), *get(run, name, "ratio_q3")));
      const auto counted = instructions_of(run, c.name, kSizes[i]);
      if (theirs > 0)
        fmt::print("{:>9.2f}{:>10.2f}", theirs, *ratio / theirs);
      else
        fmt::print("{:>9}{:>10}", "-", "-");
      fmt::print("{:>14}\n", counted ? fmt::format("{:.0f}", *counted) : "-");
    }
  }
}

void print_fills(const Run &run) {
  fmt::print("\nsingle maps in a filled pool, ns (in-tree's in brackets, - where not measured)\n"
             "own: each map with its median of all repetitions, without what the machine takes now "
             "and then\n{:<24}{:>15}{:>18}{:>8}{:>20}{:>11}{:>16}\n",
             "pool, map", "fails %", "p50", "p99", "p99.9", "own p99.9", "fails' 50, 99.9");
  auto theirs = [](double v) { return v > 0 ? fmt::format("({:.0f})", v) : std::string("(-)"); };
  for (const Fill &f : kFills) {
    const std::string name(f.name);
    if (!run.of.contains(name))
      continue;
    auto figure = [&](const char *key) { return *get(run, name, key); };
    const double fails = maybe(run, name, "fail_percent").value_or(0);
    const bool missed = fails == 100;
    const auto own = maybe(run, name, "own_p999_ns");
    const std::string failed =
        fails > 0 ? fmt::format("{:.0f}, {:.0f}", figure("fail_p50_ns"), figure("fail_p999_ns"))
                  : "-";
    if (missed)
      fmt::print("{:<24}{:>9.2f}{:>6}{:>9}{:>9}{:>8}{:>10}{:>10}{:>11}{:>16}\n", f.title, fails,
                 fmt::format("({:.0f})", f.fails), "-", theirs(f.p50), "-", "-", theirs(f.p999),
                 "-", failed);
    else
      fmt::print("{:<24}{:>9.2f}{:>6}{:>9.0f}{:>9}{:>8.0f}{:>10.0f}{:>10}{:>11}{:>16}\n", f.title,
                 fails, f.p50 > 0 ? fmt::format("({:.0f})", f.fails) : "(-)", figure("p50_ns"),
                 theirs(f.p50), figure("p99_ns"), figure("p999_ns"), theirs(f.p999),
                 own ? fmt::format("{:.0f}", *own) : "-", failed);
  }
}

// The greatest of a figure of those whose names begin so.
std::optional<double> most_of(const Run &run, std::string_view prefix, const char *key) {
  std::optional<double> most;
  for (const auto &[name, figures] : run.of)
    if (name.starts_with(prefix))
      most = std::max(most.value_or(0), *get(run, name, key));
  return most;
}

void print_held(const Run &run) {
  fmt::print("\none map, interrupts off: the longest stretch in it, ns (the in-tree's search of a "
             "full pool: one of 29484, p99.9 68472)\n"
             "own: each 64 stretches in a row with their median of all repetitions\n"
             "{:<34}{:>9}{:>9}{:>9}{:>12}{:>14}\n",
             "pool and map", "p50", "p99", "p99.9", "own p99.9", "all of it");
  for (const auto &[name, figures] : run.of)
    if (name.starts_with("held"))
      fmt::print("{:<34}{:>9.0f}{:>9.0f}{:>9.0f}{:>12.0f}{:>14.0f}\n", name,
                 *get(run, name, "held_p50_ns"), *get(run, name, "held_p99_ns"),
                 *get(run, name, "held_p999_ns"), *get(run, name, "own_p999_ns"),
                 *get(run, name, "map_p50_ns"));
}

std::optional<double> throughput(const Run &run, const Throughput &t) {
  const auto pairs = get(run, fmt::format("throughput/4K/areas:{}/threads:{}", t.areas, t.threads),
                         "items_per_second");
  return pairs ? std::optional(*pairs / 1e6) : std::nullopt;
}

// Of nanoseconds of each thread.
double in_tree(const Throughput &t) { return t.in_tree > 0 ? t.threads * 1e3 / t.in_tree : 0; }

void print_throughputs(const Run &run) {
  fmt::print("\npairs of 4 KiB, no copy: million a second of all threads, by the wall's clock "
             "(the in-tree's on its own machine)\n"
             "{:<34}{:>9}{:>10}\n",
             "areas, threads", "ours", "in-tree");
  for (const Throughput &t : kThroughputs)
    if (const auto ours = throughput(run, t))
      fmt::print("{:<34}{:>9.1f}{:>10}\n", fmt::format("{}, {}", t.areas, t.threads), *ours,
                 t.in_tree > 0 ? fmt::format("{:.1f}", in_tree(t)) : "-");
}

void print_others(const Run &run) {
  fmt::print("\nothers (the in-tree's lookup: 0.55 ns in one static pool, 4.1 with SWIOTLB_DYNAMIC "
             "and 14 to 16 in 16)\n{:<34}{:>9}{:>13}\n",
             "case", "ns", "of a memcpy");
  for (const auto &[name, figures] : run.of)
    for (const std::string_view prefix : {"sync/", "lookup/", "direct/", "memcpy_cold/"})
      if (name.starts_with(prefix))
        fmt::print("{:<34}{:>9.1f}{:>13.2f}\n", name, *get(run, name, "ns"),
                   *get(run, name, "ratio"));
}

void print_counts(const Run &run) {
  fmt::print(
      "\ninstructions of a pair by callgrind, no copy (cold: of maps of a pool where nothing was "
      "hot)\n{:<28}{:>9}{:>9}\n",
      "case/size/depth or fill", "ours", "in-tree");
  for (const Count &c : kCounts)
    if (const auto n = get(run, "instructions/" + std::string(c.name), "instructions"))
      fmt::print("{:<28}{:>9.0f}{:>9}\n", c.name, *n,
                 c.in_tree > 0 ? fmt::format("{:.0f}", c.in_tree) : "-");
}

struct Target {
  std::string_view what;
  std::optional<double> value;
  double limit;
  bool at_least;
  std::string_view in_tree;
};

// p99.9 as timed, of the empty pool's median.
constexpr double kTailLimit = 5;
std::optional<double> tail(const Run &run, const char *name) {
  const auto p999 = get(run, name, "p999_ns"), p50 = get(run, "fill/mix/4K/percent:0", "p50_ns");
  return p999 && p50 && *p50 > 0 ? std::optional(*p999 / *p50) : std::nullopt;
}
std::optional<double> control_tail(const Run &run) { return tail(run, "fill/control/4K"); }

// Can a pool not meet the limit now, as maps of an empty one do not?
bool is_noisy(const Run &run) {
  const auto control = control_tail(run);
  return control && *control > kTailLimit;
}

// The number of targets that are not met, of all or of those of instructions.
int print_targets(const Run &run, bool only_counts = false) {
  auto value = [&](const char *name, const char *key) { return get(run, name, key); };
  auto quotient = [&](std::optional<double> a, std::optional<double> b) {
    return a && b && *b > 0 ? std::optional(*a / *b) : std::nullopt;
  };
  const char *pair4 = "alloc/4K/depth:1/areas:2/threads:1";
  const Target targets[] = {
      {"no copy 4 KiB, of a memcpy", value(pair4, "ratio"), 0.25, false, "1.06"},
      {"no copy 4 KiB, instructions", value("instructions/alloc/4096/1", "instructions"), 400,
       false, "2216"},
      {"no copy 64 KiB, instructions", value("instructions/alloc/65536/1", "instructions"), 800,
       false, "2982"},
      // Both in memcpys of their threads, or what two of them leave each other of a core is in it;
      // the in-tree's is of nanoseconds.
      {"2 threads, of one's cost",
       quotient(value("alloc/4K/depth:1/areas:2/threads:2", "ratio"), value(pair4, "ratio")), 1.15,
       false, "1.48"},
      {"8 threads' p99.9, of one's",
       quotient(value("latency/4K/threads:8", "p999_ns"), value("latency/4K/threads:1", "p999_ns")),
       5, false, "-"},
      {"TO_DEVICE 4 KiB, of a memcpy",
       value("copy/to_device/4K/depth:1/areas:2/threads:1", "ratio"), 1.35, false, "1.8"},
      {"TO_DEVICE 64 KiB, of a memcpy",
       value("copy/to_device/64K/depth:1/areas:2/threads:1", "ratio"), 1.15, false, "3.1"},
      {"TO_DEVICE 256 KiB, of a memcpy",
       value("copy/to_device/256K/depth:1/areas:2/threads:1", "ratio"), 1.1, false, "3.0"},
      {"99 % full 4 KiB: own p99.9, of empty p50",
       quotient(value("fill/mix/4K/percent:99", "own_p999_ns"),
                value("fill/mix/4K/percent:0", "own_p50_ns")),
       kTailLimit, false, "-"},
      {"the same, as timed", tail(run, "fill/mix/4K/percent:99"), kTailLimit, false, "69"},
      {"a map that fails again, fragmented, p50 ns", value("fragmented/64K", "fail_p50_ns"), 1000,
       false, "29484"},
      {"the same, p99.9 ns", value("fragmented/64K", "fail_p999_ns"), 1000, false, "68472"},
      {"a map: interrupts off at a time, own p99.9 ns", most_of(run, "held/", "own_p999_ns"), 1000,
       false, "68472"},
      {"churn at 95 %: 64 KiB maps failed, %", value("churn/percent:95", "fail_percent"), 29.5,
       false, "59"},
      {"mix until the first failure, payload %", value("capacity/mix/areas:1", "payload_percent"),
       95, true, "79"},
      {"the same with min_align_mask 4095", value("capacity/mix/align:4095", "payload_percent"), 85,
       true, "67"},
      {"mappings of 64 B in 64 MiB", value("capacity/64B", "live"), 131072, true, "32768"},
      {"metadata, % of the pool", value("metadata/areas:2", "percent"), 1.17, false, "1.17"},
      {"metadata, filled with the mix", value("capacity/mix/areas:1", "metadata_percent"), 1.17,
       false, "1.17"},
  };
  int missed = 0, all = 0;
  fmt::print("\n{:<46}{:>12}{:>12}{:>10}\n", "target", "ours", "limit", "in-tree");
  for (const Target &t : targets) {
    if (only_counts && !t.what.ends_with("instructions"))
      continue;
    all++;
    const bool met = t.value && (t.at_least ? *t.value >= t.limit : *t.value <= t.limit);
    missed += !met;
    fmt::print("{:<46}{:>12}{:>3}{:>9.6g}{:>10}  {}\n", t.what,
               t.value ? fmt::format("{:.6g}", *t.value) : "-", t.at_least ? ">=" : "<=", t.limit,
               t.in_tree,
               met       ? "met"
               : t.value ? "NOT MET"
                         : "not measured");
  }
  if (const auto control = control_tail(run))
    fmt::print("p99.9 of empty p50 as timed, of an empty pool beside the same churn: {:.2f}{}\n",
               *control, is_noisy(run) ? ": this machine was too busy to tell a pool's" : "");
  if (const auto percent = value("capacity/64B", "metadata_percent"))
    fmt::print("metadata, filled with mappings of 64 B: {:.2f} % of the pool\n", *percent);
  fmt::print("{} of {} targets met\n", all - missed, all);
  return missed;
}

// ---- two runs ----

// What is compared of a benchmark: the first of these that it has.
constexpr const char *kCompared[] = {"ratio",        "p999_ns",         "payload_percent",
                                     "instructions", "fail_percent",    "percent",
                                     "held_p50_ns",  "items_per_second"};

void compare(const Run &before, const Run &after) {
  std::string rows;
  for (const auto &[name, figures] : after.of)
    for (const char *key : kCompared) {
      const auto old = maybe(before, name, key), now = maybe(after, name, key);
      if (!old || !now)
        continue;
      rows += fmt::format("{:<60}{:>16}{:>11.5g}{:>11.5g}{:>9}\n", name, key, *old, *now,
                          *old != 0 ? fmt::format("{:.3f}", *now / *old) : "-");
      break;
    }
  if (rows.empty())
    die(2, fmt::format("{} and {} have no figure in common; give two runs of the same benchmarks",
                       before.dir.string(), after.dir.string()));
  fmt::print("{:<60}{:>16}{:>11}{:>11}{:>9}\n{}", "benchmark", "figure", "before", "after", "ratio",
             rows);
}

// ---- plots ----

class Plot {
public:
  Plot(const fs::path &dir, const std::string &name, std::string_view settings)
      : out_(dir / (name + ".gp")) {
    if (!out_)
      die(4, fmt::format("{} can not be written", (dir / name).string()));
    out_ << fmt::format(
        "set terminal svg noenhanced size 900,500 font 'sans,13' background 'white'\n"
        "set output '{}'\nset key outside below\nset grid\n{}\n",
        (dir / (name + ".svg")).string(), settings);
  }
  void line(std::string_view title, std::span<const std::pair<double, double>> points) {
    out_ << "$d" << lines_.size() << " << EOD\n";
    for (const auto &[x, y] : points)
      out_ << fmt::format("{} {}\n", x, y);
    out_ << "EOD\n";
    lines_.push_back(
        fmt::format("$d{} using 1:2 with linespoints title '{}'", lines_.size(), title));
  }
  ~Plot() {
    out_ << "plot ";
    for (size_t i = 0; i < lines_.size(); i++)
      out_ << (i ? ", " : "") << lines_[i];
    out_ << "\n";
  }
  Plot(const Plot &) = delete;
  Plot &operator=(const Plot &) = delete;

private:
  std::ofstream out_;
  std::vector<std::string> lines_;
};

using Points = std::vector<std::pair<double, double>>;

void write_plots(const Run &run, const fs::path &dir) {
  constexpr std::string_view all_sizes[] = {"64B", "512B", "2K", "4K", "16K",
                                            "64K", "256K", "1M", "4M"};
  {
    Plot plot(dir, "size",
              "set title 'map and unmap against size'\nset logscale xy\nset xlabel 'bytes'\n"
              "set ylabel 'time of a pair, of a cache-hot memcpy'");
    for (const Case &c : {kNoCopy, kToDevice}) {
      Points ours, theirs;
      for (const auto size : all_sizes)
        if (const auto r = get(run, sized(c.name, size), "ratio"))
          ours.emplace_back(bytes_of(size), *r);
      for (size_t i = 0; i < kSizes.size(); i++)
        theirs.emplace_back(bytes_of(kSizes[i]), c.in_tree[i] / kMemcpy[i]);
      plot.line(fmt::format("{}: ours", c.title), ours);
      plot.line(fmt::format("{}: in-tree", c.title), theirs);
    }
  }
  {
    Plot plot(dir, "fill",
              "set title 'one map of 4 KiB in a pool filled with the mix'\nset logscale y\n"
              "set xlabel 'fill, percent'\nset ylabel 'ratio: to the empty pool p50'");
    for (const auto &[key, title] :
         {std::pair{"p50_ns", "p50"}, {"p999_ns", "p99.9"}, {"own_p999_ns", "own p99.9"}}) {
      const bool own = std::string_view(key).starts_with("own");
      const auto base = get(run, "fill/mix/4K/percent:0", own ? "own_p50_ns" : "p50_ns");
      Points ours, theirs;
      for (const int percent : {0, 50, 90, 95, 99}) {
        const auto v = get(run, fmt::format("fill/mix/4K/percent:{}", percent), key);
        if (v && base && *base > 0)
          ours.emplace_back(percent, *v / *base);
      }
      for (const Fill &f : std::span(kFills).first(5)) {
        const double v = own ? 0 : key == std::string_view("p50_ns") ? f.p50 : f.p999;
        if (v > 0)
          theirs.emplace_back(std::stod(std::string(f.name.substr(f.name.rfind(':') + 1))),
                              v / kFills[0].p50);
      }
      plot.line(fmt::format("{}: ours", title), ours);
      if (!own)
        plot.line(fmt::format("{}: in-tree", title), theirs);
    }
  }
  {
    Plot plot(dir, "threads",
              "set title 'throughput of map and unmap of 4 KiB, no copy'\nset yrange [0:*]\n"
              "set xlabel 'threads'\nset ylabel 'million pairs a second of all threads'");
    Points ours, ours_one, theirs;
    for (const Throughput &t : kThroughputs) {
      if (const auto v = throughput(run, t))
        (t.areas == 2 ? ours : ours_one).emplace_back(t.threads, *v);
      if (t.areas == 2 && t.in_tree > 0)
        theirs.emplace_back(t.threads, in_tree(t));
    }
    plot.line("ours, 2 areas", ours);
    plot.line("ours, 1 area", ours_one);
    plot.line("in-tree, 2 areas, on its own machine", theirs);
  }
}

constexpr const char *kUsage =
    "usage: report RUN                    its figures beside the in-tree's; exit code 1 where a\n"
    "                                     target is missed\n"
    "       report --counts RUN           the instructions alone\n"
    "       report --noisy RUN            exit code 0 where the machine was too busy to tell a\n"
    "                                     pool's p99.9, as an empty pool's was over the limit; 1\n"
    "                                     where it was not\n"
    "       report --compare RUN RUN      ratios of two runs\n"
    "       report --plots RUN DIR        gnuplot's input, in DIR\n"
    "RUN: a directory that scripts/bench wrote\n";

int report(std::span<const std::string> args) {
  if (args.size() == 1 && args[0][0] != '-') {
    const Run run = read_run(args[0]);
    print_pairs(run);
    print_fills(run);
    print_held(run);
    print_throughputs(run);
    print_others(run);
    print_counts(run);
    return print_targets(run) ? 1 : 0;
  }
  if (args.size() == 2 && args[0] == "--counts") {
    Run run{args[1], {}};
    read_counts(run, args[1]);
    print_counts(run);
    return print_targets(run, true) ? 1 : 0;
  }
  if (args.size() == 2 && args[0] == "--noisy")
    return is_noisy(read_run(args[1])) ? 0 : 1;
  if (args.size() == 3 && args[0] == "--compare") {
    compare(read_run(args[1]), read_run(args[2]));
    return 0;
  }
  if (args.size() == 3 && args[0] == "--plots") {
    write_plots(read_run(args[1]), args[2]);
    return 0;
  }
  fmt::print(stderr, "{}", kUsage);
  return 2;
}

} // namespace

int main(int argc, char **argv) {
  try {
    return report(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception &e) {
    std::fputs("report: ", stderr);
    std::fputs(e.what(), stderr);
    std::fputs("\n", stderr);
    return 4;
  }
}
