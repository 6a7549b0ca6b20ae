// SPDX-License-Identifier: GPL-2.0
#include "clock.h"
#include "model.h"
#include "stress.h"
#include "words.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <climits>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <sched.h>
#include <unistd.h>

namespace xsw {
namespace {

constexpr int unwritten = INT_MIN;
constexpr size_t max_batch = 128;
constexpr size_t ring_depth = 32;
constexpr size_t mismatches_told = 4;
// Of the edu device, less the last byte: QEMU aborts when that is touched.
constexpr size_t edu_memory = 4095;

// Memory that jobs and mappings are cut from.
struct Piece {
  std::optional<Buffer> buffer; // none: the registered buffer of the ring
  std::span<std::byte> bytes;
  const StressEngine *placed_for = nullptr;
  size_t cursor = 0;

  uint32_t handle() const { return buffer ? buffer->handle() : 0; }
  // What an operation calls @offset.
  uint64_t address(size_t offset) const {
    return buffer ? offset : std::bit_cast<uintptr_t>(bytes.data() + offset);
  }
};

// A session as one thread uses it. Declared so that the ring ends before the memory.
struct Station {
  const Device *device = nullptr;
  std::span<StressEngine> engines;
  bool own = false; // nobody else uses these engines
  Memory fixed;
  std::vector<Piece> pieces;
  std::optional<Ring> ring;
};

// What a thread has of its own: all of it can be abandoned at once.
struct Own {
  Device device;
  bool host; // its engines map in the host's environment; buffers are not for both kinds
  std::vector<StressEngine> engines;
  Station station;

  Own(Device opened, bool in_host) : device(std::move(opened)), host(in_host) {}
};

struct Planned {
  std::byte *source;
  std::byte *destination;
  uint64_t seed;
  bool fixed;
};

class Load {
public:
  Load(StressShared &shared, uint64_t seed, int edu_index)
      : shared_(shared), random_(seed), edu_index_(edu_index),
        grants_(std::string_view(shared.info.env) == "xen_arm" &&
                access("/dev/xen/gntdev", R_OK | W_OK) == 0 &&
                access("/dev/xen/gntalloc", R_OK | W_OK) == 0) {
    jobs_.resize(max_batch);
    results_.resize(max_batch);
    planned_.resize(max_batch);
  }

  StressTally run();

private:
  bool edu() const { return edu_index_ >= 0; }

  // Every step returns false when the load can't go on; why is in tally_.failure.
  bool start();
  bool make_own();
  bool open_engine(size_t at);
  bool make_station(Station &station, const Device &device, std::span<StressEngine> engines,
                    bool own);
  bool add_piece(Station &station);
  bool large_pieces(Station &station);
  bool round();
  bool vector(Station &station, const StressEngine &engine);
  bool singles(Station &station, const StressEngine &engine);
  bool one_by_one(Station &station, const StressEngine &engine);
  bool sequence(Station &station, const StressEngine &engine);
  bool exhaust(Station &station, const StressEngine &engine);
  bool churn_buffer(Station &station);
  bool churn_engine();
  bool abandon();
  bool inject();
  bool finish();

  size_t plan_jobs(Station &station, const StressEngine &engine, size_t wanted, bool may_fix,
                   bool large = false);
  bool settle(Station &station, const StressEngine &engine, size_t nr);
  bool retry(Station &station, const StressEngine &engine, size_t job);
  void check(const StressEngine &engine, size_t job);
  void mismatch(const StressEngine &engine, std::string text, const Mismatch &bad);
  uint64_t pick_len(uint64_t most);
  std::optional<size_t> carve(Piece &piece, size_t len);
  void rewind(Station &station);
  Ring *any_way(Station &station) { return random_.one_in(2) ? &*station.ring : nullptr; }

  bool fail(Error error) {
    if (!tally_.failure)
      tally_.failure = std::move(error);
    shared_.stop = true;
    return false;
  }
  bool defect(const std::string &what, const StressEngine *engine, int err = 0,
              unsigned cause = XSW_CAUSE_NONE) {
    return fail(Error{.what = what,
                      .device = engine ? engine->text() : std::string(default_device),
                      .err = err,
                      .cause = cause,
                      .advice = {},
                      .exit = Exit::device});
  }
  void count(const StressEngine &engine, unsigned reason) {
    const unsigned known = std::min<unsigned>(reason, XSW_NR_REASONS - 1);
    ++tally_.reasons[known];
    tally_.host_reasons[known] += engine.host() ? 1 : 0;
  }
  void made_mappings(uint64_t number) {
    tally_.mappings += number;
    shared_.mappings.fetch_add(number, std::memory_order_relaxed);
  }
  void made_transfers(uint64_t number) {
    if (!edu())
      return;
    tally_.edu_transfers += number;
    shared_.edu_transfers.fetch_add(number, std::memory_order_relaxed);
  }

  StressShared &shared_;
  Random random_;
  int edu_index_;
  bool grants_; // foreign memory from userspace can be had
  StressTally tally_;
  std::vector<xsw_job> jobs_;
  std::vector<xsw_result> results_;
  std::vector<Planned> planned_;
  std::vector<xsw_result> late_results_;
  Station common_;
  std::unique_ptr<Own> own_;
};

// ---- making and replacing what there is ----

bool Load::open_engine(size_t at) {
  xsw_engine_open op{};
  if (edu()) {
    op.kind = XSW_ENGINE_EDU;
    op.index = static_cast<uint32_t>(edu_index_);
  }
  for (int layouts = 0, waits = 0;;) {
    if (!edu())
      op = random_engine(random_, false, own_->host);
    auto engine = StressEngine::open(own_->device, op, shared_.info);
    if (engine) {
      ++tally_.engines;
      if (at < own_->engines.size())
        own_->engines[at] = std::move(*engine);
      else
        own_->engines.push_back(std::move(*engine));
      return true;
    }
    const unsigned cause = engine.error().cause;
    // The session that had it has been closed, and ends when its transfers do: in a minute at most.
    if (edu() && cause == XSW_CAUSE_BUSY && ++waits < 120) {
      usleep(500000);
      continue;
    }
    // A random layout may ask for memory that this machine has not got: not its fault.
    if (edu() || ++layouts == 8 || (cause != XSW_CAUSE_NO_MEMORY && cause != XSW_CAUSE_MASK))
      return fail(engine.error());
    ++tally_.causes[cause];
  }
}

bool Load::make_own() {
  auto device = Device::open();
  if (!device)
    return fail(device.error());
  const bool host = edu() || random_.below(4) < (on_xen(shared_.info) ? 3U : 1U);
  own_ = std::make_unique<Own>(std::move(*device), host);
  const size_t engines = edu() ? 1 : 2;
  own_->engines.reserve(engines);
  for (size_t i = 0; i < engines; ++i)
    if (!open_engine(i))
      return false;
  return make_station(own_->station, own_->device, own_->engines, true);
}

bool Load::make_station(Station &station, const Device &device, std::span<StressEngine> engines,
                        bool own) {
  station.device = &device;
  station.engines = engines;
  station.own = own;
  auto ring = Ring::create(ring_depth, device.fd());
  if (!ring)
    return fail(ring.error());
  station.ring.emplace(std::move(*ring));
  auto memory = Memory::anonymous(512 << 10);
  if (!memory)
    return fail(memory.error());
  station.fixed = std::move(*memory);
  const std::array<std::span<std::byte>, 1> buffers{station.fixed.bytes()};
  if (auto done = station.ring->register_buffers(buffers); !done)
    return fail(done.error());
  station.pieces.emplace_back().bytes = station.fixed.bytes();
  for (int i = 0; i < 8; ++i)
    if (!add_piece(station))
      return false;
  return edu() || own || large_pieces(station);
}

bool Load::add_piece(Station &station) {
  const StressEngine &engine = station.engines[random_.below(station.engines.size())];
  const size_t bytes = (size_t{64} << 10) << random_.below(3);
  const size_t page_offset = random_.one_in(2) ? 0 : random_.below(4096);
  Piece piece;
  const bool xen = on_xen(shared_.info);
  auto placement = static_cast<uint32_t>(random_.below(!engine.host() ? 5 : xen ? 6 : 3));
  if (placement == XSW_PLACE_ABOVE_MASK && engine.op.dma_bits == 64)
    placement = XSW_PLACE_ANY;
  const uint64_t dice = random_.below(9);
  const bool granted = grants_ && dice == 0 && engine.host();
  auto buffer = granted    ? Buffer::granted(*station.device, bytes)
                : dice < 3 ? Buffer::user(*station.device, bytes, page_offset)
                           : Buffer::kernel(*station.device, engine.engine.handle(), placement,
                                            bytes, page_offset);
  // gntalloc has a limit; and under load gntdev now and then can not map a grant, and says no more
  // than EINVAL. The module has not been asked yet, so that is let pass as long as it is rare.
  if (granted && !buffer && buffer.error().device.starts_with("/dev/xen/") &&
      ++tally_.grants_refused <= 2 + tally_.buffers / 10)
    buffer = Buffer::user(*station.device, bytes, page_offset);
  if (!buffer) {
    // No RAM is beyond a wide mask, the kernel's ops know no foreign frames, and so on.
    const unsigned cause = buffer.error().cause;
    if (placement == XSW_PLACE_ANY || (cause != XSW_CAUSE_NO_MEMORY && cause != XSW_CAUSE_LIMIT &&
                                       cause != XSW_CAUSE_UNSUPPORTED))
      return fail(buffer.error());
    ++tally_.causes[cause];
    buffer = Buffer::kernel(*station.device, 0, XSW_PLACE_ANY, bytes, page_offset);
    if (!buffer)
      return fail(buffer.error());
  } else if (placement != XSW_PLACE_ANY) {
    piece.placed_for = &engine;
  }
  piece.bytes = buffer->bytes();
  piece.buffer.emplace(std::move(*buffer));
  station.pieces.push_back(std::move(piece));
  ++tally_.buffers;
  return true;
}

bool Load::large_pieces(Station &station) {
  for (int i = 0; i < 2; ++i) {
    auto buffer = Buffer::user(*station.device, 5 << 20, random_.below(4096));
    if (!buffer)
      return fail(buffer.error());
    Piece piece;
    piece.bytes = buffer->bytes();
    piece.buffer.emplace(std::move(*buffer));
    station.pieces.push_back(std::move(piece));
    ++tally_.buffers;
  }
  return true;
}

bool Load::churn_buffer(Station &station) {
  // The first is the registered one; the large ones of the common session stay.
  const size_t at = random_.between(1, 8);
  if (auto done = station.pieces[at].buffer->destroy(); !done)
    return fail(done.error());
  if (!add_piece(station))
    return false;
  std::swap(station.pieces[at], station.pieces.back());
  station.pieces.pop_back();
  return true;
}

bool Load::churn_engine() {
  Station &station = own_->station;
  const size_t at = random_.below(own_->engines.size());
  StressEngine &engine = own_->engines[at];
  size_t gone = 0;
  for (Piece &piece : station.pieces)
    if (piece.placed_for == &engine) {
      if (auto done = piece.buffer->destroy(); !done)
        return fail(done.error());
      ++gone;
    }
  std::erase_if(station.pieces, [&](const Piece &piece) { return piece.placed_for == &engine; });
  const auto stats = own_->device.stats(engine.engine.handle(), any_way(station));
  if (!stats)
    return fail(stats.error());
  if (!engine.host() && stats->pool_used)
    return defect(
        fmt::format("{} slots of its pool are in use after all was unmapped", stats->pool_used),
        &engine);
  if (auto done = engine.engine.close(); !done)
    return fail(done.error());
  if (!open_engine(at))
    return false;
  for (; gone; --gone)
    if (!add_piece(station))
      return false;
  return true;
}

// Closes a session with mappings, buffers, engines and jobs under way: the kernel must clean up.
bool Load::abandon() {
  Station &station = own_->station;
  StressEngine &engine = own_->engines[random_.below(own_->engines.size())];
  const size_t nr = plan_jobs(station, engine, edu() ? 3 : 8, true);
  late_results_.resize(max_batch);
  for (size_t i = 0; i < nr; ++i) {
    // Completions may come when this memory has another use.
    jobs_[i].result = std::bit_cast<uintptr_t>(&late_results_[i]);
    station.ring->queue(XSW_IOC_JOB, &jobs_[i], sizeof(xsw_job), i, planned_[i].fixed ? 0 : -1);
  }
  if (const int rc = station.ring->submit(0); rc < 0)
    return defect("submitting to the ring", &engine, -rc);
  for (const Piece &piece : station.pieces) {
    if (!piece.buffer || random_.one_in(2))
      continue;
    xsw_map op{};
    op.engine = engine.engine.handle();
    op.buffer = piece.handle();
    op.len = pick_len(engine.max_job);
    if (own_->device.map(op))
      made_mappings(1);
  }
  ++tally_.abandoned;
  if (auto done = own_->device.abandon(); !done)
    return fail(done.error());
  own_.reset();
  return make_own();
}

// ---- jobs ----

uint64_t Load::pick_len(uint64_t most) {
  const uint64_t dice = random_.below(1000);
  uint64_t low = 64;
  uint64_t high = 4096;
  if (dice < 150) {
    low = 1;
    high = 64;
  } else if (dice < 600) {
    high = 1024;
  } else if (dice >= 970) {
    low = 4096;
    high = 32 << 10;
  } else if (dice >= 965) {
    low = 32 << 10;
    high = 128 << 10;
  }
  high = std::min(high, most);
  return random_.between(std::min(low, high), high);
}

std::optional<size_t> Load::carve(Piece &piece, size_t len) {
  size_t at = piece.cursor + guard_bytes;
  switch (random_.below(4)) {
  case 0:
    at += random_.below(64);
    break;
  case 1:
    at = (at + 63) & ~size_t{63};
    break;
  case 2:
    if (random_.one_in(8))
      at = (at + 4095) & ~size_t{4095};
    break;
  default:
    break;
  }
  if (at + len + guard_bytes > piece.bytes.size())
    return std::nullopt;
  piece.cursor = at + len + guard_bytes;
  return at;
}

void Load::rewind(Station &station) {
  for (Piece &piece : station.pieces)
    piece.cursor = random_.below(4096);
}

size_t Load::plan_jobs(Station &station, const StressEngine &engine, size_t wanted, bool may_fix,
                       bool large) {
  rewind(station);
  const uint64_t base_seed = random_.next();
  size_t nr = 0;
  for (size_t tries = 0; nr < wanted && tries < wanted + 8; ++tries) {
    const bool fixed = may_fix && random_.one_in(4);
    const uint64_t len =
        large ? random_.between(256 << 10, engine.max_job) : pick_len(engine.max_job);
    const auto pick = [&]() -> Piece & {
      if (fixed)
        return station.pieces.front();
      if (large)
        return station.pieces[station.pieces.size() - 1 - random_.below(2)];
      return station.pieces[random_.between(1, station.pieces.size() - 1)];
    };
    Piece &from = pick();
    const auto source = carve(from, len);
    if (!source)
      continue;
    Piece &to = pick();
    const auto destination = carve(to, len);
    if (!destination)
      continue;
    xsw_job &job = jobs_[nr];
    const uint64_t dice = random_.next();
    job = {};
    job.size = sizeof(job);
    job.flags = (dice & 3 ? 0U : XSW_F_SG) | (dice & 12 ? 0U : XSW_F_SYNC) |
                (dice & 48 ? 0U : XSW_F_TIMES) | (fixed ? XSW_F_FIXED : 0U);
    job.engine = engine.engine.handle();
    job.len = static_cast<uint32_t>(len);
    job.src_buffer = from.handle();
    job.dst_buffer = to.handle();
    job.src_offset = from.address(*source);
    job.dst_offset = to.address(*destination);
    job.src_dir = static_cast<uint8_t>(dice & 64 ? XSW_TO_DEVICE : XSW_BIDIRECTIONAL);
    job.dst_dir = static_cast<uint8_t>(dice & 128 ? XSW_FROM_DEVICE : XSW_BIDIRECTIONAL);
    job.attrs = XSW_ATTR_NO_WARN;
    job.result = std::bit_cast<uintptr_t>(&results_[nr]);
    results_[nr] = {};
    results_[nr].status = unwritten;
    Planned &planned = planned_[nr];
    planned = {from.bytes.data() + *source, to.bytes.data() + *destination, base_seed + nr * 7,
               fixed};
    pattern_fill({planned.source, len}, planned.seed);
    guard_fill({planned.destination - guard_bytes, guard_bytes}, planned.seed);
    guard_fill({planned.destination + len, guard_bytes}, planned.seed);
    ++nr;
  }
  return nr;
}

void Load::mismatch(const StressEngine &engine, std::string text, const Mismatch &bad) {
  ++tally_.mismatches;
  shared_.stop = true;
  if (tally_.mismatch_texts.size() < mismatches_told)
    tally_.mismatch_texts.push_back(fmt::format(
        "seed {}, mapping {} of this thread, {}: {}: expected {:#04x}, got {:#04x}",
        shared_.plan.seed, tally_.mappings, engine.text(), text, bad.expected, bad.got));
}

void Load::check(const StressEngine &engine, size_t i) {
  const Planned &planned = planned_[i];
  const xsw_job &job = jobs_[i];
  const size_t len = job.len;
  const auto tell = [&](const char *where, const Mismatch &bad) {
    mismatch(engine,
             fmt::format("job of {} bytes, flags {:#x}: {} byte {}; source {} ({}) at {:#x}, "
                         "destination {} ({}) at {:#x}",
                         len, job.flags, where, bad.offset, reason_name(results_[i].src_reason),
                         job.src_dir, job.src_offset, reason_name(results_[i].dst_reason),
                         job.dst_dir, job.dst_offset),
             bad);
  };
  if (const auto bad = pattern_verify({planned.destination, len}, planned.seed))
    tell("destination", *bad);
  else if (const auto before =
               guard_verify({planned.destination - guard_bytes, guard_bytes}, planned.seed))
    tell("guard before the destination,", *before);
  else if (const auto behind = guard_verify({planned.destination + len, guard_bytes}, planned.seed))
    tell("guard behind the destination,", *behind);
  else if (const auto source = pattern_verify({planned.source, len}, planned.seed))
    tell("source", *source);
}

bool Load::retry(Station &station, const StressEngine &engine, size_t i) {
  // Somebody else has the pool; nobody keeps it for long.
  for (unsigned tries = 0; tries < 2000; ++tries) {
    ++tally_.retries;
    if (tries < 16)
      sched_yield();
    else
      usleep(1000);
    Ring *via = planned_[i].fixed ? &*station.ring : nullptr;
    const int rc = station.device->issue(XSW_IOC_JOB, &jobs_[i], sizeof(xsw_job), via,
                                         planned_[i].fixed ? 0 : -1);
    if (rc >= 0)
      return true;
    if (rc != -ENOMEM || results_[i].cause != XSW_CAUSE_NO_SPACE)
      return defect(fmt::format("a job of {} bytes, repeated", jobs_[i].len), &engine, -rc,
                    results_[i].cause);
    ++tally_.causes[XSW_CAUSE_NO_SPACE];
  }
  return defect(fmt::format("a job of {} bytes finds no space for 2 seconds", jobs_[i].len),
                &engine, ENOMEM, XSW_CAUSE_NO_SPACE);
}

bool Load::settle(Station &station, const StressEngine &engine, size_t nr) {
  for (size_t i = 0; i < nr; ++i) {
    const xsw_result &result = results_[i];
    if (result.status == -ENOMEM && result.cause == XSW_CAUSE_NO_SPACE) {
      ++tally_.causes[XSW_CAUSE_NO_SPACE];
      if (!retry(station, engine, i))
        return false;
    }
    if (result.status == unwritten)
      return defect("the result of a job was never written", &engine);
    if (result.status < 0)
      return defect(fmt::format("a job of {} bytes, flags {:#x}", jobs_[i].len, jobs_[i].flags),
                    &engine, -result.status, result.cause);
    if (result.bytes != jobs_[i].len)
      return defect(fmt::format("a job moved {} of {} bytes", result.bytes, jobs_[i].len), &engine);
    if (result.src_reason == XSW_REASON_NONE || result.dst_reason == XSW_REASON_NONE)
      return defect("a job tells no reason for its path", &engine);
    count(engine, result.src_reason);
    count(engine, result.dst_reason);
    tally_.bytes += result.bytes;
    check(engine, i);
  }
  tally_.jobs += nr;
  made_mappings(nr * 2);
  made_transfers(nr * 2);
  return true;
}

bool Load::vector(Station &station, const StressEngine &engine) {
  const size_t most = edu() ? 2 : random_.between(32, max_batch);
  const size_t nr = plan_jobs(station, engine, most, false);
  if (!nr)
    return true;
  xsw_result result{};
  xsw_jobv op{};
  op.size = sizeof(op);
  op.nr = static_cast<uint32_t>(nr);
  op.stride = sizeof(xsw_job);
  op.jobs = std::bit_cast<uintptr_t>(jobs_.data());
  op.result = std::bit_cast<uintptr_t>(&result);
  const int rc = station.device->issue(XSW_IOC_JOBV, &op, sizeof(op), any_way(station));
  if (rc < 0)
    return defect(fmt::format("a vector of {} jobs", nr), &engine, -rc, result.cause);
  const auto good = static_cast<size_t>(
      std::count_if(results_.begin(), results_.begin() + static_cast<ptrdiff_t>(nr),
                    [](const xsw_result &each) { return each.status == 0; }));
  if (good != static_cast<size_t>(rc))
    return defect(
        fmt::format("a vector of {} jobs returned {}, but {} results are good", nr, rc, good),
        &engine);
  return settle(station, engine, nr);
}

bool Load::singles(Station &station, const StressEngine &engine) {
  const size_t nr = plan_jobs(station, engine, edu() ? 4 : random_.between(8, ring_depth), true);
  for (size_t i = 0; i < nr; ++i)
    station.ring->queue(XSW_IOC_JOB, &jobs_[i], sizeof(xsw_job), i, planned_[i].fixed ? 0 : -1);
  size_t back = 0;
  bool good = true;
  while (back < nr) {
    if (const int rc = station.ring->submit(1); rc < 0)
      return defect("submitting to the ring", &engine, -rc);
    back += station.ring->reap([&](uint64_t i, int res) {
      if (i >= nr || res != results_[i].status)
        good = defect(fmt::format("a job's completion says {}, its result {}", res,
                                  i < nr ? results_[i].status : 0),
                      &engine);
    });
  }
  return good && settle(station, engine, nr);
}

bool Load::one_by_one(Station &station, const StressEngine &engine) {
  const bool large = !station.own && engine.max_job > (512 << 10) && random_.one_in(3);
  const size_t nr = plan_jobs(station, engine, edu() || large ? 1 : 4, false, large);
  for (size_t i = 0; i < nr; ++i) {
    const int rc = station.device->issue(XSW_IOC_JOB, &jobs_[i], sizeof(xsw_job), any_way(station));
    if (rc != results_[i].status)
      return defect(fmt::format("a job returned {}, its result says {}", rc, results_[i].status),
                    &engine);
  }
  return settle(station, engine, nr);
}

// ---- primitives against the model ----

struct Live {
  Piece *piece;
  size_t offset;
  MappingModel model;
  uint32_t handle;
  bool whole_syncs; // several segments: only the whole length can be synced
  uint64_t guard_seed;

  std::span<std::byte> memory() const { return piece->bytes.subspan(offset, model.size()); }
};

class Sequence {
public:
  Sequence(Random &random, const Device &device, Ring &ring, const StressEngine &engine)
      : random_(random), device_(device), ring_(ring), engine_(engine),
        window_(engine.op.kind == XSW_ENGINE_EDU ? edu_memory : 8192), memory_(window_) {
    if (engine.op.kind == XSW_ENGINE_SIM)
      device_base_ = random_.below((128 << 10) - window_);
  }

  Result<bool> map(Piece &piece, size_t offset, size_t len, xsw_dir dir);
  Result<void> step();
  Result<void> fill_device();
  Result<void> unmap_one();
  bool empty() const { return live_.empty(); }

  uint64_t transfers = 0;
  uint64_t mapped = 0;
  uint64_t no_space = 0;
  std::vector<unsigned> reasons;
  // What differed, in words.
  std::string complaint;
  Mismatch bad{};

private:
  struct Part {
    size_t offset;
    size_t len;
  };
  Part part_of(size_t size) {
    const size_t len = random_.between(1, size);
    return {random_.between(0, size - len), len};
  }
  Ring *way() { return random_.one_in(2) ? &ring_ : nullptr; }
  Result<void> transfer(const Live &live, xsw_transfer_kind kind, Part part, size_t at);
  Result<void> sync(const Live &live, xsw_sync_for target, Part part);
  Result<void> device_reads(Live &live, Part part, size_t at);
  Result<void> device_writes(Live &live);
  Result<void> sync_for_cpu(Live &live);
  Result<void> cpu_writes(Live &live);
  void compare(const Live &live, const char *when);

  Random &random_;
  const Device &device_;
  Ring &ring_;
  const StressEngine &engine_;
  size_t window_;          // of the engine's own memory
  size_t device_base_ = 0; // where that begins
  size_t known_ = 0;       // bytes of it that are known
  std::vector<std::byte> memory_;
  std::vector<Live> live_;
};

Result<bool> Sequence::map(Piece &piece, size_t offset, size_t len, xsw_dir dir) {
  const auto bytes = piece.bytes.subspan(offset, len);
  const uint64_t guard_seed = random_.next();
  pattern_fill(bytes, random_.next());
  guard_fill(piece.bytes.subspan(offset - guard_bytes, guard_bytes), guard_seed);
  guard_fill(piece.bytes.subspan(offset + len, guard_bytes), guard_seed);

  const bool skip = dir != XSW_FROM_DEVICE && random_.one_in(8);
  xsw_map op{};
  op.flags = random_.one_in(3) ? XSW_F_SG : 0U;
  op.engine = engine_.engine.handle();
  op.buffer = piece.handle();
  op.dir = static_cast<uint32_t>(dir);
  op.attrs = XSW_ATTR_NO_WARN | (skip ? XSW_ATTR_SKIP_CPU_SYNC : 0U);
  op.offset = offset;
  op.len = len;
  const auto mapped_now = device_.map(op, way());
  if (!mapped_now) {
    if (mapped_now.error().cause != XSW_CAUSE_NO_SPACE)
      return tl::unexpected(mapped_now.error());
    ++no_space;
    return false;
  }
  ++mapped;
  reasons.push_back(mapped_now->src_reason);
  live_.push_back(Live{.piece = &piece,
                       .offset = offset,
                       .model = MappingModel(dir, bytes),
                       .handle = mapped_now->handle,
                       .whole_syncs = mapped_now->nr_segs > 1,
                       .guard_seed = guard_seed});
  if (skip)
    if (auto done = sync(live_.back(), XSW_SYNC_FOR_DEVICE, {0, len}); !done)
      return tl::unexpected(done.error());
  return true;
}

Result<void> Sequence::transfer(const Live &live, xsw_transfer_kind kind, Part part, size_t at) {
  xsw_transfer op{};
  op.mapping = live.handle;
  op.kind = kind;
  op.offset = part.offset;
  op.len = part.len;
  op.dev_offset = device_base_ + at;
  ++transfers;
  return device_.transfer(op, way()).map([](const xsw_result &) {});
}

Result<void> Sequence::sync(const Live &live, xsw_sync_for target, Part part) {
  xsw_sync op{};
  op.mapping = live.handle;
  op.target = target;
  op.offset = part.offset;
  op.len = part.len;
  return device_.sync(op, way()).map([](const xsw_result &) {});
}

Result<void> Sequence::device_reads(Live &live, Part part, size_t at) {
  if (auto done = transfer(live, XSW_DEVICE_READS, part, at); !done)
    return done;
  const auto seen = live.model.device(part.offset, part.len);
  std::copy(seen.begin(), seen.end(), memory_.begin() + static_cast<ptrdiff_t>(at));
  known_ = std::max(known_, at + part.len);
  return {};
}

Result<void> Sequence::device_writes(Live &live) {
  Part part = part_of(std::min(live.model.size(), known_));
  part.offset = random_.between(0, live.model.size() - part.len);
  const size_t at = random_.between(0, known_ - part.len);
  if (auto done = transfer(live, XSW_DEVICE_WRITES, part, at); !done)
    return done;
  live.model.device_writes(part.offset, std::span(memory_).subspan(at, part.len));
  return {};
}

Result<void> Sequence::sync_for_cpu(Live &live) {
  const size_t size = live.model.size();
  const Part part = live.whole_syncs || random_.one_in(3) ? Part{0, size} : part_of(size);
  if (auto done = sync(live, XSW_SYNC_FOR_CPU, part); !done)
    return done;
  live.model.sync_for_cpu(part.offset, part.len);
  compare(live, "after a sync for the CPU");
  return {};
}

// The CPU takes a part, changes it, and gives exactly that part back.
Result<void> Sequence::cpu_writes(Live &live) {
  const size_t size = live.model.size();
  const Part part = live.whole_syncs ? Part{0, size} : part_of(size);
  if (live.model.device_may_write()) {
    if (auto done = sync(live, XSW_SYNC_FOR_CPU, part); !done)
      return done;
    live.model.sync_for_cpu(part.offset, part.len);
  }
  const auto bytes = live.memory().subspan(part.offset, part.len);
  pattern_fill(bytes, random_.next());
  live.model.cpu_writes(part.offset, bytes);
  return sync(live, XSW_SYNC_FOR_DEVICE, part);
}

Result<void> Sequence::fill_device() {
  Live &live = live_.front();
  return device_reads(live, {0, std::min(live.model.size(), window_)}, 0);
}

Result<void> Sequence::step() {
  Live &live = live_[random_.below(live_.size())];
  const uint64_t dice = random_.below(8);
  if (live.model.device_may_write()) {
    if (dice < 3 || !live.model.device_may_read())
      return dice < 5 ? device_writes(live) : sync_for_cpu(live);
    if (dice < 4)
      return sync_for_cpu(live);
  }
  if (dice < 6)
    return cpu_writes(live);
  const Part part = part_of(std::min(live.model.size(), window_));
  const size_t at = random_.between(0, std::min(known_, window_ - part.len));
  return device_reads(live, part, at);
}

void Sequence::compare(const Live &live, const char *when) {
  const auto tell = [&](const char *where, const Mismatch &difference) {
    if (!complaint.empty())
      return;
    bad = difference;
    complaint =
        fmt::format("mapping of {} bytes at offset {:#x}, {} ({} live): {} byte {}",
                    live.model.size(), live.offset, when, live_.size(), where, difference.offset);
  };
  const auto &bytes = live.piece->bytes;
  if (const auto difference = live.model.compare(live.memory()))
    tell("its", *difference);
  else if (const auto before =
               guard_verify(bytes.subspan(live.offset - guard_bytes, guard_bytes), live.guard_seed))
    tell("guard before it,", *before);
  else if (const auto behind = guard_verify(
               bytes.subspan(live.offset + live.model.size(), guard_bytes), live.guard_seed))
    tell("guard behind it,", *behind);
}

Result<void> Sequence::unmap_one() {
  const size_t at = random_.below(live_.size());
  Live &live = live_[at];
  const bool skip = random_.one_in(6);
  if (skip && live.model.device_may_write()) {
    if (auto done = sync(live, XSW_SYNC_FOR_CPU, {0, live.model.size()}); !done)
      return done;
  }
  xsw_unmap op{};
  op.mapping = live.handle;
  op.attrs = skip ? XSW_ATTR_SKIP_CPU_SYNC : 0U;
  if (auto done = device_.unmap(op, way()); !done)
    return tl::unexpected(done.error());
  live.model.unmap();
  compare(live, "after the unmap");
  std::swap(live, live_.back());
  live_.pop_back();
  return {};
}

bool Load::sequence(Station &station, const StressEngine &engine) {
  rewind(station);
  Sequence sequence(random_, *station.device, *station.ring, engine);
  const size_t wanted = random_.between(1, edu() ? 2 : 5);
  bool mapped = false;
  for (size_t i = 0; i < wanted; ++i) {
    Piece &piece = station.pieces[random_.between(1, station.pieces.size() - 1)];
    const size_t len = pick_len(engine.max_job);
    const auto offset = carve(piece, len);
    if (!offset)
      continue;
    // The first is one that the device can read: what it then writes elsewhere is known.
    const auto dir = static_cast<xsw_dir>(mapped ? random_.below(3) : random_.below(2));
    const auto done = sequence.map(piece, *offset, len, dir);
    if (!done)
      return fail(done.error());
    mapped |= *done;
  }
  tally_.causes[XSW_CAUSE_NO_SPACE] += sequence.no_space;
  if (!mapped)
    return true;
  auto done = sequence.fill_device();
  const size_t steps = random_.between(1, edu() ? 3 : 8);
  for (size_t i = 0; done && i < steps; ++i)
    done = sequence.step();
  while (done && !sequence.empty())
    done = sequence.unmap_one();
  if (!done) {
    Error error = done.error();
    error.device = engine.text();
    return fail(std::move(error));
  }
  if (!sequence.complaint.empty())
    mismatch(engine, sequence.complaint, sequence.bad);
  for (const unsigned reason : sequence.reasons)
    count(engine, reason);
  ++tally_.sequences;
  made_mappings(sequence.mapped);
  made_transfers(sequence.transfers);
  return true;
}

// Maps until the pool is full: the error must say so, and all must be free afterwards.
bool Load::exhaust(Station &station, const StressEngine &engine) {
  if (!(engine.op.flags & XSW_ENGINE_FORCE_BOUNCE) || engine.op.ops != XSW_OPS_OURS ||
      engine.host())
    return true;
  const Piece &piece = station.pieces[random_.between(1, station.pieces.size() - 1)];
  const uint64_t len = std::min<uint64_t>({engine.max_job, piece.bytes.size(), 64 << 10});
  std::vector<uint32_t> handles;
  bool full = false;
  const uint64_t most = std::min<uint64_t>(shared_.info.max_mappings / 2, 2000);
  while (!full && handles.size() < most) {
    xsw_map op{};
    op.engine = engine.engine.handle();
    op.buffer = piece.handle();
    op.dir = XSW_TO_DEVICE;
    op.attrs = XSW_ATTR_NO_WARN;
    op.len = len;
    const auto mapped = station.device->map(op, any_way(station));
    if (mapped)
      handles.push_back(mapped->handle);
    else if (mapped.error().cause == XSW_CAUSE_NO_SPACE && mapped.error().err == ENOMEM)
      full = true;
    else
      return fail(mapped.error());
  }
  tally_.causes[XSW_CAUSE_NO_SPACE] += full ? 1 : 0;
  made_mappings(handles.size());
  for (const uint32_t handle : handles) {
    xsw_unmap op{};
    op.mapping = handle;
    if (auto done = station.device->unmap(op, any_way(station)); !done)
      return fail(done.error());
  }
  const auto stats = station.device->stats(engine.engine.handle());
  if (!stats)
    return fail(stats.error());
  if (stats->pool_used)
    return defect(fmt::format("{} slots are in use after {} mappings were unmapped",
                              stats->pool_used, handles.size()),
                  &engine);
  return true;
}

// ---- wrong operations ----

bool Load::inject() {
  Station &station = own_->station;
  const StressEngine &engine = own_->engines.front();
  const Device &device = own_->device;
  const Piece &piece = station.pieces[random_.between(1, station.pieces.size() - 1)];
  const uint64_t len = std::min<uint64_t>({engine.max_job, piece.bytes.size(), 4096});

  xsw_map map{};
  map.engine = engine.engine.handle();
  map.buffer = piece.handle();
  map.dir = XSW_TO_DEVICE;
  map.attrs = XSW_ATTR_NO_WARN;
  map.len = len;
  const auto mapped = device.map(map, any_way(station));
  if (!mapped)
    return mapped.error().cause == XSW_CAUSE_NO_SPACE || fail(mapped.error());
  made_mappings(1);
  count(engine, mapped->src_reason);
  const uint32_t handle = mapped->handle;

  bool good = true;
  const auto refused = [&](const char *what, const Result<xsw_result> &result, int err,
                           unsigned cause) {
    if (!result && result.error().err == err && result.error().cause == cause) {
      ++tally_.injected;
      return;
    }
    good = defect(fmt::format("{} must fail with errno {} and cause {}, but got errno {}, cause {}",
                              what, strerrorname_np(err), cause_name(cause),
                              result ? "0" : strerrorname_np(result.error().err),
                              cause_name(result ? 0 : result.error().cause)),
                  &engine);
  };
  const auto unmap = [&](uint32_t which) {
    xsw_unmap op{};
    op.mapping = which;
    return device.unmap(op, any_way(station));
  };
  const auto sync = [&](uint64_t offset, uint64_t bytes, uint32_t target) {
    xsw_sync op{};
    op.mapping = handle;
    op.target = target;
    op.offset = offset;
    op.len = bytes;
    return device.sync(op, any_way(station));
  };
  const auto transfer = [&](uint32_t kind, uint64_t offset, uint64_t bytes, uint64_t at) {
    xsw_transfer op{};
    op.mapping = handle;
    op.kind = kind;
    op.offset = offset;
    op.len = bytes;
    op.dev_offset = at;
    return device.transfer(op, any_way(station));
  };
  const auto map_as = [&](auto change) {
    xsw_map op = map;
    change(op);
    return device.map(op, any_way(station));
  };

  refused("a sync behind the mapping", sync(len, 1, XSW_SYNC_FOR_CPU), ERANGE,
          XSW_CAUSE_OUT_OF_RANGE);
  refused("a sync that wraps", sync(1, UINT64_MAX, XSW_SYNC_FOR_DEVICE), ERANGE,
          XSW_CAUSE_OUT_OF_RANGE);
  refused("a sync for nobody", sync(0, len, 3), EINVAL, XSW_CAUSE_BAD_VALUE);
  refused("a transfer behind the mapping", transfer(XSW_DEVICE_READS, len, 1, 0), ERANGE,
          XSW_CAUSE_OUT_OF_RANGE);
  refused("a transfer behind the device's memory",
          transfer(XSW_DEVICE_READS, 0, 1, uint64_t{1} << 40), ERANGE, XSW_CAUSE_OUT_OF_RANGE);
  refused("a transfer against the direction", transfer(XSW_DEVICE_WRITES, 0, 1, 0), EINVAL,
          XSW_CAUSE_BAD_DIRECTION);
  refused("closing an engine that is in use", device.engine_close(map.engine, any_way(station)),
          EBUSY, XSW_CAUSE_BUSY);
  refused("destroying a buffer that is mapped", device.buf_destroy(map.buffer, any_way(station)),
          EBUSY, XSW_CAUSE_BUSY);
  refused("unmapping a buffer", unmap(map.buffer), EINVAL, XSW_CAUSE_BAD_HANDLE);
  refused("unmapping what never was", unmap(0xfff00000U | 0xfffffU), ENOENT, XSW_CAUSE_BAD_HANDLE);
  refused("mapping behind the buffer", map_as([&](xsw_map &op) { op.offset = piece.bytes.size(); }),
          ERANGE, XSW_CAUSE_OUT_OF_RANGE);
  refused("mapping in no direction", map_as([](xsw_map &op) { op.dir = 3; }), EINVAL,
          XSW_CAUSE_BAD_VALUE);
  refused("mapping a mapping", map_as([&](xsw_map &op) { op.buffer = handle; }), EINVAL,
          XSW_CAUSE_BAD_HANDLE);
  refused("mapping nothing", map_as([](xsw_map &op) { op.len = 0; }), EINVAL, XSW_CAUSE_BAD_VALUE);
  refused("an unknown flag", map_as([](xsw_map &op) { op.flags = 1U << 31; }), EINVAL,
          XSW_CAUSE_NONE);

  const uint64_t no_size = 0;
  if (device.issue(XSW_IOC_NOP, &no_size, sizeof(no_size), any_way(station)) != -EINVAL)
    good = defect("an operation without size must fail with EINVAL", &engine);
  if (device.issue(_IOWR(XSW_IOC_MAGIC, 99, xsw_nop), &no_size, sizeof(no_size),
                   any_way(station)) != -ENOTTY)
    good = defect("an unknown operation must fail with ENOTTY", &engine);

  if (auto done = unmap(handle); !done)
    return fail(done.error());
  refused("unmapping twice", unmap(handle), ESTALE, XSW_CAUSE_BAD_HANDLE);
  return good;
}

// ---- the load as a whole ----

bool Load::start() {
  if (!make_own())
    return false;
  return edu() || make_station(common_, shared_.device, shared_.engines, false);
}

bool Load::round() {
  const bool own = edu() || random_.one_in(2);
  Station &station = own ? own_->station : common_;
  const StressEngine &engine = station.engines[random_.below(station.engines.size())];
  const uint64_t dice = random_.below(1000);
  if (edu()) {
    if (dice < 500)
      return singles(station, engine);
    if (dice < 600)
      return vector(station, engine);
    if (dice < 750)
      return one_by_one(station, engine);
    if (dice < 960)
      return sequence(station, engine);
    if (dice < 985)
      return churn_buffer(station);
    return dice < 995 ? inject() : abandon();
  }
  if (dice < 550)
    return vector(station, engine);
  if (dice < 750)
    return singles(station, engine);
  if (dice < 800)
    return one_by_one(station, engine);
  if (dice < 950) {
    bool good = true;
    for (int i = 0; good && i < 4; ++i)
      good = sequence(own_->station, own_->engines[random_.below(own_->engines.size())]);
    return good;
  }
  if (dice < 970)
    return inject();
  if (dice < 975)
    return exhaust(own_->station, own_->engines[random_.below(own_->engines.size())]);
  if (dice < 993)
    return churn_buffer(station);
  return dice < 998 ? churn_engine() : abandon();
}

// All is unmapped by now: ends buffers and looks at what is left.
bool Load::finish() {
  common_ = Station();
  own_->station.pieces.clear();
  for (const StressEngine &engine : own_->engines) {
    const auto leaks = Leaks::read(own_->device, engine.engine.handle());
    if (!leaks)
      return fail(leaks.error());
    // The host's pool is one that others use meanwhile: it is looked at last.
    tally_.leaks.pool_slots += engine.host() ? 0 : leaks->pool_slots;
    tally_.leaks.mappings += leaks->mappings;
    tally_.leaks.buffers += leaks->buffers;
    tally_.leaks.pinned_bytes += leaks->pinned_bytes;
  }
  own_.reset();
  return true;
}

StressTally Load::run() {
  bool good = start();
  while (good && !shared_.stop && !shared_.enough())
    good = round();
  if (good)
    finish();
  return std::move(tally_);
}

} // namespace

void StressTally::merge(const StressTally &other) {
  mappings += other.mappings;
  jobs += other.jobs;
  sequences += other.sequences;
  injected += other.injected;
  retries += other.retries;
  bytes += other.bytes;
  engines += other.engines;
  buffers += other.buffers;
  grants_refused += other.grants_refused;
  abandoned += other.abandoned;
  edu_transfers += other.edu_transfers;
  mismatches += other.mismatches;
  for (size_t i = 0; i < reasons.size(); ++i) {
    reasons[i] += other.reasons[i];
    host_reasons[i] += other.host_reasons[i];
  }
  for (size_t i = 0; i < causes.size(); ++i)
    causes[i] += other.causes[i];
  for (const std::string &text : other.mismatch_texts)
    if (mismatch_texts.size() < mismatches_told)
      mismatch_texts.push_back(text);
  if (!failure)
    failure = other.failure;
  leaks.pool_slots += other.leaks.pool_slots;
  leaks.mappings += other.leaks.mappings;
  leaks.buffers += other.leaks.buffers;
  leaks.pinned_bytes += other.leaks.pinned_bytes;
}

Result<StressEngine> StressEngine::open(const Device &device, const xsw_engine_open &op,
                                        const xsw_info &info) {
  auto engine = Engine::open(device, op);
  if (!engine) {
    Error error = engine.error();
    return tl::unexpected(error);
  }
  uint64_t most = std::min<uint64_t>(engine->max_transfer(), info.max_len);
  if (op.kind == XSW_ENGINE_SIM) {
    // Both mappings of a job must fit, beside those of other threads.
    const uint64_t pool = uint64_t{op.pool_kib ? op.pool_kib : 8192} << 10;
    most = std::min(most, pool / 8);
  } else {
    // 100 ms for each 4095 bytes: two pieces now and then will do.
    most = std::min<uint64_t>(most, 2 * edu_memory);
  }
  if (op.seg_boundary)
    most = std::min<uint64_t>(most, (op.seg_boundary + 1) / 2);
  if (op.ops == XSW_OPS_KERNEL) // swiotlb takes 256 KiB at most, less with alignment
    most = std::min<uint64_t>(most, 128 << 10);
  return StressEngine{.engine = std::move(*engine), .op = op, .max_job = most};
}

std::string StressEngine::text() const {
  if (op.kind == XSW_ENGINE_EDU)
    return fmt::format("edu engine {}", op.index);
  constexpr std::array<const char *, 4> layouts{"identity", "offset", "shuffled", "host"};
  return fmt::format("sim engine (p2m {}, mask {}, pool {}k, min_align_mask {:#x}, seg_boundary "
                     "{:#x}, latency {} us, flags {:#x}{})",
                     layouts[op.p2m], op.dma_bits, op.pool_kib, op.min_align_mask, op.seg_boundary,
                     op.latency_us, op.flags, op.ops == XSW_OPS_KERNEL ? ", kernel ops" : "");
}

bool on_xen(const xsw_info &info) { return std::string_view(info.env).starts_with("xen_"); }

xsw_engine_open random_engine(Random &random, bool large, bool host) {
  xsw_engine_open op{};
  op.kind = XSW_ENGINE_SIM;
  op.p2m = host ? uint32_t{XSW_P2M_HOST} : static_cast<uint32_t>(random.below(3));
  if (op.p2m == XSW_P2M_SHUFFLED)
    op.seed = static_cast<uint32_t>(random.next());
  if (op.p2m == XSW_P2M_OFFSET)
    op.p2m_offset = random.between(1, 1 << 20);
  op.dma_bits = random.one_in(2) ? 64 : 32;
  if (!host)
    op.pool_kib = large ? 32768 : 1024U << random.below(4);
  if (random.one_in(4))
    op.min_align_mask = random.one_in(2) ? 511 : 4095;
  if (!large && random.one_in(4))
    op.seg_boundary = random.one_in(2) ? 65535 : (1 << 20) - 1;
  if (random.one_in(6))
    op.latency_us = static_cast<uint32_t>(random.between(10, 200));
  if (random.one_in(4))
    op.flags |= XSW_ENGINE_FORCE_BOUNCE;
  if (host)
    return op;
  if (random.one_in(4))
    op.flags |= XSW_ENGINE_NO_M2P;
  if (random.one_in(4))
    op.flags |= XSW_ENGINE_NO_FLUSH;
  if (op.p2m == XSW_P2M_IDENTITY && random.one_in(4)) {
    op.ops = XSW_OPS_KERNEL;
    op.flags = 0;
    // Kernels before 6.10 sync the wrong bytes of a part where it is set.
    op.min_align_mask = 0;
  }
  return op;
}

bool StressShared::enough() const {
  if (plan.time_ms && now_ns() >= deadline_ns)
    return true;
  if (edu_transfers.load(std::memory_order_relaxed) < plan.min_edu_transfers)
    return false;
  return plan.ops && mappings.load(std::memory_order_relaxed) >= plan.ops;
}

StressTally stress_sim(StressShared &shared, unsigned thread) {
  return Load(shared, derive_seed(shared.plan.seed, thread), -1).run();
}

StressTally stress_edu(StressShared &shared, unsigned index) {
  return Load(shared, derive_seed(shared.plan.seed, 1000 + index), static_cast<int>(index)).run();
}

} // namespace xsw
