// SPDX-License-Identifier: GPL-2.0
// xswiotlb run: the jobs of a file, one after the other.
#include "clock.h"
#include "commands.h"
#include "report.h"

#include <chrono>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>
#include <thread>

namespace xsw {
namespace {

struct Options {
  std::string file;
  std::vector<std::string> sections;
  std::vector<Setting> settings;
  bool parse_only = false;
  bool showcmd = false;
  std::string cmdhelp;
  Output output;
  Eta eta;
};

xsw_engine_open engine_of(const Job &job, uint64_t seed) {
  xsw_engine_open op{};
  const bool sim = job.engine == XSW_ENGINE_SIM;
  op.flags = (job.force_bounce ? XSW_ENGINE_FORCE_BOUNCE : 0U) |
             (job.no_bounce ? XSW_ENGINE_NO_BOUNCE : 0U) | (job.no_m2p ? XSW_ENGINE_NO_M2P : 0U) |
             (job.no_flush ? XSW_ENGINE_NO_FLUSH : 0U);
  op.kind = job.engine;
  op.index = sim ? 0 : job.engine_index;
  op.ops = job.ops;
  op.dma_bits = job.mask_bits;
  op.p2m = job.p2m;
  op.seed = job.p2m == XSW_P2M_SHUFFLED ? static_cast<uint32_t>(seed) : 0;
  op.p2m_offset = job.p2m == XSW_P2M_OFFSET ? job.p2m_offset : 0;
  op.min_align_mask = job.min_align_mask;
  op.pool_kib = static_cast<uint32_t>((job.pool_bytes + 1023) / 1024);
  op.seg_boundary = job.seg_boundary;
  op.latency_us = static_cast<uint32_t>(job.latency_us);
  return op;
}

// What only the device knows to be too much.
Result<void> check_limits(const Job &job, const xsw_info &info, const Engine &engine) {
  const uint64_t most = std::min<uint64_t>(engine.max_transfer(), info.max_len);
  if (job.size.high > most)
    return usage_error(fmt::format("job '{}': size={}: this engine moves at most {} bytes at once",
                                   job.name, show_size(job.size.high), most));
  if (job.batch > 1 && job.batch > info.max_vector)
    return usage_error(fmt::format("job '{}': batch={}: the module takes at most {}", job.name,
                                   job.batch, info.max_vector));
  return {};
}

void show_progress(const Eta &eta, const Shared &shared, uint64_t start_ns) {
  const Job &job = shared.job;
  const uint64_t done = shared.jobs_done.load(std::memory_order_relaxed);
  const double seconds = static_cast<double>(now_ns() - start_ns) * 1e-9;
  double share = job.runtime_ms ? seconds * 1000 / static_cast<double>(job.runtime_ms) : 0;
  if (job.job_limit() != UINT64_MAX)
    share = std::max(share, static_cast<double>(done) / static_cast<double>(job.job_limit()));
  eta.show(fmt::format("{}: {:.0f} %, {} jobs, {:.0f} jobs/s", job.name, std::min(share, 1.0) * 100,
                       done, seconds > 0 ? static_cast<double>(done) / seconds : 0));
}

Tally run_threads(Shared &shared, const Eta &eta) {
  const unsigned threads = shared.job.threads;
  std::vector<Tally> tallies(threads);
  std::atomic<unsigned> running{threads};
  const uint64_t start = now_ns();
  {
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < threads; ++i)
      workers.emplace_back([&, i] {
        tallies[i] = run_worker(shared, i);
        --running;
        running.notify_all();
      });
    if (eta.wanted()) {
      for (unsigned tenths = 0; running; ++tenths) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        if (tenths % 10 == 9)
          show_progress(eta, shared, start);
      }
      eta.clear();
    }
  }
  Tally all;
  for (const Tally &tally : tallies)
    all.merge(tally);
  return all;
}

JobReport run_job(const Job &job, uint64_t run_seed, const xsw_info &info, const Eta &eta) {
  JobReport report{.job = job,
                   .seed = job.seed ? job.seed : run_seed,
                   .tally = {},
                   .leaks = {},
                   .pool_slots = 0,
                   .pool_hiwater_slots = 0,
                   .p2m_lookups = {},
                   .complaints = {},
                   .failure = {}};
  const auto failed = [&](const Error &error) {
    report.failure = error;
    return report;
  };
  // A session of its own: what one job leaves behind is not counted against the next.
  const auto device = Device::open();
  if (!device)
    return failed(device.error());
  const auto engine = Engine::open(*device, engine_of(job, report.seed));
  if (!engine)
    return failed(engine.error());
  if (auto good = check_limits(job, info, *engine); !good)
    return failed(good.error());

  Shared shared{.device = *device, .engine = *engine, .job = job, .seed = report.seed};
  const auto lookups = HostNotes::read().p2m_lookups();
  report.tally = run_threads(shared, eta);
  if (lookups)
    report.p2m_lookups = HostNotes::read().p2m_lookups().value_or(*lookups) - *lookups;
  report.failure = report.tally.failure;
  if (!report.failure)
    report.complaints = unmet(job, report.tally);

  const auto stats = device->stats(engine->handle());
  const auto leaks = Leaks::read(*device, engine->handle());
  if (!stats || !leaks)
    return failed(stats ? leaks.error() : stats.error());
  report.pool_slots = stats->pool_slots;
  report.pool_hiwater_slots = stats->pool_hiwater;
  report.leaks = *leaks;
  return report;
}

// A job with ops=both, for one of them. The kernel's may fail in any way: that is an outcome.
Job side_of(const Job &job, xsw_ops_kind ops, uint64_t seed) {
  const bool kernel = ops == XSW_OPS_KERNEL;
  Job side = job;
  side.name += kernel ? ", kernel" : ", ours";
  side.ops = ops;
  side.both_ops = false;
  side.seed = seed;
  std::erase_if(side.expect_reasons, [&](unsigned reason) {
    return kernel != (reason == XSW_REASON_KERNEL_DIRECT || reason == XSW_REASON_KERNEL_OTHER);
  });
  if (kernel) {
    side.expect_causes.resize(XSW_NR_CAUSES);
    std::iota(side.expect_causes.begin(), side.expect_causes.end(), 0U);
  }
  return side;
}

// In short rounds, each side first in every other one, so that what else the machine does meets
// both.
void run_both(const Job &job, const xsw_info &info, const Eta &eta, RunReport &report) {
  constexpr uint64_t most_rounds = 10;
  const uint64_t seed = job.seed ? job.seed : report.seed;
  const uint64_t limit = job.job_limit();
  const uint64_t rounds = std::min(limit, most_rounds);
  const std::array<Job, 2> sides{side_of(job, XSW_OPS_OURS, seed),
                                 side_of(job, XSW_OPS_KERNEL, seed)};
  std::array<std::optional<JobReport>, 2> reports;
  for (uint64_t round = 0; round < rounds; ++round)
    for (uint64_t turn = 0; turn < 2; ++turn) {
      const size_t i = (round + turn) % 2;
      auto &all = reports.at(i);
      if (all && all->failure)
        continue;
      Job part = sides.at(i);
      if (limit != UINT64_MAX)
        part.count = limit / rounds + (round < limit % rounds ? 1 : 0);
      part.runtime_ms = (job.runtime_ms + rounds - 1) / rounds;
      const JobReport one = run_job(part, seed, info, eta);
      if (all)
        all->add(one);
      else
        all = one;
    }
  for (size_t i = 0; i < reports.size(); ++i) {
    JobReport &all = *reports.at(i);
    all.job = sides.at(i);
    all.baseline = i == 1;
    all.complaints.clear();
    if (all.baseline)
      all.job.expect_causes.clear();
    if (!all.failure)
      all.complaints = unmet(all.job, all.tally);
    report.jobs.push_back(std::move(all));
  }
  report.comparisons.push_back(
      {.name = job.name, .ours = report.jobs.size() - 2, .kernel = report.jobs.size() - 1});
  if (const auto &failure = report.jobs[report.comparisons.back().ours].failure)
    complain(*failure);
}

Exit run_jobs(const Options &options, const std::vector<Job> &jobs) {
  const auto device = Device::open();
  if (!device)
    return complain(device.error());
  const auto info = device->query();
  if (!info)
    return complain(info.error());

  RunReport report;
  report.environment = Environment::of(*info);
  report.seed = std::random_device{}() | 1U;
  for (const Job &job : jobs) {
    if (job.both_ops) {
      run_both(job, *info, options.eta, report);
      continue;
    }
    report.jobs.push_back(run_job(job, report.seed, *info, options.eta));
    if (const auto &failure = report.jobs.back().failure)
      complain(*failure);
  }
  if (auto done =
          options.output.write([&] { return report.text(); }, [&] { return report.json(); });
      !done)
    return complain(done.error());
  return report.exit();
}

Exit run(Options &options) {
  if (!options.cmdhelp.empty()) {
    if (options.cmdhelp == "all") {
      for (const Key &key : keys())
        fmt::print("{}\n", describe(key));
      return Exit::verified;
    }
    const Key *key = find_key(options.cmdhelp);
    if (!key)
      return complain(usage_error("--cmdhelp: " + unknown_key(options.cmdhelp)).value());
    fmt::print("{}", describe(*key));
    return Exit::verified;
  }
  if (auto good = options.output.resolve(); !good)
    return complain(good.error());
  if (options.file.empty() && options.settings.empty())
    return complain(usage_error("run needs a job file, or the keys of a job as options",
                                "`xswiotlb run --cmdhelp=all` lists them")
                        .value());

  std::vector<Job> jobs;
  if (options.file.empty()) {
    auto job = job_of(options.settings);
    if (!job)
      return complain(job.error());
    jobs.push_back(std::move(*job));
  } else {
    auto parsed = read_jobs(options.file, options.settings, options.sections);
    if (!parsed)
      return complain(parsed.error());
    jobs = std::move(*parsed);
  }
  if (options.showcmd)
    for (const Job &job : jobs)
      fmt::print("{}\n", command_line(job));
  if (options.parse_only && !options.showcmd)
    fmt::print("{}: {} {}, no error\n", options.file.empty() ? "command line" : options.file,
               jobs.size(), jobs.size() == 1 ? "job" : "jobs");
  if (options.showcmd || options.parse_only)
    return Exit::verified;
  return run_jobs(options, jobs);
}

} // namespace

Command add_run(CLI::App &app) {
  CLI::App *command = app.add_subcommand("run", "run mapping jobs and compare every byte");
  auto options = std::make_shared<Options>();
  command->add_option("JOBFILE", options->file, "job file, - for stdin");
  command->add_option("--section", options->sections, "only this section; may be repeated")
      ->type_name("NAME")
      ->take_all();
  command->add_flag("--parse-only", options->parse_only, "read and check the jobs, then stop");
  command->add_flag("--showcmd", options->showcmd, "print each job as a command line, then stop");
  command->add_option("--cmdhelp", options->cmdhelp, "explain a key, or all")->type_name("KEY");
  options->output.add_to(*command);
  options->eta.add_to(*command);
  for (const Key &key : keys()) {
    const auto take = [options, name = std::string(key.name),
                       flag = key.flag](const std::string &value) {
      options->settings.push_back({name, flag && value.empty() ? "1" : value});
    };
    std::string names = "--" + std::string(key.name);
    if (!key.alias.empty())
      names += ",--" + std::string(key.alias);
    // A flag's value may be left out, as in a job file.
    command->add_option_function<std::string>(names, take, std::string(key.help))
        ->type_name("")
        ->expected(key.flag ? 0 : 1, 1)
        ->group("Keys of a job (they outweigh the file's; --cmdhelp=KEY tells more)");
  }
  return [options] { return run(*options); };
}

} // namespace xsw
