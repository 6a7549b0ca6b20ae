/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every test of the ABI needs: a session, the two ways in, and checks that say
 * where they failed.
 */
#ifndef XSW_ABI_KIT_H
#define XSW_ABI_KIT_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <liburing.h>
#include "xswiotlb.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define PAGE		((size_t)sysconf(_SC_PAGESIZE))

/* The way in that a test is run for; a test is run for each. */
enum way { BY_IOCTL, BY_URING };
extern enum way way;

struct test {
	const char	*name;
	void		(*run)(void);
	bool		once;		/* the way in makes no difference */
};

/* Tests, one table a file. */
extern const struct test layout_tests[], value_tests[], handle_tests[], memory_tests[],
	data_tests[], life_tests[], ring_tests[], edu_tests[], timeout_tests[],
	late_tests[], storm_tests[], peer_tests[], suspend_tests[];

/* What takes the device away that peer_tests use, when it is written there. */
extern const char *unplug_path, *unplug_text;
/* What they have of that device's memory. */
extern size_t peer_mib;

void map_once(uint32_t dir, uint64_t offset, uint64_t len);

void skip(const char *why) __attribute__((noreturn));
void failed(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), noreturn));

#define CHECK(cond) do { if (!(cond)) failed(__FILE__, __LINE__, "%s", #cond); } while (0)
#define CHECK_EQ(a, b) do {							\
	long long a_ = (long long)(a), b_ = (long long)(b);			\
	if (a_ != b_)								\
		failed(__FILE__, __LINE__, "%s is %lld, not %s = %lld", #a, a_, #b, b_); \
} while (0)

/* ---- operations; all return what ioctl() would, or -errno ---- */

int issue_by(enum way how, int fd, unsigned int cmd, const void *op, size_t size);
static inline int issue(int fd, unsigned int cmd, const void *op, size_t size)
{
	return issue_by(way, fd, cmd, op, size);
}

int open_session(void);
struct xsw_stats stats_of(int fd, uint32_t engine);
struct xsw_info info_of(int fd);

extern struct xsw_result res;	/* of the operation last issued by what follows */

struct xsw_engine_open engine_op(uint32_t kind);
int engine_open(int fd, struct xsw_engine_open *op);
uint32_t sim_open(int fd, uint32_t latency_us);
int let_go(int fd, unsigned int cmd, uint32_t handle);
uint32_t kernel_buffer(int fd, uint32_t bytes, void **at);
uint32_t placed_buffer(int fd, uint32_t engine, uint32_t bytes, uint32_t placement);
uint32_t low_buffer(int fd, uint32_t engine, uint32_t bytes, void **at);
uint32_t user_buffer(int fd, void *at, uint64_t bytes);
struct xsw_map map_op(uint32_t engine, uint32_t buffer, uint32_t dir, uint64_t len);
int map(int fd, struct xsw_map *op);
int unmap(int fd, uint32_t mapping);
int transfer(int fd, uint32_t mapping, uint32_t kind, uint64_t offset, uint64_t len,
	     uint64_t dev_offset);
struct xsw_job job_op(uint32_t engine, uint32_t src, uint32_t dst, uint32_t len);
int job(int fd, struct xsw_job *op);

/* ---- rings ---- */

void ring_open(struct io_uring *ring, unsigned int entries, unsigned int flags);
struct io_uring_sqe *ring_cmd(struct io_uring *ring, int fd, unsigned int cmd, const void *op,
			      size_t size);
int ring_wait(struct io_uring *ring, uint64_t *user_data);
void runs_in_order(int fd, uint32_t engine);

/* ---- memory, time ---- */

void *pages(size_t bytes);
void fill(void *at, size_t bytes, unsigned int seed);
bool filled(const void *at, size_t bytes, unsigned int seed);
double now(void);
long module_refs(void);

#endif
