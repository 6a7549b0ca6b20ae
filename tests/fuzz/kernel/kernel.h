/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of a kernel as kmod/chardev needs to run in userspace, one task on one CPU: on top of
 * the core's seam, and in place of every <linux/...> that those files include. What is taken and
 * given back is counted, so that a fuzzer sees what got lost; what a driver must not do stops it.
 */
#ifndef FUZZ_KERNEL_H
#define FUZZ_KERNEL_H

#include <stdio.h>
#include "xsw_seam.h"
#include "xswiotlb.h"

/* ---- for the fuzzer ---- */

/**
 * struct fake - the state of the kernel, and what it is to do next
 * @choose:	a number below another, from the fuzzer's input
 * @allocs_left: until an allocation fails, ~0: none does
 * @accesses_left: until an access to user memory fails, ~0: none does
 * @privileged:	the caller has every capability
 * @race:	what the caller's memory holds instead once four bytes were read there, or 0
 * @sqe:	a submission, until anything else is asked for than to copy it; or NULL
 * @killed:	the caller is being killed: what is killable returns
 * @locked:	pages that count against RLIMIT_MEMLOCK
 * @pins:	of user pages
 * @refs:	to pages of the kernel's
 * @maps:	by the DMA API
 * @placed:	ranges of a simulated environment
 * @mmio:	pieces of another device's memory
 * @mmio_gone:	that device
 * @engines:	open
 * @dead:	an engine did not answer, or has gone
 * @lost:	one did not answer: what it could still write to is never given back
 */
struct fake {
	u64	(*choose)(u64 below);
	u64	allocs_left;
	u64	accesses_left;
	u32	race;
	const void *sqe;
	bool	privileged;
	bool	killed;
	s64	locked;
	s64	pins;
	s64	refs;
	s64	maps;
	s64	placed;
	s64	mmio;
	bool	mmio_gone;
	s64	engines;
	bool	dead;
	bool	lost;
};

extern struct fake fake;

#define FAKE_USER	0x10000UL	/* addresses of the caller's memory, and how much there is */
#define FAKE_USER_SIZE	0x8000UL
#define FAKE_PINNABLE	0x100000UL	/* the same of what can be pinned, or is registered */
#define FAKE_PINNABLE_PAGES 32u

extern u8 fake_user[FAKE_USER_SIZE];

void fake_reset(void);
bool fake_all_given_back(void);
/* A submission is made, or handed to a worker: it may be read until fake_sqe_over(). */
void fake_sqe_begin(const void *sqe);
/* Its memory is written to by another thread of the caller's: read again, it is another. */
void fake_sqe_over(void);
#define FAKE_SQE_SIZE	80u
extern struct mm_struct fake_other_mm;
/* What a device may still write to is nobody else's. */
bool fake_mapped_is_kept(void);
/* Stops with a message: the driver has done what no driver may. */
#define fake_bug(...) do {					\
	fprintf(stderr, __VA_ARGS__);				\
	fputc('\n', stderr);					\
	abort();						\
} while (0)

/* ---- everywhere ---- */

#define __user
#define __percpu
#define __init
#define __exit
#define IS_ENABLED(option)	(option)
#define CONFIG_XSWIOTLB_XEN	1
#define CONFIG_DMA_BOUNCE_UNALIGNED_KMALLOC 0
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define BUILD_BUG_ON(cond)	_Static_assert(!(cond), #cond)
#define BIT_ULL(n)		(1ULL << (n))
#define U32_MAX			(~0u)
#define S32_MAX			((int)(U32_MAX >> 1))
#define sizeof_field(type, member) sizeof(((type *)0)->member)
#define round_up(n, to)		(DIV_ROUND_UP(n, to) * (to))
#define clamp_t(type, v, lo, hi) min_t(type, max_t(type, v, lo), hi)
#define check_add_overflow(a, b, sum) __builtin_add_overflow(a, b, sum)
#define struct_size(p, member, n)	(sizeof(*(p)) + (n) * sizeof(*(p)->member))
#define barrier()		fake_sqe_over()
#define pr_info(...)		((void)0)
#define pr_err(...)		((void)0)
#define cond_resched()		((void)0)
#define cond_resched_lock(lock)	((void)(lock))
#define SZ_1M			0x100000u
#define SZ_16M			0x1000000u
#define SZ_64M			0x4000000u

#define ERESTARTSYS		512
#define EIOCBQUEUED		529

#define IS_ERR(p)		((unsigned long)(p) >= -4095UL)
#define PTR_ERR(p)		((long)(p))
#define ERR_PTR(err)		((void *)(long)(err))

static inline int PTR_ERR_OR_ZERO(const void *p)
{
	return IS_ERR(p) ? PTR_ERR(p) : 0;
}

static inline void *memchr_inv(const void *from, int c, size_t bytes)
{
	const u8 *p = from;

	for (; bytes; bytes--, p++)
		if (*p != c)
			return (void *)p;
	return NULL;
}

static inline void strscpy(char *to, const char *from, size_t size)
{
	snprintf(to, size, "%s", from);
}

static inline bool test_and_set_bit(int nr, unsigned long *word)
{
	bool was = *word & BIT(nr);

	*word |= BIT(nr);
	return was;
}

/* one CPU */
static inline u64 ktime_get_ns(void)
{
	static u64 now;

	return now += 1000;
}

typedef s64 ktime_t;
extern int fake_preempt;
#define preempt_disable()	((void)fake_preempt++)
#define preempt_enable()	((void)fake_preempt--)
#define this_cpu_ptr(p)		(p)
#define num_online_cpus()	1u

typedef struct {
	int v;
} atomic_t;

typedef struct {
	s64 v;
} atomic64_t;

#define atomic_set(a, n)		((a)->v = (n))
#define atomic_read(a)			((a)->v)
#define atomic_read_acquire(a)		((a)->v)
#define atomic_inc(a)			((a)->v++)
#define atomic_dec(a)			((a)->v--)
#define atomic_add(n, a)		((a)->v += (n))
#define atomic_inc_return(a)		(++(a)->v)
#define atomic_dec_return_release(a)	(--(a)->v)
#define atomic_dec_and_test(a)		(!--(a)->v)
#define atomic_sub_and_test(n, a)	(!((a)->v -= (n)))
#define atomic64_read(a)		((a)->v)
#define atomic64_sub(n, a)		((a)->v -= (n))
#define atomic64_add_return(n, a)	((u64)((a)->v += (n)))

struct list_head {
	struct list_head *next, *prev;
};

#define INIT_LIST_HEAD(l)	((l)->next = (l)->prev = (l))
#define list_empty(l)		((l)->next == (l))
#define list_entry(l, type, member) container_of(l, type, member)
#define list_first_entry_or_null(l, type, member) \
	(list_empty(l) ? NULL : list_entry((l)->next, type, member))
#define list_for_each_entry_safe(p, n, head, member)				\
	for (p = list_entry((head)->next, __typeof__(*p), member),		\
	     n = list_entry(p->member.next, __typeof__(*p), member);		\
	     &p->member != (head);						\
	     p = n, n = list_entry(n->member.next, __typeof__(*n), member))

static inline void list_add_tail(struct list_head *entry, struct list_head *head)
{
	entry->next = head;
	entry->prev = head->prev;
	head->prev->next = entry;
	head->prev = entry;
}

static inline void list_add(struct list_head *entry, struct list_head *head)
{
	list_add_tail(entry, head->next);
}

static inline void list_del(struct list_head *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
}

static inline void list_del_init(struct list_head *entry)
{
	list_del(entry);
	INIT_LIST_HEAD(entry);
}

/* ---- memory ---- */

typedef unsigned int gfp_t;
#define GFP_ATOMIC		0u
#define GFP_KERNEL_ACCOUNT	0u
#define GFP_DMA			0u
#define GFP_DMA32		0u
#define __GFP_ACCOUNT		0u
#define __GFP_NOWARN		0u
#define __GFP_NORETRY		0u
#define __GFP_ZERO		0u
#define __GFP_THISNODE		0u
#define N_MEMORY		0
#define numa_mem_id()		0
#define fatal_signal_pending(task) (fake.killed)
#define get_order(size)		(fls64(((u64)(size) - 1) >> PAGE_SHIFT))
#define for_each_node_state(node, state) for ((node) = 0; (node) < 2; (node)++)

/* Not zeroed: what it is used for before it is written to, ASan does not tell. */
void *kmalloc(size_t size, gfp_t gfp);
void *kzalloc(size_t size, gfp_t gfp);
#define kcalloc(n, size, gfp)		kvcalloc(n, size, gfp)
#define kmalloc_array(n, size, gfp)	kmalloc((n) * (size), gfp)
#define kfree(p)			free(p)

#define PAGE_SHIFT		12
#define PAGE_MASK		(~(PAGE_SIZE - 1))
#define PAGE_ALIGN(n)		(((n) + PAGE_SIZE - 1) & PAGE_MASK)
#define offset_in_page(n)	((unsigned long)(n) & ~PAGE_MASK)
#define PHYS_PFN(phys)		((unsigned long)((phys) >> PAGE_SHIFT))

struct page {
	int refs;
	int pins;
	bool granted;	/* for ever */
};

struct page *virt_to_page(const void *addr);
struct page *pfn_to_page(unsigned long pfn);
phys_addr_t page_to_phys(const struct page *page);
phys_addr_t virt_to_phys(const void *addr);
void get_page(struct page *page);
void put_page(struct page *page);
void *alloc_pages_exact(size_t size, gfp_t gfp);
struct page *alloc_pages_node(int node, gfp_t gfp, unsigned int order);
void *page_address(const struct page *page);
#define __free_page		put_page
#define split_page(page, order)	((void)(order))	/* each page has its count as it is */
void free_pages_exact(void *addr, size_t size);

struct mm_struct {
	int refs;
};

#define FOLL_WRITE	1u
#define FOLL_LONGTERM	2u
void mmgrab(struct mm_struct *mm);
void mmdrop(struct mm_struct *mm);
int account_locked_vm(struct mm_struct *mm, unsigned long pages, bool inc);
int pin_user_pages_fast(unsigned long start, int nr, unsigned int flags, struct page **pages);
void unpin_user_pages(struct page **pages, unsigned long nr);
void unpin_user_pages_dirty_lock(struct page **pages, unsigned long nr, bool dirty);

typedef unsigned long vm_flags_t;
#define VM_EXEC		1ul
#define VM_SHARED	2ul
#define VM_DONTEXPAND	4ul
#define VM_DONTDUMP	8ul
#define VM_MAYEXEC	16ul

struct vm_area_struct {
	unsigned long	vm_start, vm_end, vm_pgoff;
	vm_flags_t	vm_flags;
};

int vm_map_pages_zero(struct vm_area_struct *vma, struct page **pages, unsigned long nr);

/* the caller's */
#define u64_to_user_ptr(n)	((void *)(uintptr_t)(n))
unsigned long copy_to_user(void *to, const void *from, unsigned long n);
unsigned long copy_from_user(void *to, const void *from, unsigned long n);
unsigned long clear_user(void *to, unsigned long n);
int copy_struct_from_user(void *to, size_t size, const void *from, size_t user_size);
#define get_user(x, ptr)	(copy_from_user(&(x), ptr, sizeof(*(ptr))) ? -EFAULT : 0)

/* ---- tasks ---- */

#define PF_KTHREAD		1u
#define PF_EXITING		2u
#define SIGNAL_GROUP_EXIT	1u

struct signal_struct {
	unsigned int flags;
};

struct task_struct {
	struct task_struct	*group_leader;
	struct mm_struct	*mm;
	struct signal_struct	*signal;
	unsigned int		flags;
	int			refs;
};

extern struct task_struct *current;
struct task_struct *get_task_struct(struct task_struct *task);
void put_task_struct(struct task_struct *task);
#define CAP_SYS_RAWIO		17
#define capable(cap)		(fake.privileged)

struct completion {
	bool done;
};

#define init_completion(c)	((void)((c)->done = false))

static inline void complete(struct completion *c)
{
	c->done = true;
}

#define TASK_KILLABLE	1u
#define TASK_FREEZABLE	2u
#define TASK_IDLE	4u
int wait_for_completion_state(struct completion *c, unsigned int state);

/* ---- files and the module ---- */

struct inode;
typedef void *fl_owner_t;

struct file {
	void *private_data;
};

struct io_uring_cmd;
struct file_operations {
	const void	*owner;
	int		(*open)(struct inode *inode, struct file *file);
	int		(*flush)(struct file *file, fl_owner_t id);
	int		(*release)(struct inode *inode, struct file *file);
	long		(*unlocked_ioctl)(struct file *file, unsigned int cmd, unsigned long arg);
	long		(*compat_ioctl)(struct file *file, unsigned int cmd, unsigned long arg);
	int		(*uring_cmd)(struct io_uring_cmd *cmd, unsigned int issue_flags);
	int		(*mmap)(struct file *file, struct vm_area_struct *vma);
};

struct miscdevice {
	int				minor;
	const char			*name;
	const struct file_operations	*fops;
	int				mode;
};

#define MISC_DYNAMIC_MINOR		255
extern const struct file_operations *fake_fops;
int misc_register(struct miscdevice *misc);
#define misc_deregister(misc)		((void)(misc))
#define compat_ptr_ioctl		NULL
#define nonseekable_open(inode, file)	0

struct kernel_param {
	void *arg;
};

struct kernel_param_ops {
	int (*set)(const char *val, const struct kernel_param *kp);
	int (*get)(char *buffer, const struct kernel_param *kp);
};

static inline int param_set_uint_minmax(const char *val, const struct kernel_param *kp,
					unsigned int least, unsigned int most)
{
	(void)val, (void)kp, (void)least, (void)most;
	return 0;
}

#define param_get_uint			NULL
#define module_param_cb(name, ops, arg, perm)					\
	static const void * const fake_param_##name[] __attribute__((unused)) = { ops, arg }
#define MODULE_PARM_DESC(name, text)	struct fake_desc_##name
#define THIS_MODULE			(&fake_module)

struct module {
	const char *version;
};

extern struct module fake_module;

/* ---- DMA ---- */

#define DMA_ATTR_WEAK_ORDERING	BIT(1)
#define DMA_ATTR_NO_WARN	BIT(8)

struct device {
	bool gone;
	u64 seg_boundary;
};

struct dma_map_ops {
	int nothing;
};

struct bio_vec {
	struct page	*bv_page;
	unsigned int	bv_len;
	unsigned int	bv_offset;
};

struct scatterlist {
	struct page	*page;
	unsigned int	offset;
	unsigned int	length;
	dma_addr_t	dma;
	bool		last;
};

struct sg_table {
	struct scatterlist	*sgl;
	unsigned int		nents;
	unsigned int		orig_nents;
};

#define sg_next(sg)		((sg)->last ? NULL : (sg) + 1)
#define sg_phys(sg)		(page_to_phys((sg)->page) + (sg)->offset)
#define sg_dma_address(sg)	((sg)->dma)
#define sg_dma_len(sg)		((sg)->length)
#define for_each_sgtable_dma_sg(sgt, sg, i)					\
	for (i = 0, sg = (sgt)->sgl; i < (int)(sgt)->nents; i++, sg = sg_next(sg))

int sg_alloc_table(struct sg_table *sgt, unsigned int nents, gfp_t gfp);
void sg_free_table(struct sg_table *sgt);
void sg_set_page(struct scatterlist *sg, struct page *page, unsigned int len, unsigned int offset);

dma_addr_t dma_map_page_attrs(struct device *dev, struct page *page, size_t offset, size_t size,
			      enum dma_data_direction dir, unsigned long attrs);
dma_addr_t dma_map_resource(struct device *dev, phys_addr_t phys, size_t size,
			    enum dma_data_direction dir, unsigned long attrs);
void dma_unmap_page_attrs(struct device *dev, dma_addr_t dma, size_t size,
			  enum dma_data_direction dir, unsigned long attrs);
#define dma_unmap_resource	dma_unmap_page_attrs
#define dma_get_seg_boundary(dev) ((dev)->seg_boundary)
#define dma_mapping_error(dev, dma) ((dma) == DMA_MAPPING_ERROR ? -ENOMEM : 0)
int dma_map_sgtable(struct device *dev, struct sg_table *sgt, enum dma_data_direction dir,
		    unsigned long attrs);
void dma_unmap_sgtable(struct device *dev, struct sg_table *sgt, enum dma_data_direction dir,
		       unsigned long attrs);
void dma_sync_single_range_for_cpu(struct device *dev, dma_addr_t dma, unsigned long offset,
				   size_t size, enum dma_data_direction dir);
#define dma_sync_single_range_for_device dma_sync_single_range_for_cpu
void dma_sync_sgtable_for_cpu(struct device *dev, struct sg_table *sgt,
			      enum dma_data_direction dir);
#define dma_sync_sgtable_for_device dma_sync_sgtable_for_cpu

/* ---- io_uring ---- */

#define IO_URING_F_NONBLOCK	1u
#define IO_URING_F_SQE128	2u
#define IO_URING_F_IOPOLL	4u
#define IORING_URING_CMD_FIXED	1u
#define ITER_SOURCE		1
#define ITER_DEST		0

struct io_uring_cmd {
	struct file	*file;
	const void	*cmd;
	u32		cmd_op;
	u32		flags;
	u8		pdu[32] __attribute__((aligned(8)));
	void		(*task_work)(struct io_uring_cmd *cmd, unsigned int issue_flags);
	bool		done;
	long		ret;
};

struct iov_iter {
	const struct bio_vec	*bvec;
	size_t			iov_offset;
};

#define iov_iter_is_bvec(iter)	true
void io_uring_cmd_done(struct io_uring_cmd *cmd, long ret, long ret2, unsigned int issue_flags);
void io_uring_cmd_complete_in_task(struct io_uring_cmd *cmd,
				   void (*fn)(struct io_uring_cmd *cmd, unsigned int issue_flags));
int io_uring_cmd_import_fixed(u64 addr, unsigned long len, int rw, struct iov_iter *iter,
			      struct io_uring_cmd *cmd);

/* ---- engines ---- */

struct xsw_engine;

/* Complete the oldest transfer that an engine has; false when none has any. */
bool fake_engine_step(void);
/* An engine stops answering, one of those that are open; or the device goes whose memory they reach. */
void fake_engine_dies(void);

#endif /* FUZZ_KERNEL_H */
