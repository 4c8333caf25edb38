# The one entry for people and for CI. `make` alone says what there is.
#
# demo, check and test install what they need (packages by apt; a Rust toolchain by rustup
# where there is none), so they want root: run them as root, or as a user who may sudo.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help toolchain packages build static fmt lint unit netns root profiles fuzz audit advisories reproducible oracle pxelinux xen quick check test demo debian-install-test bench install clean

PREFIX ?= /usr
DESTDIR ?=
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo -E env "PATH=$$PATH:$$HOME/.cargo/bin")
CARGO := cargo
# Where Rust's own installer puts it, for the targets that come after it in the same run.
export PATH := $(PATH):$(HOME)/.cargo/bin

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

toolchain: ## Install a C compiler and a Rust toolchain where they are missing
	@scripts/toolchain.sh

packages: toolchain ## Install the servers and programs that the tests drive
	$(SUDO) tests/netns/install.sh
	$(SUDO) tests/vmprov_root/install.sh

build: toolchain ## Build both programs
	$(CARGO) build --release -p rpxeboot -p vmprov

static: toolchain ## Build both without any shared library, for any dom0
	tests/xen/build-programs.sh

fmt: toolchain
	$(CARGO) fmt --all --check

lint: toolchain
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

unit: toolchain ## Tests that need neither root nor a network
	$(CARGO) test --locked
	$(CARGO) test --locked -p fuzz-bodies

netns: packages ## Whole boots against real servers, in network namespaces (root)
	$(CARGO) build --locked -p rpxeboot -p vmprov
	$(SUDO) $(CARGO) test --locked -p netns-tests

root: packages ## vmprov where it needs root: crashes, full disks, block devices
	$(SUDO) $(CARGO) test --locked -p vmprov --test vmprov_root

profiles: packages ## Every answer file by its system's own checker
	$(SUDO) tests/profiles/install.sh
	$(CARGO) build --locked -p vmprov
	tests/profiles/run.sh

fuzz: toolchain ## Every fuzz target for a minute (needs g++)
	fuzz/run.sh

audit: toolchain ## Licences, sources and unsafe code of what is built (installs cargo-deny)
	scripts/audit.sh

advisories: toolchain ## The same, and known faults by RustSec's list (needs the network)
	scripts/audit.sh --advisories

reproducible: toolchain ## Build twice and compare byte for byte
	scripts/reproducible.sh

oracle: toolchain ## xlcfg against Xen's own parser
	$(SUDO) tests/oracle/run.sh

pxelinux: toolchain ## Have Debian's real PXELINUX boot all trees in QEMU again, and compare (half an hour)
	$(SUDO) tests/pxelinux/run.sh
	$(CARGO) test --locked -p rpxeboot --test pxelinux

xen: toolchain ## Guests on a real Xen in QEMU
	built="$$(tests/xen/build-programs.sh)"; export RPXEBOOT="$$built/rpxeboot" VMPROV="$$built/vmprov"; $(SUDO) tests/xen/run.sh

check: audit quick ## The quick part, and what is built in

quick: fmt lint unit netns profiles root ## Format, lints, unit, namespace, profile and crash tests

test: quick oracle xen ## Everything that CI runs

demo: toolchain ## Show a PV guest booting over the network on an emulated Xen
	built="$$(tests/xen/build-programs.sh)"; export RPXEBOOT="$$built/rpxeboot" VMPROV="$$built/vmprov"; $(SUDO) tests/xen/demo.sh

debian-install-test: toolchain ## Install Debian for real on the emulated Xen: an hour or more
	built="$$(tests/xen/build-programs.sh)"; export RPXEBOOT="$$built/rpxeboot" VMPROV="$$built/vmprov"; $(SUDO) tests/xen/debian-install.sh

bench: packages build ## Both programs against what people use, as ratios (root)
	$(SUDO) benches/run.sh --write
	benches/create.sh --write

install: ## Install both programs, their manuals and completions under PREFIX (default /usr)
	install -D -m 755 target/release/rpxeboot "$(DESTDIR)$(PREFIX)/bin/rpxeboot"
	install -D -m 755 target/release/vmprov "$(DESTDIR)$(PREFIX)/bin/vmprov"
	install -D -m 644 man/rpxeboot.8 "$(DESTDIR)$(PREFIX)/share/man/man8/rpxeboot.8"
	install -D -m 644 man/vmprov.8 "$(DESTDIR)$(PREFIX)/share/man/man8/vmprov.8"
	install -D -m 644 completions/vmprov.bash "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/vmprov"
	install -D -m 644 completions/_vmprov "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_vmprov"

clean: ## Remove what was built
	$(CARGO) clean
	rm -rf tests/xen/build
