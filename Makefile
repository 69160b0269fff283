# SPDX-License-Identifier: GPL-2.0-only
#
# Every command of this repository; 'make help' explains them.  The work is in
# automation/scripts, one script a step.

TOP := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
S := $(TOP)automation/scripts
BUILD ?= $(TOP)build
export BUILD XEN_SRC OUT DSC

# A recipe is one shell, which holds the lock on build/ from its first line on.
SHELL := /bin/bash
.SHELLFLAGS := -ec
.ONESHELL:
.NOTPARALLEL:
LOCK := BASH_ARGV0=make; . $(S)/lib.sh; take_lock

ifneq ($(words $(subst :, ,$(TOP)$(BUILD))),1)
$(error The path of this clone, or of BUILD, has a space or a colon, which Xen's build cannot take)
endif

.PHONY: help run check check-domu lint unit fuzz stress guest device linux xen series \
        series-build apply mutants bench coverage nightly docs deb \
        packages clean

help:
	@sed -n 's/^## //p' $(firstword $(MAKEFILE_LIST))

## make run             set up, build stock and patched Xen, boot both, show the difference
run:
	@$(LOCK)
	$(S)/setup device linux stock patched
	$(TOP)tools/tests/subpage-mmio/lab/lab show --build "$$BUILD"

## make check           all tests; the last line is their sum
check:
	@$(LOCK)
	$(S)/check

## make lint            style, spelling, static analysis; do patches and documents hold together?
lint:
	@$(LOCK)
	$(S)/setup
	$(S)/lint

## make check-domu      tests in domains of a Linux dom0, under Debian's own toolstack
check-domu:
	@$(LOCK)
	$(S)/setup guest device linux dom0 stock-debug patched-debug stock patched
	$(TOP)tools/tests/subpage-mmio/lab/lab check-domu --build "$$BUILD"

## make unit            the engine's tests in user space
unit:
	@$(LOCK)
	$(S)/setup
	$(S)/run-unit

## make fuzz SECONDS=n  look for inputs that break the engine, for so long (20 seconds)
fuzz:
	@$(LOCK)
	$(S)/setup
	FUZZ_SECONDS="$(or $(SECONDS),20)" $(S)/run-unit fuzz

## make stress SECONDS=n   change protection in some threads, write in others, for so long (10 seconds)
stress:
	@$(LOCK)
	$(S)/setup
	STRESS_SECONDS="$(or $(SECONDS),10)" $(S)/run-unit stress

## make guest, device, linux   the test kernels, the PCI devices that they write to, Linux
guest device linux:
	@$(LOCK)
	$(S)/setup $@

## make xen             stock and patched Xen, release and debug: build/xen-*
xen:
	@$(LOCK)
	$(S)/setup stock-debug patched-debug stock patched

## make series          build/series: a git branch, a commit a patch; build/series-mail (or OUT=dir): files for git am
series:
	@$(LOCK)
	$(S)/setup
	$(S)/series branch "$$BUILD/stock" "$$BUILD/series"
	[ -n "$${OUT:-}" ] || rm -rf "$$BUILD/series-mail"
	$(S)/series mail "$$BUILD/series" "$${OUT:-$$BUILD/series-mail}"

## make series-build    build Xen at every commit of the series, or COMMITS="34 10", in many configurations
series-build:
	@$(LOCK)
	$(S)/setup
	$(S)/series branch "$$BUILD/stock" "$$BUILD/series"
	$(S)/series-build $(COMMITS)

## make apply XEN_SRC=dir   apply the series to a Xen tree of yours, all of it or nothing
apply:
	@$(S)/check-xen-tree "$$XEN_SRC"
	$(S)/series apply "$$XEN_SRC"

## make mutants         break the hypervisor on purpose: do the tests notice?
mutants:
	@$(LOCK)
	$(S)/setup guest device linux dom0
	$(S)/mutants

## make bench           what writes cost, in instructions, and whether that is within budget
bench:
	@$(LOCK)
	$(S)/setup guest device stock patched
	$(S)/bench

## make coverage        which of the series' lines do the tests run?  Each other one has a reason
coverage:
	@$(LOCK)
	$(S)/setup guest device linux dom0 patched-coverage
	$(S)/coverage

## make nightly         all scenarios of the lab on a Xen that looks for undefined behaviour
nightly:
	@$(LOCK)
	$(S)/setup guest device linux dom0 patched-ubsan
	$(S)/nightly

## make deb             Debian's hypervisor package with the series: build/deb; DSC=file for another source package
deb:
	@$(LOCK)
	$(S)/install-packages
	$(S)/build-deb $${DSC:+"$$DSC"}

## make docs            build/docs: the document as HTML and PDF
docs:
	@$(LOCK)
	$(S)/install-packages
	$(S)/build-docs

## make packages        install the Debian packages that are missing (automation/packages)
packages:
	@$(LOCK)
	$(S)/install-packages

## make clean           remove everything that was made or downloaded
clean:
	@[ -e "$$BUILD/.lock" ] || { echo "$$BUILD was not made by this: remove it yourself"; exit 1; }
	$(LOCK)
	find "$$BUILD" -mindepth 1 -maxdepth 1 ! -name .lock -exec rm -rf {} +

## make help            this list
##
## XEN_SRC=dir          use a copy of this Xen tree (4.17 to 4.19) instead of Debian's source
## BUILD=dir            make and download everything there instead of in build/
