// SPDX-License-Identifier: GPL-2.0
#include "job.h"
#include "words.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <fmt/format.h>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>

namespace xsw {
namespace {

using std::string_view;

string_view trim(string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// Decimal or 0x; returns what follows the digits, nothing when there are none.
std::optional<string_view> parse_digits(string_view text, uint64_t &value) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    text.remove_prefix(2);
    base = 16;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end == text.data())
    return std::nullopt;
  return text.substr(static_cast<size_t>(end - text.data()));
}

bool parse_number(string_view text, uint64_t &value) {
  const auto rest = parse_digits(text, value);
  return rest && rest->empty();
}

bool scale(uint64_t &value, uint64_t factor) {
  return !__builtin_mul_overflow(value, factor, &value);
}

// ---- what the table of keys is made of ----

template <class T> struct Word {
  string_view name;
  T value;
};

template <class T, size_t N> using Words = std::array<Word<T>, N>;

constexpr Words<xsw_engine_kind, 2> engine_words{
    {{"sim", XSW_ENGINE_SIM}, {"edu", XSW_ENGINE_EDU}}};
constexpr Words<xsw_p2m, 4> p2m_words{{{"identity", XSW_P2M_IDENTITY},
                                       {"offset", XSW_P2M_OFFSET},
                                       {"shuffled", XSW_P2M_SHUFFLED},
                                       {"host", XSW_P2M_HOST}}};
constexpr Words<Direction, 4> direction_words{{{"to", Direction::to},
                                               {"from", Direction::from},
                                               {"both", Direction::both},
                                               {"bidi", Direction::bidi}}};
constexpr Words<Buffers, 3> buffer_words{
    {{"user", Buffers::user}, {"fixed", Buffers::fixed}, {"kernel", Buffers::kernel}}};
constexpr Words<xsw_placement, 8> placement_words{{{"any", XSW_PLACE_ANY},
                                                   {"low", XSW_PLACE_LOW},
                                                   {"above-mask", XSW_PLACE_ABOVE_MASK},
                                                   {"straddle", XSW_PLACE_STRADDLE},
                                                   {"foreign", XSW_PLACE_FOREIGN},
                                                   {"foreign-contig", XSW_PLACE_FOREIGN_CONTIG},
                                                   {"mmio", XSW_PLACE_MMIO},
                                                   {"foreign-grant", place_foreign_grant}}};
constexpr Words<Submit, 2> submit_words{{{"io_uring", Submit::uring}, {"ioctl", Submit::ioctl}}};
// A job maps and unmaps as a whole: skip-cpu-sync has no meaning there, the ABI refuses it.
constexpr Words<uint32_t, 2> attr_words{
    {{"no-warn", XSW_ATTR_NO_WARN}, {"weak-ordering", XSW_ATTR_WEAK_ORDERING}}};

using Parse = std::function<bool(Job &, string_view)>;
using Show = std::function<std::string(const Job &)>;

template <class T, size_t N>
Key word_key(string_view name, string_view values, string_view help, T Job::*member,
             const Words<T, N> &words, string_view alias = {}) {
  return Key{name,
             alias,
             values,
             help,
             false,
             [member, &words](Job &job, string_view text) {
               for (const auto &word : words)
                 if (word.name == text) {
                   job.*member = word.value;
                   return true;
                 }
               return false;
             },
             [member, &words](const Job &job) {
               for (const auto &word : words)
                 if (word.value == job.*member)
                   return std::string(word.name);
               return std::string("?");
             }};
}

Key flag_key(string_view name, string_view help, bool Job::*member) {
  return Key{name,
             {},
             "0 or 1",
             help,
             true,
             [member](Job &job, string_view text) {
               if (text != "0" && text != "1")
                 return false;
               job.*member = text == "1";
               return true;
             },
             [member](const Job &job) { return std::string(job.*member ? "1" : "0"); }};
}

enum class Unit { none, size, count };

template <class T>
Key number_key(string_view name, string_view values, string_view help, T Job::*member, uint64_t low,
               uint64_t high, Unit unit = Unit::none, bool zero_too = false) {
  return Key{name,
             {},
             values,
             help,
             false,
             [=](Job &job, string_view text) {
               uint64_t value;
               if (!(unit == Unit::size    ? parse_size(text, value)
                     : unit == Unit::count ? parse_count(text, value)
                                           : parse_number(text, value)))
                 return false;
               if ((value < low || value > high) && !(zero_too && value == 0))
                 return false;
               job.*member = static_cast<T>(value);
               return true;
             },
             [=](const Job &job) {
               return unit == Unit::size ? show_size(job.*member) : fmt::format("{}", job.*member);
             }};
}

Key range_key(string_view name, string_view values, string_view help, Range Job::*member,
              uint64_t low, uint64_t high) {
  return Key{name,
             {},
             values,
             help,
             false,
             [=](Job &job, string_view text) {
               const auto dash = text.find('-');
               Range range;
               if (!parse_size(trim(text.substr(0, dash)), range.low))
                 return false;
               range.high = range.low;
               if (dash != string_view::npos &&
                   !parse_size(trim(text.substr(dash + 1)), range.high))
                 return false;
               if (range.low > range.high || range.low < low || range.high > high)
                 return false;
               job.*member = range;
               return true;
             },
             [=](const Job &job) {
               const Range &range = job.*member;
               if (range.low == range.high)
                 return show_size(range.low);
               return show_size(range.low) + "-" + show_size(range.high);
             }};
}

bool for_each_item(string_view list, const std::function<bool(string_view)> &item) {
  while (true) {
    const auto comma = list.find(',');
    if (!item(trim(list.substr(0, comma))))
      return false;
    if (comma == string_view::npos)
      return true;
    list.remove_prefix(comma + 1);
  }
}

Key index_key() {
  return Key{"engine_index",
             {},
             "any, or 0 to 255",
             "edu: which device, counted from 0",
             false,
             [](Job &job, string_view text) {
               uint64_t value = XSW_ANY_INDEX;
               if (text != "any" && (!parse_number(text, value) || value > 255))
                 return false;
               job.engine_index = static_cast<uint32_t>(value);
               return true;
             },
             [](const Job &job) {
               return job.engine_index == XSW_ANY_INDEX ? "any" : std::to_string(job.engine_index);
             }};
}

Key ops_key() {
  return Key{"ops",
             {},
             "ours, kernel, both",
             "whose dma_map_ops serve the device; both: in turn, in one run, and compared",
             false,
             [](Job &job, string_view text) {
               if (text != "ours" && text != "kernel" && text != "both")
                 return false;
               job.both_ops = text == "both";
               job.ops = text == "kernel" ? XSW_OPS_KERNEL : XSW_OPS_OURS;
               return true;
             },
             [](const Job &job) {
               if (job.both_ops)
                 return std::string("both");
               return std::string(job.ops == XSW_OPS_KERNEL ? "kernel" : "ours");
             }};
}

Key attrs_key() {
  return Key{"attrs",
             {},
             "none, or a list of no-warn, weak-ordering",
             "DMA attributes of both mappings",
             false,
             [](Job &job, string_view text) {
               uint32_t attrs = 0;
               const bool good = text == "none" || for_each_item(text, [&](string_view item) {
                                   for (const auto &word : attr_words)
                                     if (word.name == item) {
                                       attrs |= word.value;
                                       return true;
                                     }
                                   return false;
                                 });
               if (good)
                 job.attrs = attrs;
               return good;
             },
             [](const Job &job) {
               std::vector<string_view> on;
               for (const auto &word : attr_words)
                 if (job.attrs & word.value)
                   on.push_back(word.name);
               return on.empty() ? std::string("none") : join(on, ",");
             }};
}

Key expect_key() {
  static const std::string values = "none, or a list of reasons (" +
                                    join(reason_names().subspan(1)) + ") and causes (" +
                                    join(cause_names().subspan(1)) + ")";
  return Key{"expect",
             {},
             values,
             "paths that the placed mappings must all take, each at least once; a cause names "
             "an error that must occur and is no failure",
             false,
             [](Job &job, string_view text) {
               std::vector<unsigned> reasons;
               std::vector<unsigned> causes;
               const bool good = text == "none" || for_each_item(text, [&](string_view item) {
                                   if (item == "none")
                                     return false;
                                   if (const auto reason = reason_by_name(item))
                                     reasons.push_back(*reason);
                                   else if (const auto cause = cause_by_name(item))
                                     causes.push_back(*cause);
                                   else
                                     return false;
                                   return true;
                                 });
               if (good) {
                 job.expect_reasons = reasons;
                 job.expect_causes = causes;
               }
               return good;
             },
             [](const Job &job) {
               std::vector<string_view> items;
               for (const unsigned reason : job.expect_reasons)
                 items.push_back(reason_name(reason));
               for (const unsigned cause : job.expect_causes)
                 items.push_back(cause_name(cause));
               return items.empty() ? std::string("none") : join(items, ",");
             }};
}

Key runtime_key() {
  return Key{"runtime",
             "time",
             "0 (until count), or 1ms to 24h; a bare number is seconds",
             "how long to run",
             false,
             [](Job &job, string_view text) {
               uint64_t ms;
               if (!parse_duration(text, ms) || ms > 24 * 3600 * 1000ULL)
                 return false;
               job.runtime_ms = ms;
               return true;
             },
             [](const Job &job) {
               if (job.runtime_ms % 1000)
                 return fmt::format("{}ms", job.runtime_ms);
               return job.runtime_ms ? fmt::format("{}s", job.runtime_ms / 1000) : std::string("0");
             }};
}

Key seed_key() {
  return Key{"seed",
             {},
             "0 (the run's own, printed), or 1 to 2^64-1",
             "of data, sizes, offsets and the shuffled p2m; equal seeds give equal runs",
             false,
             [](Job &job, string_view text) { return parse_number(text, job.seed); },
             [](const Job &job) { return std::to_string(job.seed); }};
}

Key text_key(string_view name, string_view help, std::string Job::*member) {
  return Key{name,
             {},
             "text",
             help,
             false,
             [member](Job &job, string_view text) {
               job.*member = std::string(text);
               return true;
             },
             [member](const Job &job) { return job.*member; }};
}

// 2^n - 1, or 0
void only_masks(Key &key) {
  key.parse = [parse = key.parse](Job &job, string_view text) {
    uint64_t value;
    return parse_size(text, value) && (value & (value + 1)) == 0 && parse(job, text);
  };
}

std::vector<Key> make_keys() {
  std::vector<Key> keys{
      text_key("name", "of a job without a file; a file's jobs have their section's name",
               &Job::name),
      text_key("description", "what the job is for; the report repeats it", &Job::description),
      word_key("engine", "sim, edu",
               "what moves the bytes: a simulated device, or QEMU's edu PCI device (real DMA)",
               &Job::engine, engine_words),
      index_key(),
      ops_key(),
      word_key("p2m", "identity, offset, shuffled, host",
               "sim: how its environment numbers machine frames; host: this host's own environment",
               &Job::p2m, p2m_words, "env"),
      number_key("p2m_offset", "0 to 2^36-1", "sim, p2m=offset: frames between pfn and mfn",
                 &Job::p2m_offset, 0, (uint64_t{1} << 36) - 1),
      flag_key("no_m2p", "sim: the ops can't turn a machine frame into a local one", &Job::no_m2p),
      flag_key("no_flush", "sim: no cache flush of foreign frames", &Job::no_flush),
      flag_key("force_bounce", "bounce everything", &Job::force_bounce),
      flag_key("no_bounce", "never bounce: fail instead", &Job::no_bounce),
      number_key("pool", "256k to 256m; 0: 8m", "sim: size of its own bounce pool",
                 &Job::pool_bytes, 256 << 10, 256 << 20, Unit::size, true),
      number_key("latency", "0 to 1000000",
                 "sim: microseconds until a transfer completes, from a timer's hard interrupt; "
                 "0: at once",
                 &Job::latency_us, 0, 1000000),
      number_key("mask", "20 to 64; 0: the engine's own (sim 64, edu 32)",
                 "width of the DMA mask in bits", &Job::mask_bits, 20, 64, Unit::none, true),
      number_key("min_align_mask", "0, or 2^n-1 up to 65535",
                 "low bits of the address that a bounced mapping must keep", &Job::min_align_mask,
                 0, 65535, Unit::size),
      number_key("seg_boundary", "0 (none), or 2^n-1 from 4095",
                 "addresses that no mapping may cross a multiple of, less one", &Job::seg_boundary,
                 4095, UINT64_MAX, Unit::size, true),
      range_key("size", "1 to 1g, or a range as 64-64k", "bytes of a job", &Job::size, 1, 1 << 30),
      range_key("offset", "0 to 4095, or a range as 0-4095", "where in its first page a job starts",
                &Job::offset, 0, 4095),
      number_key("offset_align", "1 to 4096, a power of two", "offsets are multiples of it",
                 &Job::offset_align, 1, 4096, Unit::size),
      word_key("direction", "to, from, both, bidi",
               "which sides carry buffers= and placement=: what the device reads (to), what it "
               "writes (from), both, or both mapped bidirectional; the other side is a plain "
               "kernel buffer within the mask",
               &Job::direction, direction_words),
      word_key("buffers", "kernel, user, fixed",
               "kernel memory, pinned user memory, or an io_uring registered buffer", &Job::buffers,
               buffer_words),
      word_key("placement",
               "any, low, above-mask, straddle, foreign, foreign-contig, mmio, foreign-grant",
               "kernel buffers: where they lie; straddle and foreign need sim or Xen, "
               "foreign-contig Xen. mmio: the BAR that the module's mmio= names, edu only. "
               "foreign-grant: user memory through gntalloc and gntdev",
               &Job::placement, placement_words),
      flag_key("sg", "map with dma_map_sg()", &Job::sg),
      flag_key("sync", "sync for the CPU, then unmap without sync", &Job::sync),
      attrs_key(),
      word_key("submit", "io_uring, ioctl", "the way to the kernel", &Job::submit, submit_words),
      number_key("depth", "1 to 1024", "commands under way at once in each thread (io_uring)",
                 &Job::depth, 1, 1024),
      number_key("batch", "1 to 256", "jobs in one command: 1 is JOB, more is JOBV", &Job::batch, 1,
                 256),
      number_key("threads", "1 to 64", "threads that submit, each with its ring and buffers",
                 &Job::threads, 1, 64),
      number_key("count", "0 (until runtime; 1000 without), or 1 to 1t",
                 "jobs to run, in all threads together; a job is 2 mapping operations", &Job::count,
                 0, 1000000000000, Unit::count),
      runtime_key(),
      flag_key("verify", "compare every byte, and those around the destination", &Job::verify),
      seed_key(),
      expect_key(),
  };
  for (Key &key : keys) {
    if (key.name == "min_align_mask" || key.name == "seg_boundary")
      only_masks(key);
    if (key.name == "offset_align")
      key.parse = [parse = key.parse](Job &job, string_view text) {
        uint64_t value;
        return parse_size(text, value) && std::has_single_bit(value) && parse(job, text);
      };
  }
  return keys;
}

tl::unexpected<Error> contradiction(const Job &job, std::initializer_list<string_view> culprits,
                                    const std::string &what) {
  std::string where = "job '" + job.name + "'";
  for (const auto key : culprits)
    if (const auto at = job.where.find(key); at != job.where.end()) {
      where = at->second;
      break;
    }
  return usage_error(fmt::format("{}: job '{}': {}", where, job.name, what));
}

struct Section {
  Job job;
  bool global;
};

// "key = value ; comment"; a comment needs a blank before it, so that values may hold the sign.
string_view strip_comment(string_view line) {
  for (size_t i = 0; i < line.size(); ++i)
    if ((line[i] == '#' || line[i] == ';') && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t'))
      return line.substr(0, i);
  return line;
}

// UTF-8 without control characters: what a terminal and a JSON report can show.
bool is_text(string_view text) {
  constexpr std::array<uint32_t, 3> least{0xa0, 0x800, 0x10000}; // for 2, 3 and 4 bytes
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i++]);
    const auto length = static_cast<size_t>(std::countl_one(first));
    if (length == 0) {
      if ((first < ' ' && first != '\t') || first == 0x7f)
        return false;
      continue;
    }
    if (length == 1 || length > 4 || length - 1 > text.size() - i)
      return false;
    uint32_t code = first & (0x7fU >> length);
    for (const char c : text.substr(i, length - 1)) {
      if ((c & 0xc0) != 0x80)
        return false;
      code = code << 6 | (c & 0x3fU);
    }
    if (code < least[length - 2] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
      return false;
    i += length - 1;
  }
  return true;
}

std::string shell_quote(const std::string &text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) ||
           string_view("_-.,/:=+").find(static_cast<char>(c)) != string_view::npos;
  });
  if (plain)
    return text;
  std::string quoted = "'";
  for (const char c : text)
    if (c == '\'')
      quoted += "'\\''";
    else
      quoted += c;
  return quoted + "'";
}

} // namespace

uint64_t Job::job_limit() const {
  if (count)
    return count;
  return runtime_ms ? UINT64_MAX : default_count;
}

// A number with one letter behind it, of which each is @base times the one before.
static bool parse_scaled(string_view text, uint64_t base, uint64_t &value) {
  const auto rest = parse_digits(text, value);
  if (!rest || rest->size() > 1)
    return false;
  if (rest->empty())
    return true;
  const auto power = string_view("kmgt").find(static_cast<char>(rest->front() | 0x20));
  if (power == string_view::npos)
    return false;
  for (size_t i = 0; i <= power; ++i)
    if (!scale(value, base))
      return false;
  return true;
}

bool parse_size(string_view text, uint64_t &bytes) { return parse_scaled(text, 1024, bytes); }
bool parse_count(string_view text, uint64_t &count) { return parse_scaled(text, 1000, count); }

bool parse_duration(string_view text, uint64_t &ms) {
  const auto rest = parse_digits(text, ms);
  if (!rest)
    return false;
  if (*rest == "ms")
    return true;
  if (rest->empty() || *rest == "s")
    return scale(ms, 1000);
  if (*rest == "m")
    return scale(ms, 60 * 1000);
  if (*rest == "h")
    return scale(ms, 3600 * 1000);
  return false;
}

std::string show_size(uint64_t bytes) {
  constexpr string_view units = "kmgt";
  string_view unit;
  for (size_t i = 0; i < units.size() && bytes && bytes % 1024 == 0; ++i, bytes /= 1024)
    unit = units.substr(i, 1);
  return std::to_string(bytes) + std::string(unit);
}

std::span<const Key> keys() {
  static const std::vector<Key> table = make_keys();
  return table;
}

const Key *find_key(string_view name) {
  for (const Key &key : keys())
    if (key.name == name || (!key.alias.empty() && key.alias == name))
      return &key;
  return nullptr;
}

std::string unknown_key(string_view name) {
  std::vector<string_view> names;
  for (const Key &key : keys()) {
    names.push_back(key.name);
    if (!key.alias.empty())
      names.push_back(key.alias);
  }
  const auto near = nearest(name, names);
  if (near.empty())
    return fmt::format("unknown key '{}'", name);
  return fmt::format("unknown key '{}', did you mean '{}'?", name, near);
}

Result<void> set_key(Job &job, string_view name, string_view value, const std::string &where) {
  const Key *key = find_key(name);
  if (!key)
    return usage_error(fmt::format("{}: {}", where, unknown_key(name)));
  if (!is_text(value))
    return usage_error(
        fmt::format("{}: {}: must be UTF-8 without control characters", where, name));
  if (!key->parse(job, value))
    return usage_error(fmt::format("{}: {}={}: must be {}", where, name, value, key->values));
  job.where[std::string(key->name)] = where;
  return {};
}

Result<void> check_job(const Job &job) {
  const bool sim = job.engine == XSW_ENGINE_SIM;
  if (!sim) {
    for (const string_view key : {"p2m", "p2m_offset", "no_m2p", "no_flush", "pool", "latency"})
      if (job.where.contains(key))
        return contradiction(job, {key}, fmt::format("{} is for engine=sim", key));
  } else if (job.placement == XSW_PLACE_MMIO) {
    return contradiction(job, {"placement"},
                         "placement=mmio is for engine=edu: sim reaches no other device");
  } else if (job.engine_index != XSW_ANY_INDEX) {
    return contradiction(job, {"engine_index"}, "engine_index is for engine=edu");
  } else if (job.p2m == XSW_P2M_HOST) {
    for (const string_view key : {"no_m2p", "no_flush", "pool"})
      if (job.where.contains(key))
        return contradiction(job, {key, "p2m"},
                             fmt::format("with p2m=host there is no {} to choose", key));
  } else if (job.placement == XSW_PLACE_FOREIGN_CONTIG || job.placement == place_foreign_grant) {
    return contradiction(job, {"placement"},
                         "this placement is for engine=edu or p2m=host on Xen: other sim engines "
                         "have it as foreign");
  }
  if (job.force_bounce && job.no_bounce)
    return contradiction(job, {"no_bounce"}, "force_bounce and no_bounce exclude each other");
  if (job.ops == XSW_OPS_KERNEL || job.both_ops) {
    if (sim && job.p2m != XSW_P2M_IDENTITY && job.p2m != XSW_P2M_HOST)
      return contradiction(job, {"p2m", "ops"},
                           "ops=kernel knows the host's p2m only: it needs p2m=identity or host");
    if (job.force_bounce || job.no_bounce)
      return contradiction(job, {"force_bounce", "no_bounce"},
                           "force_bounce and no_bounce are for ops=ours");
    if (job.mask_bits && job.mask_bits < 32)
      return contradiction(job, {"mask", "ops"},
                           "ops=kernel bounces to memory of 32 bits: mask must be 32 or more");
  }
  if (job.placement == XSW_PLACE_MMIO && job.sg)
    return contradiction(job, {"sg", "placement"},
                         "sg needs memory with pages: placement=mmio has none");
  if (job.buffers != Buffers::kernel && job.placement != XSW_PLACE_ANY)
    return contradiction(job, {"placement"}, "placement needs buffers=kernel");
  if (job.buffers == Buffers::fixed) {
    if (job.submit != Submit::uring)
      return contradiction(job, {"buffers", "submit"}, "buffers=fixed needs submit=io_uring");
    if (job.direction == Direction::to || job.direction == Direction::from)
      return contradiction(job, {"direction", "buffers"},
                           "buffers=fixed needs direction=both or direction=bidi");
    if (job.batch != 1)
      return contradiction(job, {"batch", "buffers"}, "buffers=fixed needs batch=1");
  }
  if (job.submit == Submit::ioctl && job.depth != 1)
    return contradiction(job, {"depth", "submit"},
                         "depth needs submit=io_uring: an ioctl waits for its job");
  const uint64_t first = (job.offset.low + job.offset_align - 1) / job.offset_align;
  if (first * job.offset_align > job.offset.high)
    return contradiction(job, {"offset_align", "offset"},
                         "no multiple of offset_align lies in the range of offset");
  return {};
}

Result<std::vector<Job>> parse_jobs(string_view text, const std::string &file,
                                    std::span<const Setting> overrides,
                                    std::span<const std::string> sections) {
  Job global;
  std::vector<Job> jobs;
  std::set<std::string, std::less<>> names;
  Job *current = nullptr;
  std::set<std::string_view> given; // in this section
  unsigned number = 0;

  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = trim(strip_comment(text.substr(0, end)));
    text.remove_prefix(end == string_view::npos ? text.size() : end + 1);
    const std::string where = fmt::format("{}:{}", file, ++number);
    if (line.empty())
      continue;
    if (!is_text(line))
      return usage_error(fmt::format("{}: a line must be UTF-8 without control characters", where));
    if (line.front() == '[') {
      const auto name = trim(line.substr(1, line.find(']') - 1));
      if (line.back() != ']' || name.empty())
        return usage_error(fmt::format("{}: '{}': a section is [name]", where, line));
      given.clear();
      if (name == "global") {
        current = &global;
        continue;
      }
      if (!names.insert(std::string(name)).second)
        return usage_error(fmt::format("{}: section [{}] is there twice", where, name));
      jobs.push_back(global);
      current = &jobs.back();
      current->name = std::string(name);
      continue;
    }
    const auto equals = line.find('=');
    const auto name = trim(line.substr(0, equals));
    const Key *key = find_key(name);
    if (!key)
      return usage_error(fmt::format("{}: {}", where, unknown_key(name)));
    if (!current)
      return usage_error(fmt::format(
          "{}: '{}' stands before the first section: start with [global]", where, name));
    if (key->name == "name")
      return usage_error(fmt::format("{}: a file's jobs have their section's name", where));
    if (!given.insert(key->name).second)
      return usage_error(fmt::format("{}: '{}' is given twice in this section", where, name));
    if (equals == string_view::npos && !key->flag)
      return usage_error(fmt::format("{}: {}: needs a value, {}", where, name, key->values));
    const auto value = equals == string_view::npos ? "1" : trim(line.substr(equals + 1));
    if (auto set = set_key(*current, name, value, where); !set)
      return tl::unexpected(set.error());
  }
  if (jobs.empty())
    return usage_error(fmt::format("{}: no job: a job is a [section]", file));

  for (const std::string &name : sections)
    if (!names.contains(name)) {
      const std::vector<string_view> known(names.begin(), names.end());
      return usage_error(fmt::format("{}: no section [{}]; there are {}", file, name, join(known)));
    }
  if (!sections.empty())
    std::erase_if(jobs, [&](const Job &job) {
      return std::find(sections.begin(), sections.end(), job.name) == sections.end();
    });

  for (Job &job : jobs) {
    for (const Setting &setting : overrides)
      if (auto set = set_key(job, setting.key, setting.value, "command line"); !set)
        return tl::unexpected(set.error());
    if (auto good = check_job(job); !good)
      return tl::unexpected(good.error());
  }
  return jobs;
}

Result<std::vector<Job>> read_jobs(const std::string &file, std::span<const Setting> overrides,
                                   std::span<const std::string> sections) {
  std::ostringstream text;
  if (file == "-") {
    text << std::cin.rdbuf();
    return parse_jobs(text.str(), "stdin", overrides, sections);
  }
  std::ifstream stream(file);
  if (!stream || !(text << stream.rdbuf()))
    return usage_error(fmt::format("{}: can't be read, or is empty", file));
  return parse_jobs(text.str(), file, overrides, sections);
}

Result<Job> job_of(std::span<const Setting> settings) {
  Job job;
  job.name = "job";
  for (const Setting &setting : settings)
    if (auto set = set_key(job, setting.key, setting.value, "command line"); !set)
      return tl::unexpected(set.error());
  if (auto good = check_job(job); !good)
    return tl::unexpected(good.error());
  return job;
}

std::string command_line(const Job &job) {
  const Job defaults;
  std::string line = "xswiotlb run";
  for (const Key &key : keys())
    if (const auto value = key.show(job); key.name != "description" && value != key.show(defaults))
      line += fmt::format(" --{}={}", key.name, shell_quote(value));
  return line;
}

std::string describe(const Key &key) {
  const Job defaults;
  std::string text = fmt::format("{}\n    {}\n    allowed: {}\n", key.name, key.help, key.values);
  if (const auto value = key.show(defaults); !value.empty())
    text += fmt::format("    default: {}\n", value);
  if (!key.alias.empty())
    text += fmt::format("    also: {}\n", key.alias);
  return text;
}

} // namespace xsw
