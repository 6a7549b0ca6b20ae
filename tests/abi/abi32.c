// SPDX-License-Identifier: GPL-2.0
/*
 * A 32-bit process issues every operation, and must see what a 64-bit one sees. Without a
 * C library, which a machine that builds this need not have for 32 bits.
 */
#include <asm/errno.h>
#include "xswiotlb.h"

typedef unsigned int u32;
typedef unsigned long long u64;
_Static_assert(sizeof(void *) == 4, "this is to be built with -m32");

/* Numbers of the i386 table. */
enum { NR_exit = 1, NR_write = 4, NR_open = 5, NR_close = 6, NR_ioctl = 54, NR_mmap2 = 192 };

static long syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
	const long regs[2] = { nr, f };
	long ret;

	asm volatile("push %%ebp\n\t"
		     "mov 4(%%eax), %%ebp\n\t"
		     "mov (%%eax), %%eax\n\t"
		     "int $0x80\n\t"
		     "pop %%ebp"
		     : "=a"(ret)
		     : "a"(regs), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
		     : "memory", "cc");
	return ret;
}

static u32 strlen32(const char *s)
{
	u32 n = 0;

	while (s[n])
		n++;
	return n;
}

static void put(const char *s)
{
	syscall6(NR_write, 1, (long)s, (long)strlen32(s), 0, 0, 0);
}

static void put_number(long v)
{
	char text[12];
	int at = sizeof(text);
	unsigned long u = v < 0 ? 0ul - (unsigned long)v : (unsigned long)v;

	text[--at] = 0;
	do {
		text[--at] = (char)('0' + u % 10);
		u /= 10;
	} while (u);
	if (v < 0)
		text[--at] = '-';
	put(text + at);
}

static int nr, failures;

static void check(const char *what, long got, long due)
{
	nr++;
	if (got != due) {
		put("# ");
		put_number(got);
		put(" and not ");
		put_number(due);
		put("\nnot ");
		failures++;
	}
	put("ok ");
	put_number(nr);
	put(" abi32.");
	put(what);
	put("\n");
}

/* gcc calls it for structures. */
void *memset(void *at, int c, unsigned long n);
void *memset(void *at, int c, unsigned long n)
{
	for (unsigned long i = 0; i < n; i++)
		((volatile char *)at)[i] = (char)c;
	return at;
}

static long fd;
static struct xsw_result res;

static long op(u32 cmd, void *arg)
{
	memset(&res, 0, sizeof(res));
	return syscall6(NR_ioctl, fd, (long)cmd, (long)arg, 0, 0, 0);
}

static u64 ptr(void *p)
{
	return (u32)p;
}

static unsigned char user[8192] __attribute__((aligned(4096)));
static struct xsw_info info;
static struct xsw_stats stats;

static void run(void)
{
	struct xsw_query query = { .size = sizeof(query), .info = ptr(&info) };
	struct xsw_engine_open open = { .size = sizeof(open), .kind = XSW_ENGINE_SIM,
					.flags = XSW_ENGINE_FORCE_BOUNCE, .result = ptr(&res) };
	struct xsw_buf_create create = { .size = sizeof(create), .kind = XSW_BUF_KERNEL,
					 .bytes = 8192, .result = ptr(&res) };
	struct xsw_stats_get get = { .size = sizeof(get), .stats = ptr(&stats) };
	struct xsw_nop nop = { .size = sizeof(nop) };
	struct xsw_handle handle = { .size = sizeof(handle), .result = ptr(&res) };
	u32 engine, kbuf, ubuf, mapping, i, same;
	unsigned char *at;

	check("nop", op(XSW_IOC_NOP, &nop), 0);
	nop.size = 7;
	check("size", op(XSW_IOC_NOP, &nop), -EINVAL);
	check("fault", op(XSW_IOC_NOP, (void *)1), -EFAULT);
	check("number", op(_IOWR(XSW_IOC_MAGIC, _IOC_NR(XSW_IOC_MEASURE) + 1, struct xsw_nop), &nop), -ENOTTY);
	info.size = sizeof(info);
	check("query", op(XSW_IOC_QUERY, &query), 0);
	check("query.version", (long)info.abi_version, XSW_ABI_VERSION);
	check("engine_open", op(XSW_IOC_ENGINE_OPEN, &open), 0);
	engine = res.handle;
	check("buf_create", op(XSW_IOC_BUF_CREATE, &create), 0);
	kbuf = res.handle;
	/* mmap2() counts in units of 4096 bytes, whatever a page is. */
	at = (unsigned char *)syscall6(NR_mmap2, 0, 8192, 3, 1, fd, (long)(res.value >> 12));
	check("mmap", (u32)at < 0xfffff000u, 1);
	if ((u32)at >= 0xfffff000u)
		return;
	create.kind = XSW_BUF_USER;
	create.addr = ptr(user);
	check("buf_create.user", op(XSW_IOC_BUF_CREATE, &create), 0);
	ubuf = res.handle;
	/* Beyond what a 32-bit address can be. */
	create.addr = 1ULL << 32;
	check("buf_create.high", op(XSW_IOC_BUF_CREATE, &create), -EFAULT);
	check("buf_create.cause", res.cause, XSW_CAUSE_FAULT);

	for (i = 0; i < sizeof(user); i++)
		user[i] = (unsigned char)(i * 7 + 3);
	struct xsw_job job = { .size = sizeof(job), .engine = engine, .len = 8000,
			       .src_buffer = ubuf, .dst_buffer = kbuf, .src_offset = 100,
			       .dst_offset = 64, .src_dir = XSW_TO_DEVICE,
			       .dst_dir = XSW_FROM_DEVICE, .result = ptr(&res) };

	check("job", op(XSW_IOC_JOB, &job), 0);
	check("job.bytes", (long)res.bytes, 8000);
	check("job.reason", res.dst_reason, XSW_REASON_BOUNCE_FORCED);
	for (same = 0, i = 0; i < 8000; i++)
		same += at[64 + i] == user[100 + i];
	check("job.data", (long)same, 8000);
	job.src_offset = 0xffffffffffffff00ULL;
	check("job.range", op(XSW_IOC_JOB, &job), -ERANGE);
	job.src_offset = 0;

	struct xsw_jobv jobv = { .size = sizeof(jobv), .nr = 1, .stride = sizeof(job),
				 .jobs = ptr(&job), .result = ptr(&res) };

	check("jobv", op(XSW_IOC_JOBV, &jobv), 1);

	struct xsw_map map = { .size = sizeof(map), .engine = engine, .buffer = kbuf,
			       .dir = XSW_BIDIRECTIONAL, .len = 8192, .result = ptr(&res) };

	check("map", op(XSW_IOC_MAP, &map), 0);
	mapping = res.handle;
	struct xsw_sync sync = { .size = sizeof(sync), .mapping = mapping, .len = 8192,
				 .target = XSW_SYNC_FOR_CPU, .result = ptr(&res) };

	check("sync", op(XSW_IOC_SYNC, &sync), 0);
	struct xsw_transfer transfer = { .size = sizeof(transfer), .mapping = mapping,
					 .kind = XSW_DEVICE_READS, .len = 4096,
					 .result = ptr(&res) };

	check("transfer", op(XSW_IOC_TRANSFER, &transfer), 0);
	get.engine = engine;
	stats.size = sizeof(stats);
	check("stats", op(XSW_IOC_STATS, &get), 0);
	check("stats.mappings", (long)stats.session_mappings, 1);
	check("stats.pool", stats.pool_used >= 4, 1);
	struct xsw_unmap unmap = { .size = sizeof(unmap), .mapping = mapping,
				   .result = ptr(&res) };

	check("unmap", op(XSW_IOC_UNMAP, &unmap), 0);
	check("unmap.twice", op(XSW_IOC_UNMAP, &unmap), -ESTALE);
	handle.handle = ubuf;
	check("buf_destroy", op(XSW_IOC_BUF_DESTROY, &handle), 0);
	handle.handle = kbuf;
	check("buf_destroy.kernel", op(XSW_IOC_BUF_DESTROY, &handle), 0);
	handle.handle = engine;
	check("engine_close", op(XSW_IOC_ENGINE_CLOSE, &handle), 0);
}

void _start(void);
__attribute__((force_align_arg_pointer)) void _start(void)
{
	put("KTAP version 1\n");
	fd = syscall6(NR_open, (long)"/dev/" XSW_DEVICE_NAME, 2, 0, 0, 0, 0);
	check("open", fd >= 0, 1);
	if (fd >= 0) {
		run();
		check("close", syscall6(NR_close, fd, 0, 0, 0, 0, 0), 0);
	}
	put("1..");
	put_number(nr);
	put("\n");
	syscall6(NR_exit, failures != 0, 0, 0, 0, 0, 0);
	for (;;)
		;
}
