// SPDX-License-Identifier: GPL-2.0
// xswiotlb info: what is there.
#include "commands.h"
#include "device.h"
#include "report.h"

#include <array>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace xsw {
namespace {

struct Feature {
  uint64_t bit;
  std::string_view name;
};

constexpr std::array<Feature, 9> features{{{XSW_FEAT_JOB, "job"},
                                           {XSW_FEAT_JOBV, "jobv"},
                                           {XSW_FEAT_FIXED, "fixed-buffers"},
                                           {XSW_FEAT_SIM, "sim"},
                                           {XSW_FEAT_EDU, "edu"},
                                           {XSW_FEAT_KERNEL_OPS, "kernel-ops"},
                                           {XSW_FEAT_SIM_HOST, "sim-host"},
                                           {XSW_FEAT_MMIO, "mmio"},
                                           {XSW_FEAT_MEASURE, "measure"}}};

std::string text_of(const Environment &environment, const xsw_stats &stats) {
  const xsw_info &info = environment.info;
  std::string names;
  for (const Feature &feature : features)
    if (info.features & feature.bit)
      names += fmt::format("{}{}", names.empty() ? "" : ", ", feature.name);
  return environment_text(environment) +
         fmt::format("device      {}\n"
                     "features    {}\n"
                     "pool        {} slots of {}, {} used, at most {}, {} areas\n"
                     "mapping     bounced up to {} at once here, {} a job, {} jobs a vector\n"
                     "session     {} buffers, {} mappings, {} engines, {} pinned\n"
                     "engines     sim (any number), edu: {} {}\n",
                     default_device, names, stats.pool_slots, human_bytes(info.slot_size),
                     stats.pool_used, stats.pool_hiwater, stats.nr_areas,
                     human_bytes(info.max_mapping), human_bytes(info.max_len), info.max_vector,
                     info.max_buffers, info.max_mappings, info.max_engines,
                     human_bytes(info.max_pinned), info.nr_edu,
                     info.nr_edu == 1 ? "device" : "devices");
}

nlohmann::json json_of(const Environment &environment, const xsw_stats &stats) {
  const xsw_info &info = environment.info;
  nlohmann::json json{{"schema_version", schema_version},
                      {"tool", "xswiotlb"},
                      {"tool_version", tool_version},
                      {"environment", environment_json(environment)},
                      {"device", default_device},
                      {"pool",
                       {{"slots", stats.pool_slots},
                        {"used_slots", stats.pool_used},
                        {"hiwater_slots", stats.pool_hiwater},
                        {"areas", stats.nr_areas}}},
                      {"limits",
                       {{"max_mapping_bytes", info.max_mapping},
                        {"max_len_bytes", info.max_len},
                        {"max_vector_jobs", info.max_vector},
                        {"max_buffers", info.max_buffers},
                        {"max_mappings", info.max_mappings},
                        {"max_engines", info.max_engines},
                        {"max_pinned_bytes", info.max_pinned}}}};
  json["features"] = nlohmann::json::array();
  for (const Feature &feature : features)
    if (info.features & feature.bit)
      json["features"].push_back(feature.name);
  return json;
}

} // namespace

Command add_info(CLI::App &app) {
  CLI::App *command = app.add_subcommand("info", "show device, module, environment and limits");
  auto output = std::make_shared<Output>();
  output->add_to(*command);
  return [output] {
    if (auto good = output->resolve(); !good)
      return complain(good.error());
    const auto device = Device::open();
    if (!device)
      return complain(device.error());
    const auto info = device->query();
    if (!info)
      return complain(info.error());
    const auto stats = device->stats(0);
    if (!stats)
      return complain(stats.error());
    const Environment environment = Environment::of(*info);
    if (auto done = output->write([&] { return text_of(environment, *stats); },
                                  [&] { return json_of(environment, *stats); });
        !done)
      return complain(done.error());
    return Exit::verified;
  };
}

} // namespace xsw
