// SPDX-License-Identifier: GPL-2.0
#include "device.h"
#include "grant.h"

#include <bit>
#include <cerrno>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace xsw {
namespace {

constexpr size_t page = 4096;

size_t whole_pages(size_t bytes) { return (bytes + page - 1) & ~(page - 1); }

} // namespace

Result<Device> Device::open(const std::string &path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd >= 0)
    return Device(fd, path);
  const int err = errno;
  return tl::unexpected(Error{.what = "opening " + path,
                              .device = {},
                              .err = err,
                              .cause = XSW_CAUSE_NONE,
                              .advice = err == EACCES
                                            ? "run as root, or ask for access to the device node"
                                            : "load the module first: insmod xswiotlb.ko",
                              .exit = Exit::environment});
}

Device::~Device() {
  if (fd_ >= 0)
    close(fd_);
}

Result<void> Device::abandon() const {
  // One step: another thread's open() must not get this number in between.
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const int rc = null < 0 ? -1 : dup3(null, fd_, O_CLOEXEC);
  const int err = errno;
  if (null >= 0)
    close(null);
  if (rc < 0)
    return tl::unexpected(error("abandoning the session", err, XSW_CAUSE_NONE));
  return {};
}

Error Device::error(const char *what, int err, unsigned cause) const {
  return Error{.what = what,
               .device = path_,
               .err = err,
               .cause = cause,
               .advice = advice_for(err, cause),
               .exit = exit_for(err, cause)};
}

int Device::issue(uint32_t cmd, const void *op, size_t size, Ring *via, int fixed) const {
  if (via)
    return via->call(cmd, op, size, fixed);
  const int rc = ioctl(fd_, cmd, op);
  return rc < 0 ? -errno : rc;
}

template <class Op>
Result<xsw_result> Device::perform(const char *what, uint32_t cmd, Op op, Ring *via,
                                   int fixed) const {
  xsw_result result{};
  op.size = sizeof(op);
  op.result = std::bit_cast<uintptr_t>(&result);
  const int rc = issue(cmd, &op, sizeof(op), via, fixed);
  if (rc < 0)
    return tl::unexpected(error(what, -rc, result.cause));
  return result;
}

Result<xsw_info> Device::query(Ring *via) const {
  xsw_info info{};
  info.size = sizeof(info);
  xsw_query op{};
  op.size = sizeof(op);
  op.info = std::bit_cast<uintptr_t>(&info);
  const int rc = issue(XSW_IOC_QUERY, &op, sizeof(op), via);
  if (rc < 0)
    return tl::unexpected(error("asking what is there", -rc, XSW_CAUSE_NONE));
  if (info.abi_version != XSW_ABI_VERSION)
    return tl::unexpected(Error{.what = "the module speaks ABI " +
                                        std::to_string(info.abi_version) + ", this program ABI " +
                                        std::to_string(XSW_ABI_VERSION),
                                .device = path_,
                                .err = 0,
                                .cause = XSW_CAUSE_NONE,
                                .advice = "build both from one tree",
                                .exit = Exit::environment});
  return info;
}

Result<xsw_stats> Device::stats(uint32_t engine, Ring *via) const {
  xsw_stats stats{};
  stats.size = sizeof(stats);
  xsw_stats_get op{};
  op.size = sizeof(op);
  op.engine = engine;
  op.stats = std::bit_cast<uintptr_t>(&stats);
  const int rc = issue(XSW_IOC_STATS, &op, sizeof(op), via);
  if (rc < 0)
    return tl::unexpected(error("reading counters", -rc, XSW_CAUSE_NONE));
  return stats;
}

Result<void> Device::nop(Ring *via) const {
  const xsw_nop op{.size = sizeof(op), .flags = 0};
  const int rc = issue(XSW_IOC_NOP, &op, sizeof(op), via);
  if (rc < 0)
    return tl::unexpected(error("the empty command", -rc, XSW_CAUSE_NONE));
  return {};
}

Result<xsw_result> Device::engine_open(xsw_engine_open op, Ring *via) const {
  return perform(op.kind == XSW_ENGINE_EDU ? "opening an edu engine" : "opening a sim engine",
                 XSW_IOC_ENGINE_OPEN, op, via);
}

Result<xsw_result> Device::engine_close(uint32_t handle, Ring *via) const {
  xsw_handle op{};
  op.handle = handle;
  return perform("closing an engine", XSW_IOC_ENGINE_CLOSE, op, via);
}

Result<xsw_result> Device::buf_create(xsw_buf_create op, Ring *via) const {
  return perform(op.kind == XSW_BUF_USER ? "pinning a user buffer" : "making a kernel buffer",
                 XSW_IOC_BUF_CREATE, op, via);
}

Result<xsw_result> Device::buf_destroy(uint32_t handle, Ring *via) const {
  xsw_handle op{};
  op.handle = handle;
  return perform("destroying a buffer", XSW_IOC_BUF_DESTROY, op, via);
}

Result<xsw_result> Device::map(xsw_map op, Ring *via) const {
  return perform("mapping", XSW_IOC_MAP, op, via);
}

Result<xsw_result> Device::unmap(xsw_unmap op, Ring *via) const {
  return perform("unmapping", XSW_IOC_UNMAP, op, via);
}

Result<xsw_result> Device::sync(xsw_sync op, Ring *via) const {
  return perform("syncing", XSW_IOC_SYNC, op, via);
}

Result<xsw_result> Device::transfer(xsw_transfer op, Ring *via) const {
  return perform("a transfer", XSW_IOC_TRANSFER, op, via);
}

Result<xsw_result> Device::measure(xsw_measure op, Ring *via) const {
  return perform("measuring", XSW_IOC_MEASURE, op, via);
}

Result<xsw_result> Device::job(xsw_job op, Ring *via, int fixed) const {
  return perform("a job", XSW_IOC_JOB, op, via, fixed);
}

Result<Engine> Engine::open(const Device &device, const xsw_engine_open &op) {
  return device.engine_open(op).map(
      [&](const xsw_result &result) { return Engine(device, op.kind, result); });
}

Engine::Engine(Engine &&other) noexcept
    : device_(other.device_), handle_(std::exchange(other.handle_, 0)), kind_(other.kind_),
      max_transfer_(other.max_transfer_) {}

Engine &Engine::operator=(Engine &&other) noexcept {
  if (this != &other) {
    (void)close();
    device_ = other.device_;
    handle_ = std::exchange(other.handle_, 0);
    kind_ = other.kind_;
    max_transfer_ = other.max_transfer_;
  }
  return *this;
}

Engine::~Engine() { (void)close(); }

Result<void> Engine::close() {
  if (!handle_)
    return {};
  return device_->engine_close(std::exchange(handle_, 0)).map([](const xsw_result &) {});
}

Result<Memory> Memory::map(size_t bytes, int flags, int fd, uint64_t offset,
                           const std::string &device) {
  void *at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, fd, static_cast<off_t>(offset));
  if (at == MAP_FAILED) {
    const int err = errno;
    return tl::unexpected(Error{.what = "mmap() of " + std::to_string(bytes) + " bytes",
                                .device = device,
                                .err = err,
                                .cause = XSW_CAUSE_NONE,
                                .advice = {},
                                .exit = Exit::device});
  }
  return Memory({static_cast<std::byte *>(at), bytes});
}

Result<Memory> Memory::anonymous(size_t bytes) {
  return map(whole_pages(bytes), MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0, "memory");
}

Result<Memory> Memory::scattered(size_t bytes) {
  auto memory = anonymous(bytes);
  if (!memory)
    return memory;
  const auto from = anonymous(2 * whole_pages(bytes));
  if (!from)
    return tl::unexpected(from.error());
  // No hole is left where they were: it could become another thread's memory, which would then go
  // together with what is around it.
  for (size_t at = 0; at < bytes; at += page)
    if (mremap(&from->bytes()[2 * at], page, page, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
               &memory->bytes()[at]) == MAP_FAILED) {
      const int err = errno;
      return tl::unexpected(Error{.what = "mremap()",
                                  .device = "memory",
                                  .err = err,
                                  .cause = XSW_CAUSE_NONE,
                                  .advice = {},
                                  .exit = Exit::device});
    }
  return memory;
}

Result<Memory> Memory::of_device(const Device &device, size_t bytes, uint64_t offset) {
  return map(whole_pages(bytes), MAP_SHARED, device.fd(), offset, device.path());
}

Result<Memory> Memory::of_file(int fd, const std::string &path, size_t bytes, uint64_t offset) {
  return map(whole_pages(bytes), MAP_SHARED, fd, offset, path);
}

Memory &Memory::operator=(Memory &&other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

Memory::~Memory() {
  if (!bytes_.empty())
    munmap(bytes_.data(), bytes_.size());
}

Result<Buffer> Buffer::pinned(const Device &device, Memory memory, size_t page_offset,
                              size_t bytes) {
  const auto range = memory.bytes().subspan(page_offset, bytes);
  xsw_buf_create op{};
  op.kind = XSW_BUF_USER;
  op.addr = std::bit_cast<uintptr_t>(range.data());
  op.bytes = bytes;
  return device.buf_create(op).map([&](const xsw_result &result) {
    return Buffer(device, result.handle, std::move(memory), range);
  });
}

Result<Buffer> Buffer::user(const Device &device, size_t bytes, size_t page_offset) {
  auto memory = Memory::anonymous(page_offset + bytes);
  if (!memory)
    return tl::unexpected(memory.error());
  return pinned(device, std::move(*memory), page_offset, bytes);
}

Result<Buffer> Buffer::scattered(const Device &device, size_t bytes) {
  auto memory = Memory::scattered(bytes);
  if (!memory)
    return tl::unexpected(memory.error());
  return pinned(device, std::move(*memory), 0, bytes);
}

Result<Buffer> Buffer::kernel(const Device &device, uint32_t engine, uint32_t placement,
                              size_t bytes, size_t page_offset) {
  xsw_buf_create op{};
  op.kind = XSW_BUF_KERNEL;
  op.engine = placement == XSW_PLACE_ANY ? 0 : engine;
  op.placement = placement;
  op.page_offset = static_cast<uint32_t>(page_offset);
  op.bytes = bytes;
  auto created = device.buf_create(op);
  if (!created)
    return tl::unexpected(created.error());
  auto memory = Memory::of_device(device, page_offset + bytes, created->value);
  if (!memory) {
    (void)device.buf_destroy(created->handle);
    return tl::unexpected(memory.error());
  }
  const auto range = memory->bytes().subspan(page_offset, bytes);
  return Buffer(device, created->handle, std::move(*memory), range);
}

Result<Buffer> Buffer::granted(const Device &device, size_t bytes) {
  auto grant = grant_to_self(bytes);
  if (!grant)
    return tl::unexpected(grant.error());
  xsw_buf_create op{};
  op.kind = XSW_BUF_USER;
  op.addr = std::bit_cast<uintptr_t>(grant->foreign.bytes().data());
  op.bytes = bytes;
  return device.buf_create(op).map([&](const xsw_result &result) {
    const auto range = grant->own.bytes().first(bytes);
    Buffer buffer(device, result.handle, std::move(grant->own), range);
    buffer.foreign_ = std::move(grant->foreign);
    return buffer;
  });
}

Buffer::Buffer(Buffer &&other) noexcept
    : device_(other.device_), handle_(std::exchange(other.handle_, 0)),
      memory_(std::move(other.memory_)), foreign_(std::move(other.foreign_)), bytes_(other.bytes_) {
}

Buffer &Buffer::operator=(Buffer &&other) noexcept {
  if (this != &other) {
    (void)destroy();
    device_ = other.device_;
    handle_ = std::exchange(other.handle_, 0);
    memory_ = std::move(other.memory_);
    foreign_ = std::move(other.foreign_);
    bytes_ = other.bytes_;
  }
  return *this;
}

Buffer::~Buffer() { (void)destroy(); }

Result<void> Buffer::destroy() {
  memory_ = Memory();
  Result<void> done;
  if (handle_)
    done = device_->buf_destroy(std::exchange(handle_, 0)).map([](const xsw_result &) {});
  // A grant must not be unmapped while it is pinned.
  foreign_ = Memory();
  return done;
}

} // namespace xsw
