/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/tui/term.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "ui/tui/tui.h"

enum { ESCAPE_MS = 25 }; /* a longer wait for the rest of a key's sequence is felt at Esc */

static struct {
	SCREEN *screen;
	struct termios before;
	char leave[256]; /* bytes that give the terminal back */
	size_t leave_bytes;
	volatile sig_atomic_t *stop;
	bool open;
} term;

static const int asked[] = {SIGINT, SIGTERM, SIGHUP};
static const int fatal[] = {SIGQUIT, SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV};
enum { ASKED = sizeof(asked) / sizeof(asked[0]), FATAL = sizeof(fatal) / sizeof(fatal[0]) };

int wr_tui_check(struct wr_err *err)
{
	const char *type = getenv("TERM");
	int found;

	if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
		return wr_fail(
			err, EINVAL,
			"weir top needs a terminal; for text use weir watch or weir services");
	if (setupterm(NULL, STDOUT_FILENO, &found) == OK && cursor_address)
		return 0;
	return wr_fail(err, EINVAL,
		       "weir top cannot show a screen on a terminal of type '%s': set TERM (try "
		       "TERM=xterm-256color)",
		       type ? type : "");
}

bool wr_term_utf8(void)
{
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

/* ---- whatever happens ---- */

static int collect(int c)
{
	if (term.leave_bytes < sizeof(term.leave))
		term.leave[term.leave_bytes++] = (char)c;
	return c;
}

/* A signal handler must not call curses, so what it would write is made before. */
static void prepare_leave(void)
{
	const char *const last[] = {exit_attribute_mode, orig_pair, keypad_local, cursor_normal,
				    exit_ca_mode};

	term.leave_bytes = 0;
	for (size_t i = 0; i < sizeof(last) / sizeof(last[0]); i++)
		if (last[i])
			tputs(last[i], 1, collect);
}

static void give_back(void)
{
	ssize_t n = write(STDOUT_FILENO, term.leave, term.leave_bytes);

	(void)n;
	tcsetattr(STDIN_FILENO, TCSANOW, &term.before);
}

static void on_fatal(int sig)
{
	give_back();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void on_asked(int sig)
{
	if (*term.stop)
		on_fatal(sig);
	*term.stop = 1;
}

static void set_signals(void)
{
	struct sigaction a = {.sa_handler = on_asked};

	for (size_t i = 0; i < ASKED; i++)
		sigaction(asked[i], &a, NULL);
	a.sa_handler = on_fatal;
	for (size_t i = 0; i < FATAL; i++)
		sigaction(fatal[i], &a, NULL);
}

static void reset_signals(void)
{
	for (size_t i = 0; i < ASKED; i++)
		signal(asked[i], SIG_DFL);
	for (size_t i = 0; i < FATAL; i++)
		signal(fatal[i], SIG_DFL);
}

/* ---- open, close ---- */

int wr_term_open(volatile sig_atomic_t *stop, struct wr_err *err)
{
	int ret = wr_tui_check(err);

	if (ret)
		return ret;
	setlocale(LC_ALL, "");
	term.stop = stop;
	if (tcgetattr(STDIN_FILENO, &term.before))
		return wr_fail(err, errno, "the terminal: %s", strerror(errno));
	term.screen = newterm(NULL, stdout, stdin);
	if (!term.screen)
		return wr_fail(err, EINVAL, "the terminal cannot show a screen: set TERM");
	prepare_leave();
	set_signals();
	term.open = true;
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	return 0;
}

void wr_term_close(void)
{
	if (!term.open)
		return;
	term.open = false;
	endwin();
	reset_signals();
	delscreen(term.screen);
	term.screen = NULL;
}
