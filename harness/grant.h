// SPDX-License-Identifier: GPL-2.0
// Xen: memory that this domain grants to itself through /dev/xen/gntalloc and maps through
// /dev/xen/gntdev. To the kernel the mapping is another domain's memory.
#pragma once

#include "device.h"

namespace xsw {

struct Grant {
  Memory own;     // the granter's pages
  Memory foreign; // the same, where they are mapped
};

Result<Grant> grant_to_self(size_t bytes);

} // namespace xsw
