// SPDX-License-Identifier: GPL-2.0
// What a streaming mapping must look like from both sides, whichever path it took: the
// rules of the DMA API as bytes. Stress checks the module against it.
#pragma once

#include "error.h"
#include "pattern.h"
#include <cstddef>
#include <span>
#include <vector>

namespace xsw {

class MappingModel {
public:
  // @memory is what the CPU sees when the mapping is made.
  MappingModel(xsw_dir dir, std::span<const std::byte> memory);

  size_t size() const { return cpu_.size(); }
  bool device_may_read() const { return dir_ != XSW_FROM_DEVICE; }
  bool device_may_write() const { return dir_ != XSW_TO_DEVICE; }

  // What the device sees there.
  std::span<const std::byte> device(size_t offset, size_t len) const;
  // The device writes @bytes: the CPU must not look there before a sync or the unmap.
  void device_writes(size_t offset, std::span<const std::byte> bytes);
  // dma_sync_*_for_cpu() of that range.
  void sync_for_cpu(size_t offset, size_t len);
  // Has the CPU the right to touch all of that range?
  bool synced(size_t offset, size_t len) const;
  // The CPU writes @bytes where it has the right to, and syncs exactly them for the device.
  void cpu_writes(size_t offset, std::span<const std::byte> bytes);
  void unmap();

  // First byte of @memory that is not what the CPU must see now; bytes that it has no right
  // to look at yet are left out.
  std::optional<Mismatch> compare(std::span<const std::byte> memory) const;

private:
  xsw_dir dir_;
  std::vector<std::byte> cpu_;
  std::vector<std::byte> device_;
  std::vector<bool> dirty_; // the device wrote, the CPU has not synced
  bool any_dirty_ = false;
};

} // namespace xsw
