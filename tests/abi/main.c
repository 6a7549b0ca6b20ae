// SPDX-License-Identifier: GPL-2.0
/*
 * Tries every bad input on /dev/xswiotlb, by ioctl and by io_uring; KTAP on stdout.
 * Each test runs in a process of its own, and must leave nothing behind.
 *
 *   abi [PREFIX]       the tests whose names begin so
 *   abi --timeout      what needs a module that gives edu devices up early
 *   abi --late         what needs one that has the patience of ten pieces
 *   abi --storm        what needs a kernel that lets a device's registers be written (iomem=relaxed)
 *   abi --peer PATH TEXT MIB  what needs a module with mmio=, a BAR of so much; TEXT written to
 *                      PATH unplugs that device
 *   abi --suspend      what needs a kernel that can suspend as a test, and falls asleep for it
 *   abi --map DIR OFFSET LEN  no test: maps so for an edu, syncs half of it both ways, unmaps
 *   abi --after-exec   in a process that inherited a session: see life.c
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include "kit.h"

int after_exec(int argc, char **argv);

static const struct test *const tables[] = {
	layout_tests, value_tests, handle_tests, memory_tests,
	data_tests, life_tests, ring_tests, edu_tests,
};

static int nr, nr_failed, kmsg = -1;

/* Whoever was killed may still be on its way out. */
static bool nothing_left(void)
{
	double limit = now() + 15;
	struct xsw_stats stats;
	int fd;

	while (module_refs() != 0) {
		if (now() > limit) {
			printf("# files are still open: %ld\n", module_refs());
			return false;
		}
		usleep(10000);
	}
	fd = open_session();
	stats = stats_of(fd, 0);
	close(fd);
	if (stats.pool_used)
		printf("# %llu slots of the pool are still used\n",
		       (unsigned long long)stats.pool_used);
	return !stats.pool_used;
}

static void run(const struct test *test, enum way how, const char *suffix)
{
	char text[64];
	int status = 0;
	double start;
	pid_t pid;

	/* So that what the kernel says can be told to belong to it. */
	snprintf(text, sizeof(text), "abi: %s%s\n", test->name, suffix);
	if (write(kmsg, text, strlen(text)) < 0)
		kmsg = -1;
	fflush(stdout);
	start = now();
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		way = how;
		/* Where every lock and every access is checked, all takes its time. */
		alarm(access("/proc/lockdep", F_OK) ? 110 : 330);
		test->run();
		fflush(stdout);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		status = 255 << 8;
	/* Whom it has left behind. */
	if (pid > 0)
		kill(-pid, SIGKILL);
	if (WIFSIGNALED(status))
		printf("# killed by signal %d\n", WTERMSIG(status));
	nr++;
	if (nothing_left() && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		printf("ok %d %s%s\n", nr, test->name, suffix);
	} else if (WIFEXITED(status) && WEXITSTATUS(status) == 3) {
		printf("ok %d %s%s # SKIP\n", nr, test->name, suffix);
	} else {
		printf("not ok %d %s%s\n", nr, test->name, suffix);
		nr_failed++;
	}
	if (now() - start > 2)
		printf("# took %.1f s\n", now() - start);
}

static void run_table(const struct test *table, const char *prefix)
{
	for (; table->name; table++) {
		if (strncmp(table->name, prefix, strlen(prefix)))
			continue;
		run(table, BY_IOCTL, table->once ? "" : ".ioctl");
		if (!table->once)
			run(table, BY_URING, ".uring");
	}
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--after-exec"))
		return after_exec(argc, argv);
	if (argc > 4 && !strcmp(argv[1], "--map")) {
		map_once((uint32_t)atoi(argv[2]), (uint64_t)atoll(argv[3]),
			 (uint64_t)atoll(argv[4]));
		return 0;
	}
	kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	printf("KTAP version 1\n");
	if (argc > 1 && !strcmp(argv[1], "--timeout"))
		run_table(timeout_tests, "");
	else if (argc > 1 && !strcmp(argv[1], "--late"))
		run_table(late_tests, "");
	else if (argc > 1 && !strcmp(argv[1], "--storm"))
		run_table(storm_tests, "");
	else if (argc > 1 && !strcmp(argv[1], "--suspend"))
		run_table(suspend_tests, "");
	else if (argc > 4 && !strcmp(argv[1], "--peer")) {
		unplug_path = argv[2];
		unplug_text = argv[3];
		peer_mib = (size_t)atoi(argv[4]);
		run_table(peer_tests, "");
	} else
		for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
			run_table(tables[i], argc > 1 ? argv[1] : "");
	printf("1..%d\n# %d of %d failed\n", nr, nr_failed, nr);
	return nr_failed ? 1 : nr ? 0 : 4;
}
