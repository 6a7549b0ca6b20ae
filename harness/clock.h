// SPDX-License-Identifier: GPL-2.0
#pragma once

#include <cstdint>
#include <ctime>

namespace xsw {

inline uint64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000U + static_cast<uint64_t>(now.tv_nsec);
}

} // namespace xsw
