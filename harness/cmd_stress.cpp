// SPDX-License-Identifier: GPL-2.0
// xswiotlb stress: everything at random, from one seed.
#include "clock.h"
#include "commands.h"
#include "job.h"
#include "stress.h"
#include "words.h"

#include <chrono>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

namespace xsw {
namespace {

constexpr uint64_t default_ops = 1000000;

struct Options {
  uint64_t seed = 0;
  std::string ops;
  std::string time;
  unsigned threads = 2;
  std::string engines = "sim:3,edu:all";
  uint64_t min_edu_transfers = 0;
  Output output;
  Eta eta;
};

constexpr unsigned all_edu = UINT32_MAX;

// "sim:4,edu:2"; a kind that is not named has none, but sim at least one.
Result<void> parse_engines(const std::string &text, StressPlan &plan) {
  plan.sim = 1;
  plan.edu = 0;
  size_t from = 0;
  while (from <= text.size()) {
    const size_t comma = std::min(text.find(',', from), text.size());
    const std::string item = text.substr(from, comma - from);
    const size_t colon = std::min(item.find(':'), item.size());
    const std::string kind = item.substr(0, colon);
    const std::string number = colon < item.size() ? item.substr(colon + 1) : "1";
    uint64_t count = 0;
    const bool all = kind == "edu" && number == "all";
    if ((kind != "sim" && kind != "edu") ||
        (!all && (!parse_count(number, count) || count > 64 || (kind == "sim" && count < 1))))
      return usage_error(fmt::format(
          "--engines={}: '{}' must be sim:1 to sim:64, edu:0 to edu:64, or edu:all", text, item));
    if (kind == "sim")
      plan.sim = static_cast<unsigned>(count);
    else
      plan.edu = all ? all_edu : static_cast<unsigned>(count);
    from = comma + 1;
  }
  return {};
}

Result<StressPlan> make_plan(const Options &options) {
  StressPlan plan;
  plan.seed = options.seed ? options.seed : std::random_device{}() | 1U;
  plan.threads = options.threads;
  plan.min_edu_transfers = options.min_edu_transfers;
  if (!options.ops.empty() && (!parse_count(options.ops, plan.ops) || !plan.ops))
    return usage_error(
        fmt::format("--ops={}: must be 1 or more, as 500000, 500k or 10m", options.ops));
  if (!options.time.empty() && (!parse_duration(options.time, plan.time_ms) || !plan.time_ms))
    return usage_error(
        fmt::format("--time={}: must be 1ms or more, as 500ms, 30s, 2m or 1h", options.time));
  if (!plan.ops && !plan.time_ms)
    plan.ops = default_ops;
  if (auto parsed = parse_engines(options.engines, plan); !parsed)
    return tl::unexpected(parsed.error());
  return plan;
}

struct Summary {
  Environment environment;
  StressPlan plan;
  StressTally tally;
  double seconds = 0;
  uint64_t quarantined_pages = 0;

  Exit exit() const {
    Exit exit = Exit::verified;
    if (tally.failure)
      exit = worse(exit, tally.failure->exit);
    if (tally.leaks.any() || quarantined_pages)
      exit = worse(exit, Exit::device);
    if (tally.mismatches)
      exit = worse(exit, Exit::mismatch);
    return exit;
  }
  double rate() const { return seconds > 0 ? static_cast<double>(tally.mappings) / seconds : 0; }
  std::string text() const;
  nlohmann::json json() const;
};

std::string Summary::text() const {
  std::string text = environment_text(environment);
  text += fmt::format("seed        {}\n", plan.seed);
  text += fmt::format("mappings    {} in {:.1f} s: {:.0f}/s, {} threads, {} shared sim engines, {} "
                      "edu engines\n",
                      tally.mappings, seconds, rate(), plan.threads, plan.sim, plan.edu);
  text += fmt::format("jobs        {}, {} compared\n", tally.jobs, human_bytes(tally.bytes));
  text += fmt::format("sequences   {} of map, transfer, sync and unmap against the model\n",
                      tally.sequences);
  text += fmt::format("edu         {} transfers by the device\n", tally.edu_transfers);
  text += fmt::format("paths       {}\n", counts_text(tally.reasons, reason_name));
  text += fmt::format("of the host {}\n", counts_text(tally.host_reasons, reason_name));
  text += fmt::format("refusals    {}; {} repeated after a full pool\n",
                      counts_text(tally.causes, cause_name), tally.retries);
  text += fmt::format("wrong ops   {}, each refused with its errno and cause\n", tally.injected);
  text += fmt::format("made        {} engines, {} buffers; {} sessions closed with all in them\n",
                      tally.engines, tally.buffers, tally.abandoned);
  if (tally.grants_refused)
    text += fmt::format("grants      {} requests were refused by gntalloc or gntdev\n",
                        tally.grants_refused);
  text += fmt::format("mismatches  {}\n", tally.mismatches);
  text +=
      fmt::format("leaks       {}{}\n", tally.leaks.text(),
                  quarantined_pages ? fmt::format(", {} pages kept from reuse", quarantined_pages)
                                    : std::string());
  for (const std::string &line : tally.mismatch_texts)
    text += fmt::format("MISMATCH    {}\n", line);
  if (tally.failure)
    text += fmt::format("ERROR       {}\n", tally.failure->text());
  text += fmt::format("verdict     {} (exit code {})\n", verdict(exit()), static_cast<int>(exit()));
  return text;
}

nlohmann::json Summary::json() const {
  nlohmann::json json{
      {"schema_version", schema_version},
      {"tool", "xswiotlb"},
      {"tool_version", tool_version},
      {"time", environment.date},
      {"environment", environment_json(environment)},
      {"seed", plan.seed},
      {"threads", plan.threads},
      {"sim_engines", plan.sim},
      {"edu_engines", plan.edu},
      {"mapping_operations", tally.mappings},
      {"runtime_s", seconds},
      {"mapping_operations_per_s", rate()},
      {"jobs", tally.jobs},
      {"bytes", tally.bytes},
      {"sequences", tally.sequences},
      {"edu_transfers", tally.edu_transfers},
      {"paths", counts_json(tally.reasons, reason_name)},
      {"paths_in_host_environment", counts_json(tally.host_reasons, reason_name)},
      {"refusals", counts_json(tally.causes, cause_name)},
      {"retries", tally.retries},
      {"wrong_operations_refused", tally.injected},
      {"engines_opened", tally.engines},
      {"buffers_made", tally.buffers},
      {"grants_refused", tally.grants_refused},
      {"sessions_abandoned", tally.abandoned},
      {"mismatches", tally.mismatches},
      {"mismatch_messages", tally.mismatch_texts},
      {"leaks", tally.leaks.json()},
      {"quarantined_pages", quarantined_pages},
      {"exit_code", static_cast<int>(exit())},
      {"verdict", verdict(exit())},
  };
  if (tally.failure)
    json["error"] = tally.failure->text();
  return json;
}

StressTally run_threads(StressShared &shared, const Eta &eta) {
  const StressPlan &plan = shared.plan;
  const unsigned threads = plan.threads + plan.edu;
  std::vector<StressTally> tallies(threads);
  std::atomic<unsigned> running{threads};
  {
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < threads; ++i)
      workers.emplace_back([&, i] {
        tallies[i] =
            i < plan.threads ? stress_sim(shared, i) : stress_edu(shared, i - plan.threads);
        --running;
      });
    const uint64_t start = now_ns();
    const unsigned every = isatty(STDERR_FILENO) ? 10 : 100; // tenths of a second
    for (unsigned tenths = 1; running && eta.wanted(); ++tenths) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      if (tenths % every)
        continue;
      const uint64_t done = shared.mappings;
      const double seconds = static_cast<double>(now_ns() - start) * 1e-9;
      eta.show(fmt::format("stress: {:.0f} s, {} mappings{}, {:.0f}/s, {} edu transfers", seconds,
                           done, plan.ops ? fmt::format(" of {}", plan.ops) : std::string(),
                           static_cast<double>(done) / seconds, shared.edu_transfers.load()));
    }
    eta.clear();
  }
  StressTally all;
  for (const StressTally &tally : tallies)
    all.merge(tally);
  return all;
}

// Sessions that were closed with work under way end a little later; then all must be back.
Result<Leaks> leftovers(const Device &device) {
  for (int i = 0;; ++i) {
    auto leaks = Leaks::read(device, 0);
    if (!leaks || !leaks->any() || i == 50)
      return leaks;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

Result<Summary> stress(const Options &options) {
  auto made = make_plan(options);
  if (!made)
    return tl::unexpected(made.error());
  StressPlan &plan = *made;
  const auto device = Device::open();
  if (!device)
    return tl::unexpected(device.error());
  const auto info = device->query();
  if (!info)
    return tl::unexpected(info.error());
  if (plan.edu == all_edu)
    plan.edu = info->nr_edu;
  if (plan.edu > info->nr_edu || (plan.min_edu_transfers && !plan.edu))
    return tl::unexpected(
        Error{.what = fmt::format("{} edu devices are wanted, {} are there", std::max(plan.edu, 1U),
                                  info->nr_edu),
              .device = device->path(),
              .err = 0,
              .cause = XSW_CAUSE_NONE,
              .advice = "start the guest with more -device edu, or give --engines=sim:N",
              .exit = Exit::environment});
  const auto before = device->stats(0);
  if (!before)
    return tl::unexpected(before.error());
  fmt::print(stderr, "stress: seed {}\n", plan.seed);

  std::vector<StressEngine> engines;
  Random random(derive_seed(plan.seed, UINT32_MAX));
  for (unsigned i = 0; i < plan.sim; ++i) {
    auto engine = StressEngine::open(*device, random_engine(random, i == 0, on_xen(*info)), *info);
    if (!engine)
      return tl::unexpected(engine.error());
    engines.push_back(std::move(*engine));
  }

  Summary summary;
  summary.environment = Environment::of(*info);
  const uint64_t start = now_ns();
  StressShared shared{.plan = plan,
                      .info = *info,
                      .device = *device,
                      .engines = engines,
                      .deadline_ns = start + plan.time_ms * 1000000};
  summary.tally = run_threads(shared, options.eta);
  summary.seconds = static_cast<double>(now_ns() - start) * 1e-9;
  summary.plan = plan;
  summary.tally.engines += plan.sim;

  Leaks &leaks = summary.tally.leaks;
  for (StressEngine &engine : engines) {
    const auto left = Leaks::read(*device, engine.engine.handle());
    if (!left)
      return tl::unexpected(left.error());
    leaks.pool_slots += engine.host() ? 0 : left->pool_slots;
    if (auto closed = engine.engine.close(); !closed && !summary.tally.failure)
      summary.tally.failure = closed.error();
  }
  const auto left = leftovers(*device);
  const auto after = device->stats(0);
  if (!left || !after)
    return tl::unexpected(left ? after.error() : left.error());
  leaks.pool_slots += left->pool_slots - std::min<uint64_t>(left->pool_slots, before->pool_used);
  leaks.mappings += left->mappings;
  leaks.buffers += left->buffers;
  leaks.pinned_bytes += left->pinned_bytes;
  summary.quarantined_pages = after->nr_quarantined - before->nr_quarantined;
  return summary;
}

} // namespace

Command add_stress(CLI::App &app) {
  CLI::App *command =
      app.add_subcommand("stress", "everything at random from one seed, compared byte by byte");
  auto options = std::make_shared<Options>();
  command->add_option("--seed", options->seed, "of the run; 0: a random one, which is printed")
      ->capture_default_str();
  command->add_option("--ops", options->ops,
                      "mappings to make, as 10m; 1000000 where no --time is given");
  command->add_option("--time", options->time, "stop then, as 30s or 2m");
  command->add_option("--threads", options->threads, "threads of sim load, 1 to 64")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command
      ->add_option("--engines", options->engines,
                   "sim engines that the threads share, and edu devices, each with a thread of its "
                   "own")
      ->capture_default_str();
  command
      ->add_option("--min-edu-transfers", options->min_edu_transfers,
                   "go on until the edu devices have made as many")
      ->capture_default_str();
  options->output.add_to(*command);
  options->eta.add_to(*command);
  return [options] {
    if (auto good = options->output.resolve(); !good)
      return complain(good.error());
    const auto summary = stress(*options);
    if (!summary)
      return complain(summary.error());
    if (auto done =
            options->output.write([&] { return summary->text(); }, [&] { return summary->json(); });
        !done)
      return complain(done.error());
    return summary->exit();
  };
}

} // namespace xsw
