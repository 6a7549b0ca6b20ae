# SPDX-License-Identifier: GPL-2.0
# The whole user interface of the build; `make help` lists the targets.
#
#: Variables:
#:   VM=arm64|x86|arm64-xen|x86-xen-pv|x86-xen-pvh
#:                       the guest (default arm64)
#:   KERNEL=6.1|6.12|7.2 Debian's kernel in it (default 6.1); debug, kcsan: one that is
#:                       built from Debian's source to find faults (docs/testing.md): the
#:                       default of `make kunit` and `make fuzz FUZZER=kcov` is debug
#:   JOB=FILE            the job file of `make run` (default harness/jobs/paths.ini; xen.ini
#:                       where pages can be granted)
#:   KDIR=DIR            build against this kernel tree instead of Debian's headers
#:   KERNEL_IMAGE=FILE   with KDIR=, boot this kernel
#:   ARCH= CROSS_COMPILE=  as in the kernel's own build, with KDIR=
#:   XEN=4.17|4.20       Debian's Xen under the guests on Xen (default 4.17; 4.20: Arm only)
#:   TIME=SECONDS        of each fuzzer, for `make fuzz` (default 60)
#:   FUZZER=core|job|abi only this one, for `make fuzz`; kcov: of /dev/xswiotlb in a guest, led by
#:                       what its kernel executes (on Debian's kernels by nothing)
#:   TESTS='FILE...'     only these scripts of tests/vm/guest/, for `make vm-test`
#:   STRESS='--ops=10m'  options of `xswiotlb stress`, for `make stress`
#:   BENCH='--rounds=1000'  options and cases of `xswiotlb bench`, for `make bench-guest`
#:   KERNEL_APPEND='kpti=off'  more of the guest kernel's command line
#:   V=1                 show the commands

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

vms := arm64 x86 arm64-xen x86-xen-pv x86-xen-pvh
kernels := 6.1 6.12 7.2 debug kcsan

VM ?= arm64
# KUnit and KCOV are in none of Debian's kernels.
ifneq ($(filter kunit,$(MAKECMDGOALS))$(filter kcov,$(FUZZER)),)
ifeq ($(KDIR),)
KERNEL ?= debug
endif
endif
KERNEL ?= 6.1
# PVH can not grant pages to itself, so it has no foreign ones.
JOB ?= harness/jobs/$(if $(filter arm64-xen x86-xen-pv,$(VM)),xen,paths).ini
# Frames of other domains are wherever Xen put them.
run_mask := $(if $(findstring -xen,$(VM)),0xffffffffffffffff,0xffffffff)
TIME ?= 60
STRESS ?= --ops=10m --min-edu-transfers=1000
XEN ?= 4.17
export V KDIR KERNEL_IMAGE KERNEL_MODULES CROSS_COMPILE BENCH KERNEL_APPEND

# `make modules ARCH=x86` means that guest's architecture.
ifneq ($(ARCH),)
VM := $(if $(filter arm64,$(ARCH)),arm64,$(if $(filter x86 x86_64,$(ARCH)),x86,$(ARCH)))
endif
ifneq ($(words $(filter $(vms),$(VM))),1)
$(error VM=$(VM) is not a guest; use one of: $(vms))
endif
ifneq ($(words $(filter $(kernels),$(KERNEL))),1)
$(error KERNEL=$(KERNEL) is not a kernel line; use one of: $(kernels))
endif

target := --vm $(VM) --kernel $(KERNEL)
machine := $(target) $(if $(findstring -xen,$(VM)),--xen $(XEN))

all: modules harness ## build the module and the harness

help: ## list the targets and variables
	@awk -F ':.*## ' '/^[a-z_-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' Makefile
	@sed -n 's/^#: \{0,1\}//p' Makefile

run: guest ## run the job file JOB in a guest; the default shows every path a mapping can take
	@[ -r '$(JOB)' ] || { echo "JOB=$(JOB) is not a file that can be read." >&2; exit 2; }
	@scripts/vm $(machine) --job '$(JOB)' --mask $(run_mask) --guest scripts/guest/run.sh --timeout 1800

test: ## every test: unit, kept corpora, KUnit by the shim, two guests on two kernels, a short stress, lint
	@scripts/deps test bench
	@scripts/test

unit: ## the core's and the harness's tests in userspace, with the sanitizers
	@scripts/deps test
	@scripts/unit

mutants: ## break the core in every way of tests/mutants/table, and see the unit tests notice
	@scripts/deps test
	@scripts/mutants

coverage: ## lines and branches of the core that the unit tests reach
	@scripts/deps test
	@scripts/coverage

fuzz: ## libFuzzer on the core, the job files' parser and the ABI, TIME seconds each; FUZZER=kcov
ifeq ($(FUZZER),kcov)
fuzz: guest
	@[[ '$(TIME)' =~ ^[0-9]+$$ ]] || { echo "TIME takes whole seconds, not '$(TIME)'." >&2; exit 2; }
	@scripts/vm $(machine) --append dma_debug=off --guest tests/vm/guest/kcov.sh --set 'TIME=$(TIME)' --timeout $$(($(TIME) * 3 + 600))
else
fuzz:
	@scripts/deps test
	@scripts/fuzz --time $(TIME) $(FUZZER)
endif

kunit: deps ## the suites of tests/kunit/ in a guest, KTAP: under KUnit on the debug kernel, on Debian's by a shim
	@scripts/kunit $(target)

vm-test: guest ## every script of tests/vm/guest/ in a guest
	@scripts/vm-test $(machine) $(TESTS)

stress: guest ## ten million random verified mappings in a guest, from a printed seed
	@scripts/vm $(machine) --mask $(run_mask) --guest scripts/guest/stress.sh --edu 8 --set 'STRESS=$(STRESS)' --timeout 36000

matrix: ## every guest on every kernel: vm-test and a minute of stress each; the table in README.md
	@scripts/deps matrix
	@rc=0; scripts/matrix run || rc=$$?; scripts/matrix readme; exit $$rc

bench: ## measure the core in userspace beside memcpy and the in-tree figures; plots, in minutes
	@scripts/deps bench
	@scripts/bench

bench-guest: guest ## measure our ops and the kernel's in a guest, plots; BENCH='--rounds=1000 direct-4k'
	@scripts/deps matrix
	@scripts/deps bench
	@scripts/bench-guest $(machine)

lint: ## checkpatch, coccinelle, sparse, W=1, clang-format, clang-tidy, cppcheck, shellcheck, codespell
	@scripts/deps test
	@scripts/lint

format: ## let clang-format rewrite the C++ sources
	@scripts/deps test
	@scripts/lint --format

headers-check: ## compile uapi/ alone: C11, C++20, 32 bits
	@scripts/headers-check

modules: deps ## build xswiotlb.ko, out of tree
	@scripts/module $(target)

modules_install: modules ## install xswiotlb.ko for the kernel of KDIR= (INSTALL_MOD_PATH= as in the kernel)
	@[ -n "$(KDIR)" ] || { echo "modules_install needs KDIR=, the kernel to install for." >&2; exit 2; }
	@scripts/module $(target) --install

harness: deps ## build the harness for the guest, as one static binary
	@scripts/harness $(target)

initramfs: modules harness
	@scripts/initramfs $(target)

guest: initramfs

deps: ## install the Debian packages that are missing
	@scripts/deps run $(if $(filter debug kcsan,$(KERNEL)),debug)

clean: ## remove what was built
	rm -rf build

distclean: clean ## the same, and the cache of kernels outside the tree
	rm -rf "$${XSW_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/xswiotlb}"

.PHONY: all help run test unit mutants coverage fuzz kunit vm-test stress matrix bench bench-guest lint format headers-check \
	modules modules_install harness initramfs guest deps clean distclean
# The steps share one machine's two guests and one cache.
.NOTPARALLEL:
