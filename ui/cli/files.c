/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/files.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ui/cli/command.h"

int wr_files_split(struct wr_files *out, int argc, char **argv, struct wr_err *err)
{
	int n = 0;

	while (n < argc && (!strcmp(argv[n], "-") || !access(argv[n], F_OK)))
		n++;
	if (!n && argc)
		return wr_fail(err, ENOENT, "'%s': no such file", argv[0]);
	if (!n)
		return wr_fail(err, EINVAL, "which file? (- = standard input)");
	if (n < argc && (strstr(argv[n], ".pcap") || strstr(argv[n], ".cap")))
		return wr_fail(err, ENOENT, "'%s': no such file", argv[n]);
	out->at = argv;
	out->n = n;
	out->filter = wr_join_args(argc, argv, n);
	return 0;
}

int wr_files_not_onto(const struct wr_files *f, const char *option, const char *to,
		      struct wr_err *err)
{
	struct stat in, out;

	if (!to || stat(to, &out) || !S_ISREG(out.st_mode))
		return 0;
	for (int i = 0; i < f->n; i++)
		if (!stat(f->at[i], &in) && in.st_ino == out.st_ino && in.st_dev == out.st_dev)
			return wr_fail(err, EINVAL, "%s '%s' is a file that is being read", option,
				       to);
	return 0;
}
