/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/self.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static uint64_t count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	uint64_t n = 0;

	if (!d)
		return 0;
	while (readdir(d))
		n++;
	closedir(d);
	return n > 3 ? n - 3 : 0; /* ".", ".." and the one that reads */
}

/* The fields behind the name, which may hold anything (proc(5)). */
static int read_stat(unsigned long long *utime, unsigned long long *stime,
		     unsigned long long *start, unsigned long long *vsize, long long *rss)
{
	char text[1024];
	FILE *f = fopen("/proc/self/stat", "re");
	const char *at;
	size_t n;

	if (!f)
		return -errno;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	at = strrchr(text, ')');
	if (!at || sscanf(at + 1,
			  " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d "
			  "%*d %*d %llu %llu %lld",
			  utime, stime, start, vsize, rss) != 5)
		return -EPROTO;
	return 0;
}

int wr_self_read(struct wr_self *out)
{
	double hz = (double)sysconf(_SC_CLK_TCK);
	unsigned long long utime, stime, start, vsize;
	struct timespec real, boot;
	struct rlimit limit;
	long long rss;
	int ret = read_stat(&utime, &stime, &start, &vsize, &rss);

	memset(out, 0, sizeof(*out));
	if (ret)
		return ret;
	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	out->cpu_s = (double)(utime + stime) / hz;
	out->virtual_bytes = vsize;
	out->resident_bytes = (uint64_t)rss * (uint64_t)sysconf(_SC_PAGESIZE);
	out->started_s = (double)(real.tv_sec - boot.tv_sec) + (double)start / hz;
	out->fds = count_fds();
	if (!getrlimit(RLIMIT_NOFILE, &limit))
		out->fds_max = limit.rlim_cur;
	return 0;
}
