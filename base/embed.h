/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_BASE_EMBED_H
#define WR_BASE_EMBED_H

#include <stdint.h>

/*
 * A file as part of this binary: sym is its first byte, sym_end the byte behind it. The build says
 * where the file is; the assembler takes it in byte by byte.
 */
#define WR_EMBED(sym, path)                             \
	__asm__(".section .rodata\n"                    \
		".balign 16\n"                          \
		".global " #sym "\n" #sym ":\n"         \
		".incbin \"" path "\"\n"                \
		".global " #sym "_end\n" #sym "_end:\n" \
		".byte 0\n"                             \
		".previous\n");                         \
	extern const uint8_t sym[], sym##_end[]

#endif
