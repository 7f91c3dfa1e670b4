/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/hide.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#if WR_HAVE_NETTLE
#include <nettle/hmac.h>
#endif

enum { KEY_BYTES = 32, HASH_BYTES = 8, PREFIX_4 = 24, PREFIX_6 = 48 };

static const char *const names[WR_HIDE_HOWS] = {
#define X(sym, name, text) name,
	WR_HIDE_TABLE(X)
#undef X
};

const char *wr_hide_name(enum wr_hide_how how)
{
	return names[how];
}

int wr_hide_how(const char *name, enum wr_hide_how *how, struct wr_err *err)
{
	for (int i = 0; i < WR_HIDE_HOWS; i++)
		if (!strcmp(names[i], name)) {
			*how = (enum wr_hide_how)i;
			return 0;
		}
	return wr_fail(err, EINVAL, "'%s': expected hash, prefix, raw or none", name);
}

static int read_key(struct wr_hide *h, const char *path, struct wr_err *err)
{
	uint8_t bytes[WR_HIDE_KEY_MOST + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), ret = 0;
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return wr_fail(err, errno, "key of addresses: %s: %s", path, strerror(errno));
	n = read(fd, bytes, sizeof(bytes));
	if (n < 0 || fstat(fd, &st))
		ret = wr_fail(err, errno, "key of addresses: %s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode) || n < WR_HIDE_KEY_LEAST || n > WR_HIDE_KEY_MOST)
		ret = wr_fail(err, EINVAL,
			      "key of addresses: %s: expected a file of %d to %d bytes "
			      "(head -c 32 /dev/urandom)",
			      path, WR_HIDE_KEY_LEAST, WR_HIDE_KEY_MOST);
	else if (st.st_mode & 0007)
		ret = wr_fail(err, EINVAL,
			      "key of addresses: %s can be read by everybody: chmod o= it", path);
	close(fd);
	if (!ret) {
		memcpy(h->key, bytes, (size_t)n);
		h->n_key = (size_t)n;
	}
	explicit_bzero(bytes, sizeof(bytes));
	return ret;
}

int wr_hide_open(struct wr_hide *h, enum wr_hide_how how, const char *key_file, struct wr_err *err)
{
	*h = (struct wr_hide){.how = how};
	if (how != WR_HIDE_HASH)
		return 0;
	if (!WR_HAVE_NETTLE)
		return wr_fail(err, EOPNOTSUPP,
			       "this weir was built without nettle and cannot hash addresses: ask "
			       "for prefix, none or raw");
	if (key_file && *key_file)
		return read_key(h, key_file, err);
	if (getrandom(h->key, KEY_BYTES, 0) != KEY_BYTES)
		return wr_fail(err, errno, "key of addresses: %s", strerror(errno));
	h->n_key = KEY_BYTES;
	return 0;
}

/* What is hashed tells IPv4 from IPv6 and a prefix from its first address. */
static void hash(struct wr_buf *b, const struct wr_hide *h, const uint8_t *addr, uint8_t ip_v,
		 uint8_t prefix)
{
	uint8_t digest[HASH_BYTES] = {0}, head[2] = {ip_v, prefix};

#if WR_HAVE_NETTLE
	struct hmac_sha256_ctx c;

	hmac_sha256_set_key(&c, h->n_key, h->key);
	hmac_sha256_update(&c, sizeof(head), head);
	hmac_sha256_update(&c, ip_v == 4 ? 4 : 16, addr);
	hmac_sha256_digest(&c, HASH_BYTES, digest);
#else
	(void)h;
	(void)addr;
	(void)head;
#endif
	for (int i = 0; i < HASH_BYTES; i++)
		wr_buf_hex(b, digest[i], 2);
}

static void plain(struct wr_buf *b, const uint8_t *addr, uint8_t ip_v, uint8_t prefix)
{
	if (ip_v == 4)
		wr_buf_ip4(b, addr);
	else
		wr_buf_ip6(b, addr);
	if (prefix)
		wr_buf_fmt(b, "/%u", prefix);
}

bool wr_hide_address(struct wr_buf *b, const struct wr_hide *h, const uint8_t *addr, uint8_t ip_v,
		     uint8_t prefix)
{
	uint8_t net[16] = {0}, bits = ip_v == 4 ? PREFIX_4 : PREFIX_6;

	switch (h ? h->how : WR_HIDE_RAW) {
	case WR_HIDE_HASH:
		hash(b, h, addr, ip_v, prefix);
		return true;
	case WR_HIDE_PREFIX:
		bits = prefix && prefix < bits ? prefix : bits;
		memcpy(net, addr, bits / 8);
		plain(b, net, ip_v, bits);
		return true;
	case WR_HIDE_NONE:
		return false;
	default:
		plain(b, addr, ip_v, prefix);
		return true;
	}
}
