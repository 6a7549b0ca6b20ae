// SPDX-License-Identifier: GPL-2.0
// What went wrong, in the four parts that a person needs: what failed, on which device,
// why, and what to do about it.
#pragma once

#include "xswiotlb.h"
#include <string>
#include <tl/expected.hpp>

namespace xsw {

// Documented in --help and docs/jobs.md; scripts rely on them.
enum class Exit : int {
  verified = 0,    // everything ran and every byte was right
  mismatch = 1,    // wrong data, or a job did not take the path that it must take
  usage = 2,       // command line or job file
  environment = 3, // something is missing: module, device, privilege
  device = 4,      // the device or the kernel reported an error, or something leaked
};

// The one that a run of both ends with: wrong data outweighs everything.
Exit worse(Exit a, Exit b);

struct Error {
  std::string what;   // "opening the engine"
  std::string device; // "/dev/xswiotlb, sim engine"
  int err = 0;        // positive errno, 0 where there is none
  unsigned cause = XSW_CAUSE_NONE;
  std::string advice; // a sentence, or empty
  Exit exit = Exit::device;

  std::string text() const;
};

template <class T> using Result = tl::expected<T, Error>;

tl::unexpected<Error> usage_error(std::string what, std::string advice = {});

// What to do about an operation that failed so; a sentence, or empty.
std::string advice_for(int err, unsigned cause);
// A missing device or privilege is the environment's fault, all else the device's.
Exit exit_for(int err, unsigned cause);

} // namespace xsw
