// SPDX-License-Identifier: GPL-2.0
/*
 * Names of reasons and causes, for logs and reports.
 */
#include "core.h"

static const char * const reasons[XSW_NR_REASONS] = {
	[XSW_REASON_NONE]		= "none",
	[XSW_REASON_DIRECT]		= "direct",
	[XSW_REASON_FOREIGN]		= "foreign",
	[XSW_REASON_MMIO]		= "mmio",
	[XSW_REASON_BOUNCE_MASK]	= "bounce-mask",
	[XSW_REASON_BOUNCE_STRADDLE]	= "bounce-straddle",
	[XSW_REASON_BOUNCE_FOREIGN]	= "bounce-foreign",
	[XSW_REASON_BOUNCE_FORCED]	= "bounce-forced",
	[XSW_REASON_BOUNCE_CACHELINE]	= "bounce-cacheline",
	[XSW_REASON_KERNEL_DIRECT]	= "kernel-direct",
	[XSW_REASON_KERNEL_OTHER]	= "kernel-other",
};

static const char * const causes[XSW_NR_CAUSES] = {
	[XSW_CAUSE_NONE]		= "none",
	[XSW_CAUSE_NO_SPACE]		= "no-space",
	[XSW_CAUSE_TOO_LARGE]		= "too-large",
	[XSW_CAUSE_MISALIGNED]		= "misaligned",
	[XSW_CAUSE_MASK]		= "mask",
	[XSW_CAUSE_NOT_CONTIGUOUS]	= "not-contiguous",
	[XSW_CAUSE_NO_BOUNCE]		= "no-bounce",
	[XSW_CAUSE_BAD_ADDRESS]		= "bad-address",
	[XSW_CAUSE_BAD_SIZE]		= "bad-size",
	[XSW_CAUSE_BAD_DIRECTION]	= "bad-direction",
	[XSW_CAUSE_NEEDS_COHERENT]	= "needs-coherent",
	[XSW_CAUSE_NOT_MAPPED]		= "not-mapped",
	[XSW_CAUSE_SIZE_MISMATCH]	= "size-mismatch",
	[XSW_CAUSE_OUT_OF_RANGE]	= "out-of-range",
	[XSW_CAUSE_DEVICE]		= "device",
	[XSW_CAUSE_TIMEOUT]		= "timeout",
	[XSW_CAUSE_CANCELED]		= "canceled",
	[XSW_CAUSE_BUSY]		= "busy",
	[XSW_CAUSE_LIMIT]		= "limit",
	[XSW_CAUSE_NO_MEMORY]		= "no-memory",
	[XSW_CAUSE_BAD_HANDLE]		= "bad-handle",
	[XSW_CAUSE_BAD_VALUE]		= "bad-value",
	[XSW_CAUSE_FAULT]		= "fault",
	[XSW_CAUSE_PERMISSION]		= "permission",
	[XSW_CAUSE_NO_DEVICE]		= "no-device",
	[XSW_CAUSE_UNSUPPORTED]		= "unsupported",
};

const char *xsw_reason_name(unsigned int reason)
{
	return reason < XSW_NR_REASONS ? reasons[reason] : "?";
}

const char *xsw_cause_name(unsigned int cause)
{
	return cause < XSW_NR_CAUSES ? causes[cause] : "?";
}
