// SPDX-License-Identifier: GPL-2.0
#include "error.h"
#include "words.h"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>

namespace xsw {

Exit worse(Exit a, Exit b) {
  const auto rank = [](Exit exit) {
    switch (exit) {
    case Exit::verified:
      return 0;
    case Exit::environment:
      return 1;
    case Exit::device:
      return 2;
    case Exit::usage:
      return 3;
    case Exit::mismatch:
      return 4;
    }
    return 4;
  };
  return rank(a) >= rank(b) ? a : b;
}

std::string Error::text() const {
  std::string text = what;
  if (!device.empty())
    text += fmt::format(" on {}", device);
  if (err) {
    text +=
        fmt::format(": {} ({}", strerror(err), strerrorname_np(err) ? strerrorname_np(err) : "?");
    if (cause != XSW_CAUSE_NONE)
      text += fmt::format(", cause {}", cause_name(cause));
    text += ")";
  }
  if (!advice.empty())
    text += "; " + advice;
  return text;
}

tl::unexpected<Error> usage_error(std::string what, std::string advice) {
  return tl::unexpected(Error{.what = std::move(what),
                              .device = {},
                              .err = 0,
                              .cause = XSW_CAUSE_NONE,
                              .advice = std::move(advice),
                              .exit = Exit::usage});
}

std::string advice_for(int err, unsigned cause) {
  switch (cause) {
  case XSW_CAUSE_NO_SPACE:
    return "the pool is full at this moment: a larger pool=, a smaller depth= or batch= helps";
  case XSW_CAUSE_TOO_LARGE:
    return "no area of the pool is that long: a larger pool= or a smaller size= helps";
  case XSW_CAUSE_MISALIGNED:
    return "no slot fits min_align_mask= and seg_boundary= together with this offset and size";
  case XSW_CAUSE_MASK:
    return "nothing lies within the DMA mask: a wider mask= helps";
  case XSW_CAUSE_NOT_CONTIGUOUS:
  case XSW_CAUSE_NO_BOUNCE:
    return "this memory has to be bounced, and no_bounce forbids it";
  case XSW_CAUSE_LIMIT:
    return "raise RLIMIT_MEMLOCK (ulimit -l), or use fewer or smaller buffers";
  case XSW_CAUSE_NO_MEMORY:
    return "the machine has no such memory to give: check its size against mask= and placement=";
  case XSW_CAUSE_PERMISSION:
    return "run as root, or with CAP_SYS_RAWIO";
  case XSW_CAUSE_NO_DEVICE:
    return "no such device is bound to the module: `xswiotlb info` lists what is there";
  case XSW_CAUSE_TIMEOUT:
    return "the device did not answer; its memory is kept from reuse, see the kernel log";
  case XSW_CAUSE_UNSUPPORTED:
    return "this engine, environment or kernel has no such thing: see `xswiotlb info`";
  case XSW_CAUSE_BUSY:
    return "another session holds it";
  default:
    break;
  }
  switch (err) {
  case ENOTTY:
    return "module and harness differ in version: build both from one tree";
  case EPERM:
  case EACCES:
    return "run as root, or with CAP_SYS_RAWIO";
  case ENODEV:
    return "no such device is bound to the module: `xswiotlb info` lists what is there";
  default:
    return {};
  }
}

Exit exit_for(int err, unsigned cause) {
  if (cause == XSW_CAUSE_NO_DEVICE || cause == XSW_CAUSE_PERMISSION)
    return Exit::environment;
  if (err == ENODEV || err == EPERM || err == EACCES)
    return Exit::environment;
  return Exit::device;
}

} // namespace xsw
