// SPDX-License-Identifier: GPL-2.0
// /dev/xswiotlb, and what a session on it owns. Every operation goes by ioctl, or over a
// ring when one is given.
#pragma once

#include "error.h"
#include "ring.h"
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace xsw {

constexpr const char *default_device = "/dev/" XSW_DEVICE_NAME;

class Device {
public:
  static Result<Device> open(const std::string &path = default_device);

  Device(Device &&other) noexcept
      : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}
  Device &operator=(Device &&) = delete;
  Device(const Device &) = delete;
  ~Device();

  // Closes the session under whatever still names it: operations then fail, nothing is tidied up.
  Result<void> abandon() const;

  int fd() const { return fd_; }
  const std::string &path() const { return path_; }

  Result<xsw_info> query(Ring *via = nullptr) const;
  Result<xsw_stats> stats(uint32_t engine, Ring *via = nullptr) const;
  Result<void> nop(Ring *via = nullptr) const;

  // These fill in size and result themselves.
  Result<xsw_result> engine_open(xsw_engine_open op, Ring *via = nullptr) const;
  Result<xsw_result> engine_close(uint32_t handle, Ring *via = nullptr) const;
  Result<xsw_result> buf_create(xsw_buf_create op, Ring *via = nullptr) const;
  Result<xsw_result> buf_destroy(uint32_t handle, Ring *via = nullptr) const;
  Result<xsw_result> map(xsw_map op, Ring *via = nullptr) const;
  Result<xsw_result> unmap(xsw_unmap op, Ring *via = nullptr) const;
  Result<xsw_result> sync(xsw_sync op, Ring *via = nullptr) const;
  Result<xsw_result> transfer(xsw_transfer op, Ring *via = nullptr) const;
  Result<xsw_result> measure(xsw_measure op, Ring *via = nullptr) const;
  Result<xsw_result> job(xsw_job op, Ring *via = nullptr, int fixed = -1) const;

  // Any operation as it is: what ioctl() returns, or -errno.
  int issue(uint32_t cmd, const void *op, size_t size, Ring *via = nullptr, int fixed = -1) const;

private:
  Device(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  template <class Op>
  Result<xsw_result> perform(const char *what, uint32_t cmd, Op op, Ring *via,
                             int fixed = -1) const;
  Error error(const char *what, int err, unsigned cause) const;

  int fd_;
  std::string path_;
};

// An engine that a session has opened; closed with this object.
class Engine {
public:
  static Result<Engine> open(const Device &device, const xsw_engine_open &op);

  Engine(Engine &&other) noexcept;
  Engine &operator=(Engine &&other) noexcept;
  ~Engine();

  uint32_t handle() const { return handle_; }
  uint32_t kind() const { return kind_; }
  // Most bytes of one transfer.
  uint64_t max_transfer() const { return max_transfer_; }
  Result<void> close();

private:
  Engine(const Device &device, uint32_t kind, const xsw_result &result)
      : device_(&device), handle_(result.handle), kind_(kind), max_transfer_(result.value) {}

  const Device *device_;
  uint32_t handle_;
  uint32_t kind_;
  uint64_t max_transfer_;
};

// Anonymous or device memory, unmapped with this object.
class Memory {
public:
  static Result<Memory> anonymous(size_t bytes);
  // Pages of which no two neighbours were so when the kernel gave them.
  static Result<Memory> scattered(size_t bytes);
  static Result<Memory> of_device(const Device &device, size_t bytes, uint64_t offset);
  // The mapping keeps the file open.
  static Result<Memory> of_file(int fd, const std::string &path, size_t bytes, uint64_t offset);

  Memory() = default;
  Memory(Memory &&other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Memory &operator=(Memory &&other) noexcept;
  ~Memory();

  std::span<std::byte> bytes() const { return bytes_; }

private:
  explicit Memory(std::span<std::byte> bytes) : bytes_(bytes) {}
  static Result<Memory> map(size_t bytes, int flags, int fd, uint64_t offset,
                            const std::string &device);

  std::span<std::byte> bytes_;
};

// A buffer that a session has made, with its memory mapped here; destroyed with this object.
class Buffer {
public:
  static Result<Buffer> user(const Device &device, size_t bytes, size_t page_offset = 0);
  // The same, of scattered pages: as many segments as pages.
  static Result<Buffer> scattered(const Device &device, size_t bytes);
  static Result<Buffer> kernel(const Device &device, uint32_t engine, uint32_t placement,
                               size_t bytes, size_t page_offset = 0);
  // Xen: memory that this domain grants to itself, pinned where it is mapped as foreign.
  static Result<Buffer> granted(const Device &device, size_t bytes);

  Buffer(Buffer &&other) noexcept;
  Buffer &operator=(Buffer &&other) noexcept;
  ~Buffer();

  uint32_t handle() const { return handle_; }
  std::span<std::byte> bytes() const { return bytes_; }
  Result<void> destroy();

private:
  static Result<Buffer> pinned(const Device &device, Memory memory, size_t page_offset,
                               size_t bytes);
  Buffer(const Device &device, uint32_t handle, Memory memory, std::span<std::byte> bytes)
      : device_(&device), handle_(handle), memory_(std::move(memory)), bytes_(bytes) {}

  const Device *device_;
  uint32_t handle_;
  Memory memory_;
  Memory foreign_; // what is pinned, where that is not memory_
  std::span<std::byte> bytes_;
};

} // namespace xsw
