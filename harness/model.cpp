// SPDX-License-Identifier: GPL-2.0
#include "model.h"

#include <algorithm>

namespace xsw {

MappingModel::MappingModel(xsw_dir dir, std::span<const std::byte> memory)
    : dir_(dir), cpu_(memory.begin(), memory.end()), device_(cpu_), dirty_(memory.size()) {}

std::span<const std::byte> MappingModel::device(size_t offset, size_t len) const {
  return std::span(device_).subspan(offset, len);
}

void MappingModel::device_writes(size_t offset, std::span<const std::byte> bytes) {
  std::copy(bytes.begin(), bytes.end(), device_.begin() + static_cast<ptrdiff_t>(offset));
  const auto first = dirty_.begin() + static_cast<ptrdiff_t>(offset);
  std::fill(first, first + static_cast<ptrdiff_t>(bytes.size()), true);
  any_dirty_ = true;
}

void MappingModel::sync_for_cpu(size_t offset, size_t len) {
  for (size_t i = offset; i < offset + len; ++i)
    if (dirty_[i]) {
      cpu_[i] = device_[i];
      dirty_[i] = false;
    }
}

bool MappingModel::synced(size_t offset, size_t len) const {
  const auto first = dirty_.begin() + static_cast<ptrdiff_t>(offset);
  return std::find(first, first + static_cast<ptrdiff_t>(len), true) ==
         first + static_cast<ptrdiff_t>(len);
}

void MappingModel::cpu_writes(size_t offset, std::span<const std::byte> bytes) {
  const auto at = static_cast<ptrdiff_t>(offset);
  std::copy(bytes.begin(), bytes.end(), cpu_.begin() + at);
  std::copy(bytes.begin(), bytes.end(), device_.begin() + at);
}

void MappingModel::unmap() {
  if (device_may_write())
    sync_for_cpu(0, size());
}

std::optional<Mismatch> MappingModel::compare(std::span<const std::byte> memory) const {
  if (!any_dirty_)
    return xsw::compare(cpu_, memory);
  for (size_t i = 0; i < cpu_.size(); ++i)
    if (!dirty_[i] && cpu_[i] != memory[i])
      return Mismatch{i, static_cast<uint8_t>(cpu_[i]), static_cast<uint8_t>(memory[i])};
  return std::nullopt;
}

} // namespace xsw
