/* SPDX-License-Identifier: GPL-2.0 */
/* How a range of machine addresses is cut for GNTTABOP_cache_flush: a frame of Xen's each. */
#ifndef XSW_XEN_FLUSH_H
#define XSW_XEN_FLUSH_H

#include <linux/minmax.h>
#include <linux/types.h>

#define XSW_XEN_FRAME	4096U

/**
 * struct xsw_frame_piece - what lies in one frame
 * @frame:	its machine address
 * @offset:	of the first byte, into the frame
 * @length:	bytes, never beyond the frame
 */
struct xsw_frame_piece {
	u64		frame;
	unsigned int	offset;
	unsigned int	length;
};

/* Takes the first piece off a range; false when nothing is left of it. */
static inline bool xsw_next_frame(u64 *machine, size_t *size, struct xsw_frame_piece *piece)
{
	size_t room;

	if (!*size)
		return false;
	piece->offset = *machine & (XSW_XEN_FRAME - 1);
	piece->frame = *machine - piece->offset;
	room = XSW_XEN_FRAME - piece->offset;
	piece->length = min(*size, room);
	*machine += piece->length;
	*size -= piece->length;
	return true;
}

#endif /* XSW_XEN_FLUSH_H */
