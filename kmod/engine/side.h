/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Walking along the mapped memory of a transfer.
 */
#ifndef XSW_SIDE_H
#define XSW_SIDE_H

#include "engine.h"

/**
 * struct xsw_cursor - where in mapped memory we are
 * @sg:		current segment, or NULL: one address
 * @dma:	without @sg: address here
 * @offset:	with @sg: into it
 */
struct xsw_cursor {
	struct scatterlist	*sg;
	dma_addr_t		dma;
	u64			offset;
};

/* @n more bytes, all within the mapping. */
static inline void xsw_cursor_advance(struct xsw_cursor *cur, u64 n)
{
	if (!cur->sg) {
		cur->dma += n;
		return;
	}
	cur->offset += n;
	while (cur->offset >= sg_dma_len(cur->sg)) {
		cur->offset -= sg_dma_len(cur->sg);
		cur->sg = sg_next(cur->sg);
		if (!cur->sg)
			return;
	}
}

static inline void xsw_cursor_begin(struct xsw_cursor *cur, const struct xsw_xfer_side *side)
{
	cur->sg = side->sgl;
	cur->dma = side->dma;
	cur->offset = 0;
	xsw_cursor_advance(cur, side->offset);
}

/* Address here; *len is cut down to what is contiguous from here. */
static inline dma_addr_t xsw_cursor_at(const struct xsw_cursor *cur, u64 *len)
{
	if (!cur->sg)
		return cur->dma;
	*len = min_t(u64, *len, sg_dma_len(cur->sg) - cur->offset);
	return sg_dma_address(cur->sg) + cur->offset;
}

#endif /* XSW_SIDE_H */
