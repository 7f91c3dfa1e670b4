/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WR_CORE_WINDOW_H
#define WR_CORE_WINDOW_H

#include "core/record.h"
#include "core/reason.h"
#include "core/proto.h"

/*
 * The parser reads the first WR_WINDOW bytes of a frame and moves a cursor over them, one function
 * per header. In the kernel the window is a copy in map memory, because offsets into map memory are
 * what the verifier accepts cheaply and because TC may have to put a VLAN tag back; on the host it
 * is the packet itself. Between two functions everything is kept in struct wr_parse, so that the
 * verifier sees each of them alone: in the kernel they are global functions that get the number of
 * their slot.
 */
enum {
	WR_WINDOW = 256,
	WR_DEPTH_MAX = 4, /* nested tunnels followed at most, see wr_parse.max_depth */
	WR_STEPS_MAX =
		40, /* more headers than a window can hold: the window ends a walk, not this */
};

/* What stands at the cursor: an EtherType, an IP protocol or one of these. 0 = nothing more to
 * read. Each stage returns what comes after its header. */
enum {
	WR_NEXT_ETHERTYPE = 1 << 16,
	WR_NEXT_IPPROTO = 2 << 16,
	WR_NEXT_LINK = 3 << 16, /* the first header, by rec.linktype */
	WR_NEXT_ETHER,
	WR_NEXT_LLC,
	WR_NEXT_PPP,
	WR_NEXT_TUNNEL = 4 << 16, /* UDP tunnel, by destination port */
};

struct wr_parse {
	struct wr_rec rec;
	__u32 cap;	/* bytes of the frame that there are */
	__u32 off;	/* cursor */
	__u32 end;	/* where the enclosing headers and the frame say that the packet ends */
	__u32 said_end; /* where the headers alone say so */
	__u32 lim; /* the smaller of end and the bytes in the window: how far headers can be read */
	__u32 depth;	 /* tunnels entered */
	__u32 max_depth; /* tunnels to enter at most */
	__u32 partial;	 /* a first fragment: inner lengths may go beyond it */
#ifdef __bpf__
	__u8 win[WR_WINDOW + 8]; /* a tag is put in by copying to offset 4 */
#else
	const __u8 *win;
	__u32 stages_only; /* no short cuts: tests compare with this */
#endif
};

#ifdef __bpf__
/* The verifier checks a global function once, for any argument. WR_PARSE_OF(slot) finds the memory.
 */
typedef __u32 wr_self;
#define WR_STAGE __attribute__((noinline)) int
#define wr_keep(x) asm volatile("" : "+r"(x))
#define wr_load16(p) (*(const __u16 *)(p))
#define wr_load32(p) (*(const __u32 *)(p))
#define wr_load64(p) (*(const __u64 *)(p))
#define wr_store32(p, v) (*(__u32 *)(p) = (v))
#define wr_store64(p, v) (*(__u64 *)(p) = (v))
#else
typedef struct wr_parse *wr_self;
#define WR_PARSE_OF(self) (self)
#define WR_STAGE static inline int
#define wr_keep(x) ((void)0)
static inline __u16 wr_load16(const void *p)
{
	__u16 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}
static inline __u32 wr_load32(const void *p)
{
	__u32 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}
static inline __u64 wr_load64(const void *p)
{
	__u64 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}
#define wr_store32(p, v) __builtin_memcpy((p), &(__u32){v}, 4)
#define wr_store64(p, v) __builtin_memcpy((p), &(__u64){v}, 8)
#endif

#define wr_inline static inline __attribute__((always_inline))

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define wr_ntoh16(v) __builtin_bswap16(v)
#define wr_ntoh32(v) __builtin_bswap32(v)
#define wr_ntoh64(v) __builtin_bswap64(v)
#else
#define wr_ntoh16(v) ((__u16)(v))
#define wr_ntoh32(v) ((__u32)(v))
#define wr_ntoh64(v) ((__u64)(v))
#endif
#define wr_be16(p) ((__u32)wr_ntoh16(wr_load16(p)))
#define wr_be32(p) ((__u32)wr_ntoh32(wr_load32(p)))

/* n bytes at off when the window holds them and they belong to the packet, else NULL. n is a
 * constant. */
wr_inline const __u8 *wr_at(const struct wr_parse *p, __u32 off, __u32 n)
{
	wr_keep(off);
	if (off > WR_WINDOW - n || off + n > p->lim)
		return 0;
	return p->win + off;
}

/* Notes the first thing that is wrong and goes on. */
wr_inline void wr_mark(struct wr_parse *p, enum wr_bad bad)
{
	if (p->rec.bad != WR_BAD_NONE)
		return;
	p->rec.bad = (__u8)bad;
	p->rec.bad_depth = p->depth != 0;
}

/* Notes what is wrong and ends the walk. */
wr_inline int wr_stop(struct wr_parse *p, enum wr_bad bad)
{
	wr_mark(p, bad);
	return 0;
}

/* Why n bytes at off could not be had: the packet is too short, or the capture, or the window. */
wr_inline int wr_short(struct wr_parse *p, __u32 off, __u32 n, enum wr_bad bad)
{
	if (off + n > p->end)
		return wr_stop(p, bad);
	return wr_stop(p, off + n > p->cap ? WR_BAD_CUT : WR_BAD_DEEP);
}

/* n bytes at the cursor; NULL: the reason is noted. */
wr_inline const __u8 *wr_need(struct wr_parse *p, __u32 n, enum wr_bad bad)
{
	const __u8 *b = wr_at(p, p->off, n);

	if (!b)
		wr_short(p, p->off, n, bad);
	return b;
}

/* The header that is being filled: outer or innermost. */
wr_inline struct wr_hdr *wr_cur(struct wr_parse *p)
{
	return p->depth ? &p->rec.hdr[1] : &p->rec.hdr[0];
}

/* The header's own lengths say that the packet ends at `end`: believed as far as there is a packet.
 */
wr_inline void wr_end_at(struct wr_parse *p, __u32 end, enum wr_bad over)
{
	p->said_end = end;
	if (end > p->end) {
		if (!p->partial)
			wr_mark(p, over);
		return;
	}
	p->end = end;
	if (end < p->lim)
		p->lim = end;
}

/* Steps over n bytes; next stands behind them. */
wr_inline int wr_on(struct wr_parse *p, __u32 n, __u32 next)
{
	p->off += n;
	return (int)next;
}

#endif
