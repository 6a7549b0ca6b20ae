// SPDX-License-Identifier: GPL-2.0
/*
 * What does not fit in kernel.h, and the module's other half: engines, environments, statistics.
 */
#include <sanitizer/asan_interface.h>
#include "engine.h"
#include "env.h"
#include "mmio.h"
#include "ops.h"
#include "stats.h"

#define NR_PAGES	1024u
#define PHYS_BASE	0x100000000ULL
#define DMA_BASE	0x10000000000ULL	/* dma - phys */
#define MMIO_BASE	0x9000000000ULL
#define MOST_MAPS	4096u
#define MOST_LOCKED	48

struct fake fake;
int fake_preempt;
u8 fake_user[FAKE_USER_SIZE];
const struct file_operations *fake_fops;
struct module fake_module = { "fuzz" };

static struct mm_struct mm;
struct mm_struct fake_other_mm;
static struct signal_struct task_signal;
static struct task_struct task = { &task, &mm, &task_signal, 0, 0 };
struct task_struct *current = &task;

/* The first ones are the caller's. */
static struct page pages[NR_PAGES];
static u8 memory[NR_PAGES * PAGE_SIZE] __attribute__((aligned(4096)));

struct dma_mapping {
	dma_addr_t		dma;
	u64			size;
	enum dma_data_direction	dir;
};

static struct dma_mapping maps[MOST_MAPS];
static u32 mmio_used;	/* no page of it a second time */

#define MOST_ENGINES	8u

struct fake_engine {
	struct xsw_engine	engine;
	struct xsw_device	xdev;
	struct xsw_kenv		kenv;
	struct device		dev;
	struct list_head	queue;
	bool			slow;
};

static struct fake_engine *engines[MOST_ENGINES];

void fake_sqe_begin(const void *sqe)
{
	ASAN_UNPOISON_MEMORY_REGION(sqe, FAKE_SQE_SIZE);
	fake.sqe = sqe;
}

void fake_sqe_over(void)
{
	if (fake.sqe)
		ASAN_POISON_MEMORY_REGION(fake.sqe, FAKE_SQE_SIZE);
	fake.sqe = NULL;
}

static bool may(u64 *left)
{
	fake_sqe_over();
	if (*left == ~0ULL)
		return true;
	if (!*left)
		return false;
	--*left;
	return true;
}

static bool may_alloc(size_t bytes)
{
	(void)bytes;
	return may(&fake.allocs_left);
}

void fake_reset(void)
{
	u64 (*choose)(u64 below) = fake.choose;

	fake = (struct fake){ .choose = choose, .allocs_left = ~0ULL, .accesses_left = ~0ULL };
	xsw_seam.alloc = may_alloc;
	memset(pages, 0, sizeof(pages));
	memset(maps, 0, sizeof(maps));
	memset(engines, 0, sizeof(engines));
	mmio_used = 0;
	memset(fake_user, 0, sizeof(fake_user));
	mm.refs = 0;
	task.refs = 0;
	task.flags = 0;
	task.mm = &mm;
	task_signal.flags = 0;
	fake_preempt = 0;
}

static void may_sleep(const char *what)
{
	if (fake_preempt)
		fake_bug("%s with preemption off", what);
}

/* ---- memory ---- */

void *kmalloc(size_t size, gfp_t gfp)
{
	void *p;

	(void)gfp;
	p = may_alloc(size) ? malloc(size) : NULL;
	if (p)
		memset(p, 0xa5, size);
	return p;
}

void *kzalloc(size_t size, gfp_t gfp)
{
	void *p = kmalloc(size, gfp);

	return p ? memset(p, 0, size) : NULL;
}

static struct page *page_at(u64 index)
{
	if (index >= NR_PAGES)
		fake_bug("no page: %llu", (unsigned long long)index);
	return &pages[index];
}

struct page *virt_to_page(const void *addr)
{
	return page_at((u64)((const u8 *)addr - memory) >> PAGE_SHIFT);
}

struct page *pfn_to_page(unsigned long pfn)
{
	return page_at(pfn - (PHYS_BASE >> PAGE_SHIFT));
}

phys_addr_t page_to_phys(const struct page *page)
{
	return PHYS_BASE + ((u64)(page_at(page - pages) - pages) << PAGE_SHIFT);
}

phys_addr_t virt_to_phys(const void *addr)
{
	return page_to_phys(virt_to_page(addr)) + offset_in_page(addr);
}

void get_page(struct page *page)
{
	page->refs++;
	fake.refs++;
}

void put_page(struct page *page)
{
	if (page->refs-- <= 0)
		fake_bug("a page is put once too often");
	if (!page->refs && page->granted)
		fake_bug("a page is freed that is granted for ever");
	fake.refs--;
}

void *alloc_pages_exact(size_t size, gfp_t gfp)
{
	u32 nr = PAGE_ALIGN(size) >> PAGE_SHIFT, i, row = 0;

	(void)gfp;
	may_sleep("alloc_pages_exact()");
	if (!may_alloc(size))
		return NULL;
	for (i = FAKE_PINNABLE_PAGES; i < NR_PAGES; i++) {
		row = pages[i].refs ? 0 : row + 1;
		if (row < nr)
			continue;
		for (row = 0; row < nr; row++)
			get_page(&pages[i - row]);
		return memset(&memory[(i + 1 - nr) * PAGE_SIZE], 0, nr * PAGE_SIZE);
	}
	return NULL;
}

struct page *alloc_pages_node(int node, gfp_t gfp, unsigned int order)
{
	void *addr = alloc_pages_exact(PAGE_SIZE << order, gfp);

	if (node < 0 || node > 1)
		fake_bug("there is no such node");
	return addr ? virt_to_page(addr) : NULL;
}

void *page_address(const struct page *page)
{
	return &memory[(page - pages) * PAGE_SIZE];
}

void free_pages_exact(void *addr, size_t size)
{
	u32 nr = PAGE_ALIGN(size) >> PAGE_SHIFT, i;

	for (i = 0; i < nr; i++)
		put_page(virt_to_page((u8 *)addr + i * PAGE_SIZE));
}

void mmgrab(struct mm_struct *of)
{
	of->refs++;
}

void mmdrop(struct mm_struct *of)
{
	if (of->refs-- <= 0)
		fake_bug("an mm is dropped once too often");
}

int account_locked_vm(struct mm_struct *of, unsigned long nr, bool inc)
{
	(void)of;
	if (inc && !fake.privileged && fake.locked + (s64)nr > MOST_LOCKED)
		return -ENOMEM;
	fake.locked += inc ? (s64)nr : -(s64)nr;
	if (fake.locked < 0)
		fake_bug("less than no memory is locked");
	return 0;
}

int pin_user_pages_fast(unsigned long start, int nr, unsigned int flags, struct page **to)
{
	int i, got = 1 + (int)fake.choose((u64)nr);

	may_sleep("pin_user_pages_fast()");
	if (!(flags & FOLL_LONGTERM))
		fake_bug("pinned for long, and does not say so");
	if (!may(&fake.accesses_left))
		return fake.choose(2) ? -ENOMEM : -EFAULT;
	for (i = 0; i < got; i++) {
		u64 index = (start - FAKE_PINNABLE) / PAGE_SIZE + (u64)i;

		if (start < FAKE_PINNABLE || index >= FAKE_PINNABLE_PAGES)
			return i ? i : -EFAULT;
		to[i] = &pages[index];
		to[i]->pins++;
		fake.pins++;
	}
	return got;
}

void unpin_user_pages(struct page **of, unsigned long nr)
{
	for (; nr; nr--, of++) {
		if ((*of)->pins-- <= 0)
			fake_bug("a page is unpinned once too often");
		fake.pins--;
	}
}

void unpin_user_pages_dirty_lock(struct page **of, unsigned long nr, bool dirty)
{
	if (!dirty)
		fake_bug("what a device has written may be lost");
	unpin_user_pages(of, nr);
}

int vm_map_pages_zero(struct vm_area_struct *vma, struct page **of, unsigned long nr)
{
	unsigned long want = (vma->vm_end - vma->vm_start) >> PAGE_SHIFT, i;

	if (want > nr)
		return -ENXIO;
	/* Mapped, looked at, and unmapped: whether they are still there is what matters. */
	for (i = 0; i < want; i++)
		if (!of[i]->refs)
			fake_bug("a freed page is mapped");
	return 0;
}

static u8 *user(const void *at, unsigned long n)
{
	u64 offset = (uintptr_t)at - FAKE_USER;

	may_sleep("access to user memory");
	if (current->flags & PF_KTHREAD || current->mm != &mm)
		fake_bug("access to memory that is not the caller's");
	if (offset > FAKE_USER_SIZE || n > FAKE_USER_SIZE - offset || !may(&fake.accesses_left))
		return NULL;
	return fake_user + offset;
}

unsigned long copy_to_user(void *to, const void *from, unsigned long n)
{
	u8 *at = user(to, n);

	if (!at)
		return n;
	memcpy(at, from, n);
	return 0;
}

unsigned long copy_from_user(void *to, const void *from, unsigned long n)
{
	const u8 *at = user(from, n);

	if (!at)
		return n;
	memcpy(to, at, n);
	/* Another thread of the caller's writes there. */
	if (fake.race && n == sizeof(fake.race)) {
		memcpy(fake_user + ((uintptr_t)from - FAKE_USER), &fake.race, n);
		fake.race = 0;
	}
	return 0;
}

unsigned long clear_user(void *to, unsigned long n)
{
	u8 *at = n ? user(to, n) : NULL;

	if (at)
		memset(at, 0, n);
	return at ? 0 : n;
}

int copy_struct_from_user(void *to, size_t size, const void *from, size_t user_size)
{
	const u8 *at = user(from, user_size);

	if (!at)
		return -EFAULT;
	if (user_size > size && memchr_inv(at + size, 0, user_size - size))
		return -E2BIG;
	memset(to, 0, size);
	memcpy(to, at, min(size, user_size));
	return 0;
}

/* ---- tasks ---- */

struct task_struct *get_task_struct(struct task_struct *of)
{
	of->refs++;
	return of;
}

void put_task_struct(struct task_struct *of)
{
	if (of->refs-- <= 0)
		fake_bug("a task is put once too often");
}

int wait_for_completion_state(struct completion *c, unsigned int state)
{
	may_sleep("wait_for_completion_state()");
	if ((state & TASK_KILLABLE) && fake.killed) {
		task_signal.flags = fake.choose(2) ? SIGNAL_GROUP_EXIT : 0;
		return -ERESTARTSYS;
	}
	while (!c->done)
		if (!fake_engine_step())
			fake_bug("nothing will ever complete this");
	return 0;
}

int misc_register(struct miscdevice *misc)
{
	fake_fops = misc->fops;
	return 0;
}

/* ---- DMA ---- */

static struct dma_mapping *map_of(dma_addr_t dma, u64 size)
{
	u32 i;

	for (i = 0; i < MOST_MAPS; i++)
		if (maps[i].size && dma - maps[i].dma < maps[i].size &&
		    size <= maps[i].size - (dma - maps[i].dma))
			return &maps[i];
	return NULL;
}

static dma_addr_t map_one(phys_addr_t phys, u64 size, enum dma_data_direction dir)
{
	u32 i;

	if (!size || dir >= DMA_NONE)
		fake_bug("mapped with size %llu, direction %d", (unsigned long long)size, dir);
	for (i = 0; i < MOST_MAPS; i++) {
		if (maps[i].size)
			continue;
		/* The same memory can be mapped more than once. */
		maps[i] = (struct dma_mapping){ phys + DMA_BASE * (i + 1), size, dir };
		fake.maps++;
		return maps[i].dma;
	}
	return DMA_MAPPING_ERROR;
}

static bool is_mmio(dma_addr_t dma)
{
	return dma % DMA_BASE >= MMIO_BASE;
}

bool fake_mapped_is_kept(void)
{
	u64 phys;
	u32 i;

	for (i = 0; i < MOST_MAPS; i++) {
		/* Of another device's memory xsw_mmio_put() knows. */
		if (!maps[i].size || is_mmio(maps[i].dma))
			continue;
		for (phys = (maps[i].dma % DMA_BASE) & PAGE_MASK;
		     phys < maps[i].dma % DMA_BASE + maps[i].size; phys += PAGE_SIZE) {
			const struct page *page = pfn_to_page(PHYS_PFN(phys));

			if (!page->refs && !page->pins)
				return false;
		}
	}
	return true;
}

static struct xsw_last_map last_map;

static bool map_fails(void)
{
	static const u8 causes[] = { XSW_CAUSE_NO_SPACE, XSW_CAUSE_TOO_LARGE,
				     XSW_CAUSE_MISALIGNED, XSW_CAUSE_MASK, XSW_CAUSE_BAD_ADDRESS };
	u64 n = fake.choose(32);

	last_map = (struct xsw_last_map){ .reason = XSW_REASON_DIRECT };
	if (n >= ARRAY_SIZE(causes))
		return false;
	last_map = (struct xsw_last_map){ .cause = causes[n] };
	return true;
}

static void check_pages(phys_addr_t phys, u64 size)
{
	u64 pfn;

	for (pfn = PHYS_PFN(phys); pfn <= PHYS_PFN(phys + size - 1); pfn++) {
		const struct page *page = pfn_to_page(pfn);

		if (!page->refs && !page->pins && page >= &pages[FAKE_PINNABLE_PAGES])
			fake_bug("a freed page is mapped for a device");
	}
}

static void check_device(const struct device *dev)
{
	if (dev->gone)
		fake_bug("the DMA API is called for a device that has gone");
}

dma_addr_t dma_map_page_attrs(struct device *dev, struct page *page, size_t offset, size_t size,
			      enum dma_data_direction dir, unsigned long attrs)
{
	(void)attrs;
	check_device(dev);
	if (map_fails())
		return DMA_MAPPING_ERROR;
	check_pages(page_to_phys(page) + offset, size);
	return map_one(page_to_phys(page) + offset, size, dir);
}

dma_addr_t dma_map_resource(struct device *dev, phys_addr_t phys, size_t size,
			    enum dma_data_direction dir, unsigned long attrs)
{
	(void)attrs;
	check_device(dev);
	if (fake.mmio_gone)
		fake_bug("memory is mapped of a device that has gone");
	return map_fails() ? DMA_MAPPING_ERROR : map_one(phys, size, dir);
}

void dma_unmap_page_attrs(struct device *dev, dma_addr_t dma, size_t size,
			  enum dma_data_direction dir, unsigned long attrs)
{
	struct dma_mapping *map = map_of(dma, 1);

	(void)attrs;
	check_device(dev);
	if (!map || map->dma != dma || map->size != size || map->dir != dir)
		fake_bug("unmapped what is not mapped, or not so");
	map->size = 0;
	fake.maps--;
}

int dma_map_sgtable(struct device *dev, struct sg_table *sgt, enum dma_data_direction dir,
		    unsigned long attrs)
{
	struct scatterlist *sg;

	(void)attrs;
	check_device(dev);
	if (map_fails())
		return -EIO;
	for (sg = sgt->sgl; sg; sg = sg_next(sg)) {
		check_pages(sg_phys(sg), sg->length);
		if (!sg->length || (sg_phys(sg) ^ (sg_phys(sg) + sg->length - 1)) & ~dev->seg_boundary)
			fake_bug("a segment is empty, or crosses the device's boundary");
		sg->dma = map_one(sg_phys(sg), sg->length, dir);
		if (sg->dma == DMA_MAPPING_ERROR)
			fake_bug("too many mappings for this kernel");
	}
	sgt->nents = sgt->orig_nents;
	return 0;
}

void dma_unmap_sgtable(struct device *dev, struct sg_table *sgt, enum dma_data_direction dir,
		       unsigned long attrs)
{
	struct scatterlist *sg;

	for (sg = sgt->sgl; sg; sg = sg_next(sg))
		dma_unmap_page_attrs(dev, sg->dma, sg->length, dir, attrs);
}

void dma_sync_single_range_for_cpu(struct device *dev, dma_addr_t dma, unsigned long offset,
				   size_t size, enum dma_data_direction dir)
{
	const struct dma_mapping *map = map_of(dma, 1);

	check_device(dev);
	if (!map || map->dma != dma || map->dir != dir || !map_of(dma + offset, size))
		fake_bug("synced what is not mapped, or not so");
}

void dma_sync_sgtable_for_cpu(struct device *dev, struct sg_table *sgt, enum dma_data_direction dir)
{
	struct scatterlist *sg;

	for (sg = sgt->sgl; sg; sg = sg_next(sg))
		dma_sync_single_range_for_cpu(dev, sg->dma, 0, sg->length, dir);
}

int sg_alloc_table(struct sg_table *sgt, unsigned int nents, gfp_t gfp)
{
	if (fake_preempt)
		fake_bug("sg_alloc_table() with preemption off");
	sgt->sgl = kcalloc(nents, sizeof(*sgt->sgl), gfp);
	if (!sgt->sgl)
		return -ENOMEM;
	sgt->sgl[nents - 1].last = true;
	sgt->nents = nents;
	sgt->orig_nents = nents;
	return 0;
}

void sg_free_table(struct sg_table *sgt)
{
	kvfree(sgt->sgl);
	memset(sgt, 0, sizeof(*sgt));
}

void sg_set_page(struct scatterlist *sg, struct page *page, unsigned int len, unsigned int offset)
{
	sg->page = page;
	sg->length = len;
	sg->offset = offset;
}

/* ---- io_uring ---- */

void io_uring_cmd_done(struct io_uring_cmd *cmd, long ret, long ret2, unsigned int issue_flags)
{
	(void)ret2, (void)issue_flags;
	if (cmd->done)
		fake_bug("a command completes twice");
	cmd->done = true;
	cmd->ret = ret;
}

void io_uring_cmd_complete_in_task(struct io_uring_cmd *cmd,
				   void (*fn)(struct io_uring_cmd *cmd, unsigned int issue_flags))
{
	if (cmd->task_work || cmd->done)
		fake_bug("a command completes twice");
	cmd->task_work = fn;
}

int io_uring_cmd_import_fixed(u64 addr, unsigned long len, int rw, struct iov_iter *iter,
			      struct io_uring_cmd *cmd)
{
	static struct bio_vec bvecs[FAKE_PINNABLE_PAGES];
	u64 offset = addr - FAKE_PINNABLE;
	u32 i;

	(void)rw;
	if (!(cmd->flags & IORING_URING_CMD_FIXED))
		fake_bug("import without a registered buffer");
	if (offset >= sizeof(bvecs) / sizeof(*bvecs) * PAGE_SIZE ||
	    len > FAKE_PINNABLE_PAGES * PAGE_SIZE - offset)
		return -EFAULT;
	for (i = 0; i < FAKE_PINNABLE_PAGES; i++)
		bvecs[i] = (struct bio_vec){ &pages[i], PAGE_SIZE, 0 };
	iter->bvec = &bvecs[offset / PAGE_SIZE];
	iter->iov_offset = offset % PAGE_SIZE;
	return 0;
}

/* ---- environments, statistics ---- */

static const struct xsw_env_ops env_ops = { .name = "fuzz" };
static const struct xsw_host_env_ops host_ops;
static struct xsw_kenv host = { .env = { .ops = &env_ops }, .host = &host_ops };
atomic_t xsw_nr_quarantined;

struct xsw_kenv *xsw_host_env(void)
{
	return &host;
}

const char *xsw_hypervisor_name(void)
{
	return "none";
}

bool xsw_env_machine(struct xsw_kenv *kenv, phys_addr_t phys, u64 size, u64 *machine)
{
	(void)kenv, (void)size;
	*machine = phys;
	return true;
}

int xsw_sim_place(struct xsw_kenv *kenv, phys_addr_t phys, u64 size, enum xsw_placement how)
{
	(void)phys, (void)how;
	if (kenv == &host || !size || size % PAGE_SIZE)
		fake_bug("placed where that can't be");
	if (fake.choose(8) == 0)
		return -ENOSPC;
	fake.placed++;
	return 0;
}

void xsw_sim_unplace(struct xsw_kenv *kenv, phys_addr_t phys, u64 size)
{
	(void)kenv, (void)phys, (void)size;
	fake.placed--;
}

void xsw_counters_sum(const struct xsw_counters *counters, struct xsw_stats_pcpu *out)
{
	(void)counters, (void)out;
}

void xsw_counters_total(struct xsw_stats_pcpu *out)
{
	(void)out;
}

struct xsw_grants {
	struct page	**granter;
	void		*mapped;
	u32		nr;
};

bool xsw_grants_usable(void)
{
	return true;
}

struct xsw_grants *xsw_grants_create(struct page **granter, struct page **mapped, u32 nr,
				     bool contiguous)
{
	struct xsw_grants *g;
	u32 i;

	(void)contiguous;
	if (fake.choose(8) == 0)
		return ERR_PTR(fake.choose(2) ? -ENOSPC : -EIO);
	g = kmalloc(sizeof(*g), 0);
	if (!g)
		return ERR_PTR(-ENOMEM);
	*g = (struct xsw_grants){ granter, alloc_pages_exact(nr * PAGE_SIZE, 0), nr };
	if (!g->mapped) {
		kfree(g);
		return ERR_PTR(-ENOMEM);
	}
	for (i = 0; i < nr; i++)
		mapped[i] = virt_to_page((u8 *)g->mapped + i * PAGE_SIZE);
	return g;
}

void xsw_grants_scatter(struct page **granter, u32 nr)
{
	(void)granter, (void)nr;
}

void xsw_grants_destroy(struct xsw_grants *g)
{
	u32 i;

	for (i = 0; i < g->nr; i++)
		if (!g->granter[i]->refs)
			fake_bug("a page is freed that is still granted");
	free_pages_exact(g->mapped, g->nr * PAGE_SIZE);
	kfree(g);
}

void xsw_grants_keep(struct xsw_grants *g)
{
	u32 i;

	for (i = 0; i < g->nr; i++)
		g->granter[i]->granted = true;
	kfree(g);
}

struct xsw_mmio {
	u32 first;
	u32 nr_pages;
	bool kept;
};

bool xsw_mmio_there(void)
{
	return true;
}

bool xsw_mmio_gone(void)
{
	return fake.mmio_gone;
}

struct xsw_mmio *xsw_mmio_create(u32 nr_pages)
{
	struct xsw_mmio *mmio;

	if (fake.mmio_gone)
		return ERR_PTR(-ENODEV);
	if (nr_pages > 16)
		return ERR_PTR(-ENOSPC);
	mmio = kmalloc(sizeof(*mmio), 0);
	if (!mmio)
		return ERR_PTR(-ENOMEM);
	*mmio = (struct xsw_mmio){ mmio_used, nr_pages, false };
	mmio_used += nr_pages;
	fake.mmio++;
	return mmio;
}

void xsw_mmio_put(struct xsw_mmio *mmio)
{
	u32 i;

	for (i = 0; i < MOST_MAPS && !mmio->kept; i++)
		if (maps[i].size && maps[i].dma % DMA_BASE - xsw_mmio_phys(mmio) <
				    mmio->nr_pages * PAGE_SIZE)
			fake_bug("another device's memory is freed that is mapped");
	kfree(mmio);
	fake.mmio--;
}

void xsw_mmio_keep(struct xsw_mmio *mmio)
{
	mmio->kept = true;
}

phys_addr_t xsw_mmio_phys(const struct xsw_mmio *mmio)
{
	return MMIO_BASE + mmio->first * PAGE_SIZE;
}

int xsw_mmio_mmap(struct xsw_mmio *mmio, struct vm_area_struct *vma)
{
	return (vma->vm_end - vma->vm_start) >> PAGE_SHIFT > mmio->nr_pages ? -ENXIO : 0;
}

/* ---- engines ---- */

static void check_side(const struct xsw_xfer_side *side, u32 len)
{
	struct scatterlist *sg;
	u64 bytes = 0;

	if (!side->sgl) {
		if (!map_of(side->dma + side->offset, len))
			fake_bug("an engine is given what is not mapped");
		return;
	}
	for (sg = side->sgl; sg; sg = sg_next(sg)) {
		if (!map_of(sg->dma, sg->length))
			fake_bug("an engine is given a segment that is not mapped");
		bytes += sg->length;
	}
	if (side->offset > bytes || len > bytes - side->offset)
		fake_bug("an engine is given more than is mapped");
}

static bool is_peer(const struct xsw_xfer_side *side)
{
	return !side->sgl && is_mmio(side->dma);
}

static int engine_submit(struct xsw_engine *engine, struct xsw_xfer *xfer)
{
	struct fake_engine *e = container_of(engine, struct fake_engine, engine);

	if (!xfer->len || xfer->len > engine->max_len)
		fake_bug("a transfer of %u bytes", xfer->len);
	if (xfer->kind != XSW_XFER_WRITE)
		check_side(&xfer->src, xfer->len);
	if (xfer->kind != XSW_XFER_READ)
		check_side(&xfer->dst, xfer->len);
	if (xfer->kind != XSW_XFER_COPY &&
	    (xfer->dev_offset > engine->dev_size || xfer->len > engine->dev_size - xfer->dev_offset))
		fake_bug("a transfer beyond the engine's memory");
	if (xfer->peer != (is_peer(&xfer->src) || is_peer(&xfer->dst)))
		fake_bug("an engine is not told whose memory it is given");
	if (engine->dead || (xfer->peer && fake.mmio_gone))
		return -ENODEV;
	switch (fake.choose(16)) {
	case 0:
		return -EBUSY;
	case 1:
		return -EIO;
	}
	if (!e->slow)
		return 0;
	list_add_tail(&xfer->node, &e->queue);
	return -EINPROGRESS;
}

static bool finish_first(struct fake_engine *e, int status)
{
	struct xsw_xfer *xfer;

	if (list_empty(&e->queue))
		return false;
	xfer = list_entry(e->queue.next, struct xsw_xfer, node);
	list_del(&xfer->node);
	xfer->complete(xfer, status);
	return true;
}

bool fake_engine_step(void)
{
	u32 i;

	for (i = 0; i < MOST_ENGINES; i++) {
		struct fake_engine *e = engines[i];

		if (e && finish_first(e, e->engine.dead ? -ETIMEDOUT :
					 fake.choose(8) == 0 ? -EIO : 0))
			return true;
	}
	return false;
}

static void mmio_goes(void)
{
	u32 i;

	fake.mmio_gone = true;
	for (i = 0; i < MOST_ENGINES; i++) {
		struct xsw_xfer *xfer, *next;

		if (!engines[i])
			continue;
		list_for_each_entry_safe(xfer, next, &engines[i]->queue, node) {
			if (!xfer->peer)
				continue;
			list_del(&xfer->node);
			xfer->complete(xfer, -ENODEV);
		}
	}
}

void fake_engine_dies(void)
{
	struct fake_engine *e = engines[fake.choose(MOST_ENGINES)];

	if (!e) {
		mmio_goes();
		return;
	}
	if (!e->engine.removable || e->engine.dead)
		return;
	fake.dead = true;
	if (fake.choose(2)) {
		e->engine.unanswered = true;
		e->engine.dead = true;
		fake.lost = true;
		return;
	}
	/* It is removed. */
	while (finish_first(e, -ENODEV))
		;
	e->engine.dead = true;
	xsw_engine_unmap_all(&e->engine);
	e->dev.gone = true;
}

static void engine_cancel(struct xsw_engine *engine)
{
	struct fake_engine *e = container_of(engine, struct fake_engine, engine);

	while (finish_first(e, -ECANCELED))
		;
}

static void engine_close(struct xsw_engine *engine)
{
	struct fake_engine *e = container_of(engine, struct fake_engine, engine);
	u32 i;

	if (!list_empty(&e->queue))
		fake_bug("an engine is closed that has something to do");
	for (i = 0; i < MOST_ENGINES; i++)
		if (engines[i] == e)
			engines[i] = NULL;
	kfree(e);
	fake.engines--;
}

static const struct xsw_engine_ops engine_ops = {
	"fuzz", engine_submit, engine_cancel, engine_close
};

static bool no_mask(u64 mask)
{
	return mask & (mask + 1);
}

static struct xsw_engine *open_engine(const struct xsw_engine_open *op, enum xsw_cause *cause)
{
	struct fake_engine *e;
	u32 i;

	/* What an engine relies on, as the ABI says it. */
	if (op->ops > XSW_OPS_KERNEL ||
	    (op->dma_bits && (op->dma_bits < 20 || op->dma_bits > 64)) ||
	    no_mask(op->min_align_mask) || op->min_align_mask > 0xffff ||
	    no_mask(op->seg_boundary) || (op->seg_boundary && op->seg_boundary < 4095) ||
	    op->p2m > XSW_P2M_HOST || op->p2m_offset >> 36 || op->latency_us > 1000000 ||
	    (op->pool_kib && (op->pool_kib < 256 || op->pool_kib > 262144)) || op->reserved)
		fake_bug("an engine is opened with what the ABI forbids");
	if ((op->kind == XSW_ENGINE_EDU || op->p2m == XSW_P2M_HOST) && !fake.privileged)
		fake_bug("an engine is opened without the right to");
	for (i = 0; i < MOST_ENGINES && engines[i]; i++)
		;
	if (i == MOST_ENGINES || fake.choose(16) == 0) {
		*cause = XSW_CAUSE_NO_DEVICE;
		return ERR_PTR(-ENODEV);
	}
	e = kzalloc(sizeof(*e), 0);
	if (!e) {
		*cause = XSW_CAUSE_NO_MEMORY;
		return ERR_PTR(-ENOMEM);
	}
	e->xdev.last_map = &last_map;
	e->kenv.env.ops = &env_ops;
	e->kenv.host = &host_ops;
	INIT_LIST_HEAD(&e->queue);
	e->dev.seg_boundary = op->seg_boundary ?: ~0ULL;
	e->slow = op->latency_us || op->kind == XSW_ENGINE_EDU;
	e->engine = (struct xsw_engine){
		.ops	= &engine_ops,
		.dev	= &e->dev,
		.xdev	= op->ops == XSW_OPS_OURS ? &e->xdev : NULL,
		.env	= op->kind == XSW_ENGINE_EDU || op->p2m == XSW_P2M_HOST ? &host : &e->kenv,
		.max_len = op->kind == XSW_ENGINE_EDU ? 4000 : SZ_1M,
		.dev_size = op->kind == XSW_ENGINE_EDU ? 4096 : SZ_1M,
		.dma_mask = 0xffffffff,
		.kind	= op->kind,
		.removable = op->kind == XSW_ENGINE_EDU,
	};
	spin_lock_init(&e->engine.lock);
	INIT_LIST_HEAD(&e->engine.maps);
	engines[i] = e;
	fake.engines++;
	return &e->engine;
}

struct xsw_engine *xsw_sim_open(const struct xsw_engine_open *op, enum xsw_cause *cause)
{
	if (op->kind != XSW_ENGINE_SIM || op->index)
		fake_bug("a sim engine of another kind, or index");
	return open_engine(op, cause);
}

struct xsw_engine *xsw_edu_open(const struct xsw_engine_open *op, enum xsw_cause *cause)
{
	if (op->kind != XSW_ENGINE_EDU || op->latency_us || op->p2m || op->pool_kib)
		fake_bug("an edu engine of another kind, or with what is for sim");
	return open_engine(op, cause);
}

unsigned int xsw_edu_count(void)
{
	return 1;
}

bool fake_all_given_back(void)
{
	return !fake.locked && !fake.pins && !fake.refs && !fake.maps && !fake.placed && !fake.mmio &&
	       !fake.engines && !mm.refs && !task.refs;
}
