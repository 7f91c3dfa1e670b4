/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any classic program that libpcap calls valid is translated or refused with a reason, and every
 * jump of what comes out lands inside. One byte of options, then eight bytes an instruction.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include "capture/filter_impl.h"

#define MAX_INSNS 4096
#define EBPF_JMP 0x05
#define EBPF_CALL 0x85
#define EBPF_EXIT 0x95
#define EBPF_LD_IMM64 0x18

/* Most random codes are invalid; every second one is drawn from these. */
static const uint8_t codes[] = {
	0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0x80, 0x81, 0xb1, 0x00, 0x01, 0x60, 0x61,
	0x02, 0x03, 0x05, 0x15, 0x25, 0x35, 0x45, 0x1d, 0x2d, 0x3d, 0x4d, 0x04, 0x0c,
	0x14, 0x1c, 0x24, 0x2c, 0x34, 0x3c, 0x44, 0x4c, 0x54, 0x5c, 0x64, 0x6c, 0x74,
	0x7c, 0x84, 0x94, 0x9c, 0xa4, 0xac, 0x07, 0x87, 0x06, 0x16,
};

static size_t read_program(struct wr_cbpf_insn *p, const uint8_t *data, size_t size)
{
	size_t n, max = size / 8 < MAX_INSNS - 1 ? size / 8 : MAX_INSNS - 1;

	for (n = 0; n < max; n++) {
		memcpy(&p[n], data + n * 8, 8);
		if (p[n].code & 0x8000)
			p[n].code = codes[(p[n].code & 0x7fff) % sizeof(codes)];
		if (p[n].code == (BPF_JMP | BPF_JA) && (p[n].k & 3))
			p[n].k %= max - n;
		else if (BPF_CLASS(p[n].code) == BPF_JMP && max - n < 256)
			p[n].jt %= max - n, p[n].jf %= max - n;
	}
	p[n++] = (struct wr_cbpf_insn){BPF_RET | BPF_K, 0, 0, 1};
	return n;
}

/* The kernel's instruction as bytes: libpcap's headers own the name of its struct here. */
static void check_jumps(const uint8_t *out, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		uint8_t code = out[i * 8];
		int16_t off;

		memcpy(&off, out + i * 8 + 2, 2);
		if ((code & 7) == EBPF_JMP && code != EBPF_CALL && code != EBPF_EXIT &&
		    (off < 0 || i + 1 + (size_t)off >= n))
			abort();
		i += code == EBPF_LD_IMM64;
	}
	if (!n || out[(n - 1) * 8] != EBPF_EXIT)
		abort();
}

/* bpf_validate() looks at the class of some instructions only, so the translator may know better.
 */
static const char *reason(int rc)
{
	return rc == -ENOTSUP ? "protochain" : rc == -E2BIG ? "too long" : "is not classic BPF";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct wr_cbpf_insn p[MAX_INSNS];
	struct wr_cbpf c = {.insns = p, .expr = "fuzz"};
	struct wr_filter_target t = {.slots_fd = 3, .match_slot = 1, .miss = -1};
	struct bpf_insn *out;
	struct wr_err err = {0};
	size_t n;
	int rc;

	if (size < 9)
		return 0;
	t.xdp = data[0] & 1;
	t.load_bytes = data[0] & 2;
	c.far = data[0] & 4;
	c.linktype = data[0] & 8 ? DLT_RAW : DLT_EN10MB;
	c.n = (uint32_t)read_program(p, data + 1, size - 1);
	if (!bpf_validate((const struct bpf_insn *)(const void *)p, (int)c.n))
		return 0;
	rc = wr_cbpf_translate(&c, &t, &out, &n, &err);
	if (!rc)
		check_jumps((const uint8_t *)out, n);
	else if (err.code != -rc || !strstr(err.text, reason(rc)))
		abort();
	free(out);
	return 0;
}
