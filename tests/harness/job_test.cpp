// SPDX-License-Identifier: GPL-2.0
#include "job.h"

#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>

namespace xsw {
namespace {

std::vector<Job> parse(std::string_view text, std::vector<Setting> overrides = {},
                       std::vector<std::string> sections = {}) {
  auto jobs = parse_jobs(text, "t.ini", overrides, sections);
  EXPECT_TRUE(jobs) << (jobs ? "" : jobs.error().text());
  return jobs.value_or(std::vector<Job>{});
}

std::string error_of(std::string_view text, std::vector<Setting> overrides = {}) {
  const auto jobs = parse_jobs(text, "t.ini", overrides);
  if (jobs)
    return "no error";
  EXPECT_EQ(jobs.error().exit, Exit::usage);
  return jobs.error().text();
}

TEST(JobFile, GlobalHoldsForTheSectionsBelow) {
  const auto jobs =
      parse("[global]\nsize=64-64k\ndepth=8\n[a]\n[b]\ndepth=2\n[global]\ndepth=3\n[c]\n");
  ASSERT_EQ(jobs.size(), 3U);
  EXPECT_EQ(jobs[0].name, "a");
  EXPECT_EQ(jobs[0].size.low, 64U);
  EXPECT_EQ(jobs[0].size.high, 65536U);
  EXPECT_EQ(jobs[0].depth, 8U);
  EXPECT_EQ(jobs[1].depth, 2U);
  EXPECT_EQ(jobs[2].depth, 3U);
  EXPECT_EQ(jobs[2].size.high, 65536U);
}

TEST(JobFile, CommentsBlanksAndCarriageReturns) {
  EXPECT_NE(error_of("[a]\ncount=10k;no comment"), "no error");
  const auto good = parse("# one\n; two\n\r\n [ a ] \r\n  depth = 4 # four\n\tsg\n");
  ASSERT_EQ(good.size(), 1U);
  EXPECT_EQ(good[0].name, "a");
  EXPECT_EQ(good[0].depth, 4U);
  EXPECT_TRUE(good[0].sg);
}

TEST(JobFile, UnknownKeyNamesLineAndNearest) {
  EXPECT_EQ(error_of("[a]\n\ndephth=3\n"), "t.ini:3: unknown key 'dephth', did you mean 'depth'?");
  EXPECT_EQ(error_of("[a]\nxyzzyquux=3\n"), "t.ini:2: unknown key 'xyzzyquux'");
}

TEST(JobFile, StructureErrors) {
  EXPECT_EQ(error_of("depth=3\n[a]\n"),
            "t.ini:1: 'depth' stands before the first section: start with [global]");
  EXPECT_EQ(error_of("[a]\n[b]\n[a]\n"), "t.ini:3: section [a] is there twice");
  EXPECT_EQ(error_of("[a]\ndepth=1\ndepth=2\n"), "t.ini:3: 'depth' is given twice in this section");
  EXPECT_EQ(error_of("[a\n"), "t.ini:1: '[a': a section is [name]");
  EXPECT_EQ(error_of("[]\n"), "t.ini:1: '[]': a section is [name]");
  EXPECT_EQ(error_of("# nothing\n"), "t.ini: no job: a job is a [section]");
  EXPECT_EQ(error_of(""), "t.ini: no job: a job is a [section]");
  EXPECT_EQ(error_of("[global]\ndepth=1\n"), "t.ini: no job: a job is a [section]");
  EXPECT_EQ(error_of("[a]\ndepth\n"), "t.ini:2: depth: needs a value, 1 to 1024");
  EXPECT_EQ(error_of("[a]\nname=b\n"), "t.ini:2: a file's jobs have their section's name");
}

// What is no text went raw to the terminal, and made the JSON report throw after the run.
TEST(JobFile, OnlyTextIsTaken) {
  const std::string why = " must be UTF-8 without control characters";
  for (const char *bad :
       {"\x1b[2J", "\x7f", "\x80", "\xff", "\xc3", "\xc1\xa1", "\xc2\x9b", "\xe2\x82",
        "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3(", "\xf8\x88\x80\x80\x80"}) {
    EXPECT_EQ(error_of(std::string("[a]\n[") + bad + "]\n"), "t.ini:2: a line" + why) << bad;
    EXPECT_EQ(error_of(std::string("[a]\ndescription=") + bad), "t.ini:2: a line" + why) << bad;
    EXPECT_EQ(error_of("[a]\n", {{"description", bad}}), "command line: description:" + why) << bad;
  }
  EXPECT_NE(error_of(std::string("[a]\n\0=1\n", 8)), "no error");
  const auto good =
      parse("[\xc3\xa4\t\xc2\xa0]\ndescription=\xe2\x82\xac \xf0\x9f\x98\x80 # \x1b\r\n");
  EXPECT_EQ(good.at(0).description, "\xe2\x82\xac \xf0\x9f\x98\x80");
}

TEST(JobFile, SectionsChoose) {
  const auto jobs = parse("[a]\n[b]\n[c]\n", {}, {"c", "a"});
  ASSERT_EQ(jobs.size(), 2U);
  EXPECT_EQ(jobs[0].name, "a");
  EXPECT_EQ(jobs[1].name, "c");
  const std::vector<std::string> wrong{"d"};
  EXPECT_EQ(parse_jobs("[a]\n[b]\n", "t.ini", {}, wrong).error().text(),
            "t.ini: no section [d]; there are a, b");
}

TEST(JobFile, CommandLineOutweighsTheFile) {
  const auto jobs = parse("[a]\ndepth=3\n[b]\n", {{"depth", "7"}});
  EXPECT_EQ(jobs[0].depth, 7U);
  EXPECT_EQ(jobs[1].depth, 7U);
  EXPECT_EQ(error_of("[a]\n", {{"depth", "0"}}), "command line: depth=0: must be 1 to 1024");
}

struct BadValue {
  const char *key;
  const char *value;
};

class BadValues : public testing::TestWithParam<BadValue> {};

TEST_P(BadValues, AreRefusedWithKeyValueAndRange) {
  const auto [key, value] = GetParam();
  const std::string error = error_of(std::string("[a]\n") + key + "=" + value + "\n");
  const std::string start = std::string("t.ini:2: ") + key + "=" + value + ": must be ";
  EXPECT_EQ(error.substr(0, start.size()), start) << error;
  EXPECT_GT(error.size(), start.size());
}

const std::vector<BadValue> bad_values{{"engine", "dma"},
                                       {"engine", ""},
                                       {"ops", "theirs"},
                                       {"p2m", "random"},
                                       {"p2m_offset", "68719476736"},
                                       {"p2m_offset", "-1"},
                                       {"no_m2p", "2"},
                                       {"no_m2p", "yes"},
                                       {"no_flush", ""},
                                       {"force_bounce", "on"},
                                       {"no_bounce", "x"},
                                       {"pool", "255k"},
                                       {"pool", "257m"},
                                       {"pool", "8q"},
                                       {"latency", "1000001"},
                                       {"mask", "19"},
                                       {"mask", "65"},
                                       {"min_align_mask", "4096"},
                                       {"min_align_mask", "131071"},
                                       {"seg_boundary", "2047"},
                                       {"seg_boundary", "64k"},
                                       {"size", "0"},
                                       {"size", "4k-64"},
                                       {"size", "2g"},
                                       {"size", "4k-"},
                                       {"size", "-4k"},
                                       {"size", "1-2-3"},
                                       {"size", "99999999999999999999"},
                                       {"size", "18014398509481984k"},
                                       {"offset", "4096"},
                                       {"offset", "0-4096"},
                                       {"offset_align", "3"},
                                       {"offset_align", "8k"},
                                       {"offset_align", "0"},
                                       {"direction", "up"},
                                       {"buffers", "gpu"},
                                       {"placement", "here"},
                                       {"sg", "true"},
                                       {"sync", "7"},
                                       {"attrs", "skip-cpu-sync"},
                                       {"attrs", "no-warn,"},
                                       {"submit", "aio"},
                                       {"depth", "0"},
                                       {"depth", "1025"},
                                       {"depth", "1.5"},
                                       {"batch", "0"},
                                       {"batch", "257"},
                                       {"threads", "65"},
                                       {"threads", "0"},
                                       {"count", "1000000000001"},
                                       {"count", "many"},
                                       {"runtime", "1d"},
                                       {"runtime", "25h"},
                                       {"verify", ""},
                                       {"seed", "-3"},
                                       {"seed", "0xz"},
                                       {"expect", "bounce"},
                                       {"expect", "direct,,foreign"},
                                       {"expect", "direct,none"},
                                       {"engine_index", "256"}};

INSTANTIATE_TEST_SUITE_P(Job, BadValues, testing::ValuesIn(bad_values));

TEST(JobKeys, EveryKeyHasABadValueAbove) {
  for (const Key &key : keys()) {
    // Any text will do for these.
    if (key.name == "name" || key.name == "description")
      continue;
    EXPECT_TRUE(std::any_of(bad_values.begin(), bad_values.end(), [&](const BadValue &bad) {
      return key.name == bad.key;
    })) << key.name;
  }
}

struct Contradiction {
  const char *text;
  const char *error;
};

class Contradictions : public testing::TestWithParam<Contradiction> {};

TEST_P(Contradictions, NameTheLineAndTheReason) {
  EXPECT_EQ(error_of(GetParam().text), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Job, Contradictions,
    testing::Values(
        Contradiction{"[a]\nengine=edu\npool=8m\n", "t.ini:3: job 'a': pool is for engine=sim"},
        Contradiction{
            "[a]\nplacement=foreign-contig\n",
            "t.ini:2: job 'a': this placement is for engine=edu or p2m=host on Xen: other sim "
            "engines have it as foreign"},
        Contradiction{
            "[a]\nplacement=foreign-grant\n",
            "t.ini:2: job 'a': this placement is for engine=edu or p2m=host on Xen: other sim "
            "engines have it as foreign"},
        Contradiction{"[a]\nengine_index=1\n", "t.ini:2: job 'a': engine_index is for engine=edu"},
        Contradiction{"[a]\nforce_bounce\nno_bounce\n",
                      "t.ini:3: job 'a': force_bounce and no_bounce exclude each other"},
        Contradiction{"[a]\np2m=host\npool=8m\n",
                      "t.ini:3: job 'a': with p2m=host there is no pool to choose"},
        Contradiction{"[a]\nops=kernel\np2m=shuffled\n",
                      "t.ini:3: job 'a': ops=kernel knows the host's p2m only: it needs "
                      "p2m=identity or host"},
        Contradiction{"[a]\nops=both\np2m=shuffled\n",
                      "t.ini:3: job 'a': ops=kernel knows the host's p2m only: it needs "
                      "p2m=identity or host"},
        Contradiction{"[a]\nplacement=mmio\n",
                      "t.ini:2: job 'a': placement=mmio is for engine=edu: sim reaches no other "
                      "device"},
        Contradiction{"[a]\nengine=edu\nplacement=mmio\nsg\n",
                      "t.ini:4: job 'a': sg needs memory with pages: placement=mmio has none"},
        Contradiction{"[a]\nops=both\nmask=31\n",
                      "t.ini:3: job 'a': ops=kernel bounces to memory of 32 bits: mask must be 32 "
                      "or more"},
        Contradiction{"[a]\nops=kernel\nforce_bounce\n",
                      "t.ini:3: job 'a': force_bounce and no_bounce are for ops=ours"},
        Contradiction{"[a]\nbuffers=user\nplacement=low\n",
                      "t.ini:3: job 'a': placement needs buffers=kernel"},
        Contradiction{"[a]\nbuffers=fixed\nsubmit=ioctl\n",
                      "t.ini:2: job 'a': buffers=fixed needs submit=io_uring"},
        Contradiction{"[a]\nbuffers=fixed\ndirection=to\n",
                      "t.ini:3: job 'a': buffers=fixed needs direction=both or direction=bidi"},
        Contradiction{"[a]\nbuffers=fixed\nbatch=4\n",
                      "t.ini:3: job 'a': buffers=fixed needs batch=1"},
        Contradiction{"[global]\ndepth=4\n[a]\nsubmit=ioctl\n",
                      "t.ini:2: job 'a': depth needs submit=io_uring: an ioctl waits for its job"},
        Contradiction{
            "[a]\noffset=1-3\noffset_align=4\n",
            "t.ini:3: job 'a': no multiple of offset_align lies in the range of offset"}));

TEST(JobUnits, Sizes) {
  uint64_t value = 0;
  EXPECT_TRUE(parse_size("4k", value) && value == 4096);
  EXPECT_TRUE(parse_size("1M", value) && value == 1 << 20);
  EXPECT_TRUE(parse_size("0x10", value) && value == 16);
  EXPECT_TRUE(parse_size("2g", value) && value == uint64_t{2} << 30);
  EXPECT_FALSE(parse_size("4kb", value));
  EXPECT_FALSE(parse_size("k", value));
  EXPECT_FALSE(parse_size("", value));
  EXPECT_FALSE(parse_size(" 4", value));
  EXPECT_FALSE(parse_size("17179869184g", value));
  EXPECT_TRUE(parse_count("10m", value) && value == 10000000);
  EXPECT_EQ(show_size(65536), "64k");
  EXPECT_EQ(show_size(65535), "65535");
  EXPECT_EQ(show_size(0), "0");
}

TEST(JobUnits, Durations) {
  uint64_t ms = 0;
  EXPECT_TRUE(parse_duration("500ms", ms) && ms == 500);
  EXPECT_TRUE(parse_duration("30s", ms) && ms == 30000);
  EXPECT_TRUE(parse_duration("30", ms) && ms == 30000);
  EXPECT_TRUE(parse_duration("2m", ms) && ms == 120000);
  EXPECT_TRUE(parse_duration("1h", ms) && ms == 3600000);
  EXPECT_FALSE(parse_duration("1w", ms));
  EXPECT_FALSE(parse_duration("s", ms));
  EXPECT_FALSE(parse_duration("18446744073709551615h", ms));
}

TEST(Job, LimitDefaultsToAThousandWithoutRuntime) {
  EXPECT_EQ(parse("[a]\n")[0].job_limit(), 1000U);
  EXPECT_EQ(parse("[a]\nruntime=1s\n")[0].job_limit(), UINT64_MAX);
  EXPECT_EQ(parse("[a]\ntime=1s\ncount=5\n")[0].job_limit(), 5U);
}

TEST(Job, ExpectTakesReasonsAndCauses) {
  const auto job = parse("[a]\nexpect=bounce-mask, direct,no-space\n")[0];
  EXPECT_EQ(job.expect_reasons, (std::vector<unsigned>{XSW_REASON_BOUNCE_MASK, XSW_REASON_DIRECT}));
  EXPECT_EQ(job.expect_causes, (std::vector<unsigned>{XSW_CAUSE_NO_SPACE}));
}

// The words of a command line as a shell would split them.
std::vector<Setting> split(const std::string &line) {
  std::vector<Setting> settings;
  std::string word;
  std::vector<std::string> words;
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\'')
      quoted = !quoted;
    else if (line[i] == '\\' && !quoted)
      word += line[++i];
    else if (line[i] == ' ' && !quoted) {
      words.push_back(word);
      word.clear();
    } else
      word += line[i];
  }
  words.push_back(word);
  for (const std::string &each : words)
    if (each.starts_with("--"))
      settings.push_back({each.substr(2, each.find('=') - 2), each.substr(each.find('=') + 1)});
  return settings;
}

TEST(Job, CommandLineSaysTheSameAsTheFile) {
  const auto jobs =
      parse("[it's b]\nsize=1-64k\noffset=8-128\noffset_align=8\n"
            "mask=32\nplacement=above-mask\nexpect=bounce-mask,no-space\nruntime=1500ms\n"
            "attrs=no-warn\nseg_boundary=65535\nthreads=3\nsg\nsync\n"
            "[edu]\nengine=edu\nengine_index=2\ncount=10k\nsubmit=ioctl\nverify=0\n");
  for (const Job &job : jobs) {
    const auto back = job_of(split(command_line(job)));
    ASSERT_TRUE(back) << back.error().text();
    for (const Key &key : keys())
      EXPECT_EQ(key.show(*back), key.show(job)) << key.name;
  }
}

TEST(Job, EveryDefaultIsAValueThatItsKeyTakes) {
  for (const Key &key : keys()) {
    Job job;
    const std::string before = key.show(job);
    EXPECT_TRUE(key.parse(job, before)) << key.name << "=" << before;
    EXPECT_EQ(key.show(job), before) << key.name;
    EXPECT_NE(describe(key).find(key.values), std::string::npos);
  }
}

TEST(Examples, AllParseAndSayWhatTheyAreFor) {
  size_t files = 0;
  for (const auto &entry : std::filesystem::directory_iterator(JOB_DIR)) {
    const auto jobs = read_jobs(entry.path(), {}, {});
    EXPECT_TRUE(jobs) << (jobs ? "" : jobs.error().text());
    ++files;
  }
  EXPECT_GE(files, 7U);
}

TEST(Examples, PathsClaimsAllFourPathsAndBothEngines) {
  const auto jobs = read_jobs(JOB_DIR "/paths.ini", {}, {});
  ASSERT_TRUE(jobs);
  std::vector<bool> claimed(XSW_NR_REASONS);
  bool edu = false;
  for (const Job &job : *jobs) {
    EXPECT_FALSE(job.expect_reasons.empty()) << job.name;
    EXPECT_TRUE(job.verify) << job.name;
    for (const unsigned reason : job.expect_reasons)
      claimed[reason] = true;
    edu |= job.engine == XSW_ENGINE_EDU;
  }
  EXPECT_TRUE(edu);
  for (const auto reason :
       {XSW_REASON_DIRECT, XSW_REASON_FOREIGN, XSW_REASON_BOUNCE_MASK, XSW_REASON_BOUNCE_STRADDLE})
    EXPECT_TRUE(claimed[reason]) << reason;
}

} // namespace
} // namespace xsw
