// SPDX-License-Identifier: GPL-2.0
#include "report.h"
#include "words.h"

#include <cerrno>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

namespace xsw {
namespace {

JobReport good_report() {
  JobReport report{};
  report.job.name = "a";
  report.seed = 5;
  report.tally.jobs = 10;
  report.tally.bytes = 40960;
  report.tally.seconds = 2;
  report.tally.reasons[XSW_REASON_DIRECT] = 10;
  report.tally.reasons[XSW_REASON_BOUNCE_MASK] = 10;
  report.tally.placed_reasons[XSW_REASON_BOUNCE_MASK] = 10;
  for (uint64_t i = 1; i <= 100; ++i)
    report.tally.map_ns.add(i);
  return report;
}

TEST(Exit, WrongDataOutweighsEverything) {
  EXPECT_EQ(worse(Exit::mismatch, Exit::device), Exit::mismatch);
  EXPECT_EQ(worse(Exit::environment, Exit::mismatch), Exit::mismatch);
  EXPECT_EQ(worse(Exit::environment, Exit::device), Exit::device);
  EXPECT_EQ(worse(Exit::verified, Exit::environment), Exit::environment);
  EXPECT_EQ(worse(Exit::verified, Exit::verified), Exit::verified);
}

TEST(Exit, OfAJob) {
  EXPECT_EQ(good_report().exit(), Exit::verified);
  auto report = good_report();
  report.leaks.pool_slots = 1;
  EXPECT_EQ(report.exit(), Exit::device);
  report.tally.mismatches = 1;
  EXPECT_EQ(report.exit(), Exit::mismatch);
  report = good_report();
  report.complaints.emplace_back("x");
  EXPECT_EQ(report.exit(), Exit::mismatch);
  report = good_report();
  report.failure = Error{.what = "x",
                         .device = {},
                         .err = 0,
                         .cause = XSW_CAUSE_NONE,
                         .advice = {},
                         .exit = Exit::environment};
  EXPECT_EQ(report.exit(), Exit::environment);
}

TEST(HostNotes, AreShown) {
  std::istringstream lines("environment: xen_arm\nhypervisor: xen-4.17 arm dom0\n"
                           "XENFEAT_direct_mapped: 1\nnonsense\np2m_lookups: 17\n");
  Environment environment;
  environment.notes = HostNotes::parse(lines);
  ASSERT_EQ(environment.notes.all().size(), 2U);
  EXPECT_EQ(environment.notes.p2m_lookups(), 17U);
  EXPECT_NE(environment_text(environment).find("XENFEAT_direct_mapped 1, p2m_lookups 17\n"),
            std::string::npos);
  EXPECT_EQ(environment_json(environment)["host_notes"]["XENFEAT_direct_mapped"], "1");
}

TEST(HostNotes, OfNothing) {
  const HostNotes none = HostNotes::read("/nonexistent");
  EXPECT_TRUE(none.all().empty());
  EXPECT_FALSE(none.p2m_lookups());
  std::istringstream lines("p2m_lookups: 17x\n");
  EXPECT_FALSE(HostNotes::parse(lines).p2m_lookups());
}

TEST(HostNotes, LookupsOfRoundsAddUp) {
  auto report = good_report();
  report.add(good_report());
  EXPECT_FALSE(report.p2m_lookups);
  report.p2m_lookups = 2;
  auto round = good_report();
  round.p2m_lookups = 3;
  report.add(round);
  EXPECT_EQ(report.p2m_lookups, 5U);
}

TEST(Expect, NothingExpectedNothingUnmet) {
  EXPECT_TRUE(unmet(good_report().job, good_report().tally).empty());
}

TEST(Expect, MetByThePlacedSideOnly) {
  auto report = good_report();
  report.job.expect_reasons = {XSW_REASON_BOUNCE_MASK};
  EXPECT_TRUE(unmet(report.job, report.tally).empty());
}

TEST(Expect, AMissingPathAndAnOtherPathAreUnmet) {
  auto report = good_report();
  report.job.expect_reasons = {XSW_REASON_FOREIGN};
  const auto complaints = unmet(report.job, report.tally);
  ASSERT_EQ(complaints.size(), 2U);
  EXPECT_EQ(complaints[0], "no mapping took the path foreign");
  EXPECT_EQ(complaints[1], "10 mappings took the path bounce-mask, which expect= does not name");
}

TEST(Expect, ACauseMustOccur) {
  auto report = good_report();
  report.job.expect_causes = {XSW_CAUSE_NO_SPACE};
  ASSERT_EQ(unmet(report.job, report.tally).size(), 1U);
  report.tally.causes[XSW_CAUSE_NO_SPACE] = 1;
  EXPECT_TRUE(unmet(report.job, report.tally).empty());
}

TEST(Report, JsonCarriesUnitsPercentilesAndEnvironment) {
  RunReport run;
  run.environment.kernel = "6.1";
  run.environment.info.pool_bytes = 8 << 20;
  run.seed = 5;
  run.jobs.push_back(good_report());
  run.jobs[0].pool_slots = 8192;
  run.jobs[0].pool_hiwater_slots = 6470;
  EXPECT_NE(run.text().find("pool at most 6470 of 8192 slots\n"), std::string::npos);
  const auto json = run.json();
  EXPECT_EQ(json["schema_version"], schema_version);
  EXPECT_EQ(json["environment"]["kernel"], "6.1");
  EXPECT_EQ(json["environment"]["pool_bytes"], 8 << 20);
  EXPECT_EQ(json["exit_code"], 0);
  const auto &job = json["jobs"][0];
  EXPECT_EQ(job["mapping_operations"], 20);
  EXPECT_EQ(job["mapping_operations_per_s"], 10.0);
  EXPECT_EQ(job["paths"]["bounce-mask"], 10);
  EXPECT_EQ(job["map_ns"]["percentile"]["99.000000"], 99);
  EXPECT_EQ(job["map_ns"]["count"], 100);
  EXPECT_EQ(job["config"]["depth"], "1");
  EXPECT_EQ(job["leaks"]["pool_slots"], 0);
  EXPECT_EQ(job["pool_slots"], 8192);
  EXPECT_EQ(job["pool_hiwater_slots"], 6470);
  for (const Key &key : keys())
    EXPECT_TRUE(job["config"].contains(std::string(key.name))) << key.name;
}

TEST(Report, TextShowsWhatWentWrong) {
  RunReport run;
  run.jobs.push_back(good_report());
  EXPECT_NE(run.text().find("20 mappings (10 jobs, 2 mappings each)"), std::string::npos);
  run.jobs[0].tally.mismatches = 6;
  run.jobs[0].tally.mismatch_texts = {"here"};
  run.jobs[0].leaks.mappings = 3;
  run.jobs[0].complaints = {"unmet"};
  const std::string text = run.text();
  for (const char *part :
       {"MISMATCH    here", "and 5 more", "3 mappings", "EXPECTED    unmet", "a: MISMATCH"})
    EXPECT_NE(text.find(part), std::string::npos) << part;
}

TEST(Comparison, WhatTheKernelsOpsCanNotIsAnOutcomeAndNoFailure) {
  RunReport run;
  run.jobs = {good_report(), good_report()};
  JobReport &kernel = run.jobs[1];
  kernel.baseline = true;
  kernel.tally.map_ns = {};
  for (uint64_t i = 1; i <= 100; ++i)
    kernel.tally.map_ns.add(2 * i);
  run.comparisons.push_back({.name = "a", .ours = 0, .kernel = 1});
  EXPECT_TRUE(differences(run.jobs[0], kernel).empty());
  EXPECT_NE(run.text().find("difference     none"), std::string::npos);
  const auto ratio = median_ratio(run.jobs[0].tally.map_ns, kernel.tally.map_ns);
  ASSERT_TRUE(ratio);
  EXPECT_NEAR(*ratio, 0.5, 0.02);
  EXPECT_FALSE(median_ratio(run.jobs[0].tally.unmap_ns, kernel.tally.unmap_ns));

  kernel.tally.jobs = 0;
  kernel.tally.causes[XSW_CAUSE_UNSUPPORTED] = 10;
  kernel.tally.mismatches = 1;
  kernel.failure = Error{.what = "x",
                         .device = {},
                         .err = 0,
                         .cause = XSW_CAUSE_NONE,
                         .advice = {},
                         .exit = Exit::device};
  EXPECT_EQ(run.exit(), Exit::verified);
  EXPECT_EQ(differences(run.jobs[0], kernel).size(), 3U);
  EXPECT_NE(run.text().find("the kernel's ops refused 10 jobs (unsupported)"), std::string::npos);
  const auto json = run.json()["comparisons"][0];
  EXPECT_EQ(json["differences"].size(), 3U);
  EXPECT_NEAR(json["map_median_ratio"].get<double>(), 0.5, 0.02);
  EXPECT_TRUE(json["unmap_median_ratio"].is_null());
  // Ours are held to what they are held to alone.
  run.jobs[0].tally.mismatches = 1;
  EXPECT_EQ(run.exit(), Exit::mismatch);
  run.jobs[0].tally.mismatches = 0;
  kernel.complaints.emplace_back("unmet");
  EXPECT_EQ(run.exit(), Exit::mismatch);
}

TEST(Report, RoundsAreShownAsOne) {
  JobReport all = good_report();
  JobReport round = good_report();
  round.leaks.buffers = 1;
  all.add(round);
  EXPECT_EQ(all.tally.jobs, 20U);
  EXPECT_EQ(all.tally.seconds, 4.0);
  EXPECT_EQ(all.leaks.buffers, 1U);
}

TEST(Tally, MergeAddsUp) {
  Tally one = good_report().tally;
  Tally two = good_report().tally;
  two.seconds = 3;
  two.mismatches = 2;
  two.causes[XSW_CAUSE_BUSY] = 4;
  one.merge(two);
  EXPECT_EQ(one.jobs, 20U);
  EXPECT_EQ(one.bytes, 81920U);
  EXPECT_EQ(one.reasons[XSW_REASON_DIRECT], 20U);
  EXPECT_EQ(one.placed_reasons[XSW_REASON_BOUNCE_MASK], 20U);
  EXPECT_EQ(one.causes[XSW_CAUSE_BUSY], 4U);
  EXPECT_EQ(one.map_ns.count(), 200U);
  EXPECT_EQ(one.seconds, 3.0);
  EXPECT_EQ(one.mismatches, 2U);
}

TEST(Error, SaysWhatWhereWhyAndWhatToDo) {
  const Error error{.what = "mapping",
                    .device = "/dev/xswiotlb",
                    .err = ENOMEM,
                    .cause = XSW_CAUSE_NO_SPACE,
                    .advice = advice_for(ENOMEM, XSW_CAUSE_NO_SPACE),
                    .exit = Exit::device};
  const std::string text = error.text();
  for (const char *part : {"mapping", " on /dev/xswiotlb", "ENOMEM", "no-space", "pool="})
    EXPECT_NE(text.find(part), std::string::npos) << part;
}

TEST(Words, EveryReasonAndCauseHasAName) {
  std::set<std::string_view> names;
  for (unsigned i = 0; i < XSW_NR_REASONS; ++i) {
    EXPECT_EQ(reason_by_name(reason_name(i)), i);
    EXPECT_FALSE(reason_name(i).empty());
    names.insert(reason_name(i));
  }
  for (unsigned i = 1; i < XSW_NR_CAUSES; ++i) {
    EXPECT_EQ(cause_by_name(cause_name(i)), i);
    EXPECT_TRUE(names.insert(cause_name(i)).second) << "expect= could not tell them apart";
  }
  EXPECT_EQ(reason_name(XSW_NR_REASONS), "?");
  EXPECT_EQ(cause_name(XSW_NR_CAUSES), "?");
  EXPECT_EQ(reason_name(XSW_REASON_KERNEL_OTHER), "kernel-other");
  EXPECT_EQ(cause_name(XSW_CAUSE_UNSUPPORTED), "unsupported");
}

TEST(Words, NearestHasALimit) {
  const std::array<std::string_view, 3> words{"depth", "batch", "threads"};
  EXPECT_EQ(nearest("thread", words), "threads");
  EXPECT_EQ(nearest("dpeth", words), "depth");
  EXPECT_EQ(nearest("colour", words), "");
}

} // namespace
} // namespace xsw
