// SPDX-License-Identifier: GPL-2.0
// How an operation is measured beside a memcpy of the same size, window by window in turn, so that
// both see the same machine. A window in which this thread was preempted does not count.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include <sys/resource.h>

#include <benchmark/benchmark.h>

#include "memory.h"
#include "world.hpp"

namespace xsw::bench {

// The library makes medians of what succeeds, and says nothing of a repetition that did not.
[[noreturn]] inline void die(const char *what) {
  std::fprintf(stderr, "bench: %s: no figure is valid\n", what);
  std::_Exit(4);
}

inline long preemptions() {
  rusage u;
  getrusage(RUSAGE_THREAD, &u);
  return u.ru_nivcsw;
}

template <typename F> double window_ns(F &&f, size_t times) {
  const auto start = Clock::now();
  for (size_t i = 0; i < times; i++)
    f();
  return ns(Clock::now() - start) / static_cast<double>(times);
}

constexpr size_t kWindows = 50;

// Medians of @op and of a cache-hot memcpy of @size, and the quartiles of their ratio. @op does
// @ops operations at once.
template <typename F> void measure(benchmark::State &state, size_t size, F &&op, size_t ops = 1) {
  const Memory from = huge_memory(size);
  const Memory to = huge_memory(size);
  auto copy = [&] { benchmark::DoNotOptimize(xsw_bench_copy(to.get(), from.get(), size)); };
  constexpr double window = 20'000;
  auto times = [](double once) { return std::max<size_t>(1, static_cast<size_t>(window / once)); };
  for (int i = 0; i < 3; i++)
    op(), copy();
  const size_t op_times = times(window_ns(op, 10));
  // At least as many as pairs: what is large is hot only behind other copies of it.
  const size_t copy_times = std::max(times(window_ns(copy, 10)), ops);

  std::vector<double> mine, memcpys, ratios;
  bool clean = false;
  while (state.KeepRunning()) {
    const long before = preemptions();
    op();
    const double a = window_ns(op, op_times) / static_cast<double>(ops);
    // What is as large as the cache was driven out of it by the pairs.
    copy();
    const double b = window_ns(copy, copy_times);
    state.SetIterationTime(a * 1e-9);
    const bool preempted = preemptions() != before;
    if (clean && preempted)
      continue;
    // Others count only where there is none without.
    if (!clean && !preempted)
      mine.clear(), memcpys.clear(), ratios.clear();
    clean |= !preempted;
    mine.push_back(a);
    memcpys.push_back(b);
    ratios.push_back(a / b);
  }
  using Counter = benchmark::Counter;
  state.counters["ns"] = Counter(percentile(mine, 50), Counter::kAvgThreads);
  state.counters["memcpy_ns"] = Counter(percentile(memcpys, 50), Counter::kAvgThreads);
  state.counters["ratio"] = Counter(percentile(ratios, 50), Counter::kAvgThreads);
  state.counters["ratio_q1"] = Counter(percentile(ratios, 25), Counter::kAvgThreads);
  state.counters["ratio_q3"] = Counter(percentile(ratios, 75), Counter::kAvgThreads);
}

// Of several threads the mean of theirs.
inline void counters(benchmark::State &state, const Ticks &ticks, std::vector<double> &times) {
  using Counter = benchmark::Counter;
  state.counters["p50_ns"] = Counter(ticks.percentile(times, 50), Counter::kAvgThreads);
  state.counters["p99_ns"] = Counter(ticks.percentile(times, 99), Counter::kAvgThreads);
  state.counters["p999_ns"] = Counter(ticks.percentile(times, 99.9), Counter::kAvgThreads);
  state.counters["p9999_ns"] = Counter(ticks.percentile(times, 99.99), Counter::kAvgThreads);
  state.counters["max_ns"] = Counter(ticks.percentile(times, 100), Counter::kAvgThreads);
}

using Body = std::function<void(benchmark::State &)>;

// By the time that @body sets itself, or by that of the wall.
inline benchmark::internal::Benchmark *add(const std::string &name, const Body &body,
                                           bool wall = false) {
#ifdef __clang_analyzer__ // which does not see that the library keeps what is registered
  static benchmark::internal::Benchmark *kept;
  return kept;
#else
  auto *b = benchmark::RegisterBenchmark(name.c_str(), body);
  return wall ? b->UseRealTime() : b->UseManualTime();
#endif
}

// The medians of nine repetitions count. scripts/bench has those of all cases take turns: what the
// host's other guests leave of the machine changes by the second, and is to be in all cases alike.
constexpr int kRepetitions = 9;
inline void repeated(benchmark::internal::Benchmark *b) {
  b->Repetitions(kRepetitions)->ReportAggregatesOnly();
}

// What one repetition timed of each map: the whole of it, or each of its parts.
struct Pass {
  std::vector<float> times;
  std::vector<u32> ends;    // of each map's times
  std::vector<bool> counts; // is a map one that figures are made of?
  u64 places = 0;           // where the maps came to be

  // What was timed since the last call was of one map.
  void end_map(bool count, u64 place) {
    ends.push_back(static_cast<u32>(times.size()));
    counts.push_back(count);
    places = places * 31 + place;
  }
};

// Adds @pass to @done. Each time counts with its median of all repetitions, and of a map's times
// the longest: what a map itself takes long for it takes long for in each of them, the machine
// holds up another each time. Only the last repetition has these percentiles, so that what is made
// of all repetitions is them.
inline void own_times(benchmark::State &state, const Ticks &ticks, std::vector<Pass> &done,
                      Pass pass) {
  done.push_back(std::move(pass));
  const Pass &first = done[0], &last = done.back();
  if (last.places != first.places || last.counts != first.counts || last.ends != first.ends)
    die("repetitions differ");
  if (done.size() != kRepetitions)
    return;
  std::vector<double> own;
  std::vector<float> one(kRepetitions);
  for (size_t map = 0, i = 0; map < first.ends.size(); map++) {
    float longest = 0;
    for (; i < first.ends[map]; i++) {
      std::transform(done.begin(), done.end(), one.begin(),
                     [&](const Pass &p) { return p.times[i]; });
      std::nth_element(one.begin(), one.begin() + kRepetitions / 2, one.end());
      longest = std::max(longest, one[kRepetitions / 2]);
    }
    if (first.counts[map])
      own.push_back(longest);
  }
  done.clear();
  state.counters["own_p50_ns"] = ticks.percentile(own, 50);
  state.counters["own_p99_ns"] = ticks.percentile(own, 99);
  state.counters["own_p999_ns"] = ticks.percentile(own, 99.9);
}

inline std::string size_name(size_t size) {
  return size < KiB   ? std::to_string(size) + "B"
         : size < MiB ? std::to_string(size / KiB) + "K"
                      : std::to_string(size / MiB) + "M";
}

constexpr size_t kSizes[] = {64,       512,       2 * KiB, 4 * KiB, 16 * KiB,
                             64 * KiB, 256 * KiB, MiB,     4 * MiB};

// One empty pool for all benchmarks with so many areas.
inline World &shared_world(unsigned int areas) {
  static std::mutex lock;
  static std::map<unsigned int, World> worlds;
  const std::lock_guard guard(lock);
  return worlds.try_emplace(areas, areas).first->second;
}

enum class Level { path, pool };

// map and unmap of @depth buffers in turn, by each of the benchmark's threads.
inline void pairs(benchmark::State &state, World &world, Level level, size_t size, size_t depth,
                  dma_data_direction dir) {
  const xsw_dev dev = device();
  const Memory source = huge_memory(size);
  xsw_seam_cpu = state.thread_index();
  bool failed = false;
  if (level == Level::pool)
    measure(
        state, size,
        [&] {
          failed |= !xsw_bench_pool_pairs(world.env().pool, &dev, source.get(), size, dir,
                                          XSW_BENCH_DEPTH / depth, depth);
        },
        XSW_BENCH_DEPTH);
  else
    measure(
        state, size,
        [&] {
          failed |= !xsw_bench_pairs(&world.env(), &dev, source.get(), size, dir,
                                     XSW_BENCH_DEPTH / depth, depth);
        },
        XSW_BENCH_DEPTH);
  if (failed)
    die("a map failed");
}

// The same, for each size, depth and number of threads; threads share a pool with @areas.
inline void add_pairs(const std::string &name, Level level, dma_data_direction dir) {
  struct Shape {
    size_t depth;
    int threads;
    unsigned int areas;
  };
  for (const Shape shape :
       {Shape{1, 1, 2}, {32, 1, 2}, {1, 2, 2}, {1, 4, 4}, {1, 8, 8}, {1, 2, 1}}) {
    for (const size_t size : kSizes) {
      if (shape.depth * size > kPoolBytes / 2)
        continue;
      // The shapes of several threads only at the sizes that stand for the rest.
      if (shape.threads > 1 && size != 64 && size != 4 * KiB && size != 64 * KiB)
        continue;
      add(name + "/" + size_name(size) + "/depth:" + std::to_string(shape.depth) +
              "/areas:" + std::to_string(shape.areas),
          [=](benchmark::State &state) {
            pairs(state, shared_world(shape.areas), level, size, shape.depth, dir);
          })
          ->Iterations(kWindows)
          ->Threads(shape.threads)
          ->Apply(repeated);
    }
  }
}

} // namespace xsw::bench
