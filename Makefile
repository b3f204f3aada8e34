# make          builds ./kaanalyze
# make help     lists the other targets
#
# A machine with only Go, make and git does. Where a C compiler or libpcap is
# missing .ci/goflags installs it if it may, and else builds without filters.

GO     ?= go
CORPUS ?=
BENCH  ?= $(or $(TMPDIR),/tmp)/kaanalyze-bench
TIME   ?= 2m
FUZZTIME ?= 5s
PREFIX ?= /usr/local
# Where Wireshark looks for programs that capture, see its About, Folders; EXTCAP= for none.
EXTCAP ?= $(firstword $(wildcard /usr/lib/*/wireshark/extcap /usr/lib64/wireshark/extcap /usr/lib/wireshark/extcap))

# What is installed and packaged has neither symbols nor paths of this machine: the
# same commit, compiler and libpcap make the same file in any folder.
RELEASE = -trimpath -buildvcs=false -ldflags '-s -w -buildid= -X main.commit=$(COMMIT)'
COMMIT := $(shell h=$$(git rev-parse --short=12 HEAD 2>/dev/null) && { git diff --quiet HEAD || h=$$h+changes; echo $$h; })

# Programs that ./... leaves out.
PROGRAMS = testdata/lab/client testdata/lab/link testdata/lab/raw testdata/lab/record testdata/lab/resets testdata/lab/server testdata/bench/runner testdata/bench/generate testdata/bench/empty

# go asks git about the checkout, and fails if git does not trust it.
VCS := $(shell git rev-parse HEAD >/dev/null 2>&1 || echo -buildvcs=false)

.PHONY: build demo install install-setcap release packaged static man completions deb rpm reproducible size container test-packages test-kubernetes test-clickhouse beam test-beam check test fuzz test-live test-view test-browser picture architecture structure sentences notice corpus bench bench-real bench-live bench-churn bench-flood profile lab golden lint help

build: ## build ./kaanalyze
	@flags=$$(.ci/goflags build) && $(GO) build $(VCS) $$flags -o kaanalyze ./cmd/kaanalyze

release: ## build ./bin/release/kaanalyze as it is installed: stripped, the same in any folder
	@flags=$$(.ci/goflags build) && $(GO) build $(RELEASE) $$flags -o bin/release/kaanalyze ./cmd/kaanalyze

static: ## build ./bin/static/kaanalyze without libpcap: one file that needs nothing else
	@CGO_ENABLED=0 $(GO) build $(RELEASE) -tags timetzdata -o bin/static/kaanalyze ./cmd/kaanalyze

man: release ## write the manual page bin/release/kaanalyze.1, from the flags and doc.go
	@$(GO) -C tools run ./man ../bin/release/kaanalyze ../cmd/kaanalyze/doc.go >bin/release/kaanalyze.1

completions: release ## write what completes command lines in bash, zsh and fish to bin/release
	@for shell in bash zsh fish; do bin/release/kaanalyze --completion $$shell >bin/release/kaanalyze.$$shell || exit 1; done

install: man completions ## install to DESTDIR and PREFIX: the program, its manual page, completions
	@install -D -m 755 bin/release/kaanalyze "$(DESTDIR)$(PREFIX)/bin/kaanalyze"
	@install -D -m 644 bin/release/kaanalyze.1 "$(DESTDIR)$(PREFIX)/share/man/man1/kaanalyze.1"
	@install -D -m 644 bin/release/kaanalyze.bash "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/kaanalyze"
	@install -D -m 644 bin/release/kaanalyze.zsh "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_kaanalyze"
	@install -D -m 644 bin/release/kaanalyze.fish "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/kaanalyze.fish"
	@if [ -z "$(EXTCAP)" ]; then :; \
	elif mkdir -p "$(DESTDIR)$(EXTCAP)" 2>/dev/null && ln -sfn "$(PREFIX)/bin/kaanalyze" "$(DESTDIR)$(EXTCAP)/kaanalyze" 2>/dev/null; then \
		echo "linked $(DESTDIR)$(EXTCAP)/kaanalyze: Wireshark and tshark list its interfaces"; \
	else echo "not linked for Wireshark, as $(EXTCAP) cannot be written to"; fi
	@echo "installed $(DESTDIR)$(PREFIX)/bin/kaanalyze"

# The static build, so that one file suits all systems.
packaged: static man completions
	@gzip -9nkf bin/release/kaanalyze.1
	@sed 's|/usr/local/bin|/usr/bin|' contrib/kaanalyze.service >bin/release/kaanalyze.service

PACKAGES = $(GO) -C tools/packages run . -version "$$(bin/static/kaanalyze --version | sed -n '1s/kaanalyze \([^ ,]*\).*/\1/p')" -time "$$(git log -1 --format=%ct 2>/dev/null || echo 0)"

deb: packaged ## make a package for Debian and Ubuntu in bin/packages
	@name=$$($(PACKAGES) -format deb "$(CURDIR)" "$(CURDIR)/bin/packages") && echo "wrote $$name"

rpm: packaged ## make a package for Fedora, RHEL and SUSE in bin/packages
	@name=$$($(PACKAGES) -format rpm "$(CURDIR)" "$(CURDIR)/bin/packages") && echo "wrote $$name"

container: ## build the image of the Containerfile, and try it, where buildah is
	@.ci/container

test-packages: ## try the packages, a bare Debian, the static build alone and go install (root for some)
	@.ci/packages

test-kubernetes: static ## decode contrib/kubernetes strictly, and run its command lines
	@KAANALYZE="$(CURDIR)/bin/static/kaanalyze" $(GO) -C tools/kubernetes test -count=1 .

test-clickhouse: build ## run contrib/clickhouse in chDB, beside kaanalyze's own numbers (node, npm, network)
	@.ci/clickhouse ./kaanalyze

beam: ## build ./bin/beam: many capture points on Apache Beam, a module of its own (network)
	@CGO_ENABLED=0 $(GO) -C beam build $(VCS) -o ../bin/beam .

test-beam: build ## run pipelines on Beam's prism, beside kaanalyze (network)
	@cd beam && CGO_ENABLED=0 $(GO) vet . && KAANALYZE="$(CURDIR)/kaanalyze" CGO_ENABLED=0 $(GO) test -count=1 .

reproducible: ## build in two folders, and compare
	@.ci/reproducible

size: release ## how large the program is, and what of it is of which package
	@.ci/size bin/release/kaanalyze

demo: build ## build, and report on a built-in capture
	@./kaanalyze --demo

install-setcap: install ## install, so that all users may capture without sudo (root)
	@setcap cap_net_raw,cap_net_admin+eip "$(DESTDIR)$(PREFIX)/bin/kaanalyze"
	@echo "installed $(DESTDIR)$(PREFIX)/bin/kaanalyze with cap_net_raw,cap_net_admin"

# For the edit loop: no race detector, no profile, and what takes long is left out.
check: ## format, vet and the fast tests, in less than a minute
	@files=$$(gofmt -l $$(git ls-files '*.go')) && { test -z "$$files" || { echo "not formatted:" $$files >&2; exit 1; }; }
	@flags=$$(.ci/goflags build) && $(GO) vet $$flags ./... && $(GO) test -pgo=off -short $$flags ./...

test: ## vet and test everything, with live captures and the view where they can run, and fuzz for a while
	@flags=$$(.ci/goflags test) && vet=$${flags%-race*} && \
	echo "make test: 1 of 5: go vet $$vet" && $(GO) vet $$vet ./... && \
	for p in $(PROGRAMS); do $(GO) vet ./$$p && $(GO) build $(VCS) -o /dev/null ./$$p || exit 1; done && \
	echo "make test: 2 of 5: go test $$flags" && $(GO) test -pgo=off -timeout 20m $$flags ./... && \
	echo "make test: 3 of 5: live captures of the lab's cases" && testdata/lab/live.sh && \
	echo "make test: 4 of 5: the terminal view" && $(MAKE) -s test-view && \
	echo "make test: 5 of 5: fuzzing, $(or $(FUZZTIME),skipped: FUZZTIME is empty)" && \
	{ test -z "$(FUZZTIME)" || $(MAKE) -s fuzz TIME=$(FUZZTIME); } && \
	echo "make test: all passed $${flags:+with $$flags}"

# Without the race detector: it finds little where each case runs by itself.
fuzz: ## fuzz every target of the module: make fuzz TIME=2m
	@flags=$$(.ci/goflags build) && .ci/fuzz "$(TIME)" $$flags

test-live: ## capture the lab's cases live, beside tcpdump (root)
	@testdata/lab/live.sh

test-browser: build ## open reports in headless Chromium; SCREENSHOTS=DIR keeps pictures
	@cd testdata/browser && $(GO) vet . && \
	KAANALYZE="$(CURDIR)/kaanalyze" SCREENSHOTS="$(abspath $(SCREENSHOTS))" $(GO) test -count=1 -v .

picture: build ## take the README's picture of the demo's page
	@mkdir -p docs && cd testdata/browser && \
	KAANALYZE="$(CURDIR)/kaanalyze" PICTURE="$(CURDIR)/docs/report.png" $(GO) test -count=1 -run '^TestPicture$$' .

corpus: ## compare with tshark's counts: make corpus CORPUS=DIR, which holds truth.tsv
	@test -n "$(CORPUS)" || { echo "usage: make corpus CORPUS=DIR" >&2; exit 2; }
	@flags=$$(.ci/goflags build) && \
	KAANALYZE_CORPUS="$(abspath $(CORPUS))" $(GO) test $$flags -count=1 -v -run '^TestCorpus' ./internal/app

bench: build ## measure on captures that are made (15 GB; BENCH=DIR keeps them); ONLY='tls-*' for some
	@ONLY='$(ONLY)' testdata/bench/bench.sh "$(BENCH)/made" ./kaanalyze

bench-real: build ## record large captures (root, 8 GB; BENCH=DIR keeps them) and measure
	@testdata/bench/record.sh "$(BENCH)"
	@testdata/bench/real.sh "$(BENCH)" ./kaanalyze

bench-live: build ## capture beside wrk and nginx at full load, and measure (root; SECONDS=60)
	@for engine in pcap ring; do echo "capture engine $$engine"; testdata/bench/live.sh ./kaanalyze $(or $(SECONDS),60) $$engine || exit 1; done

bench-churn: build ## capture a thousand connections a second for long, and watch the memory (root; SECONDS=1800)
	@testdata/bench/churn.sh ./kaanalyze $(or $(SECONDS),1800)

bench-flood: build ## flood it, as files and live, within --max-memory, and measure (live: root; SECONDS=180)
	@testdata/bench/generate.sh ./kaanalyze $(or $(SECONDS),180)

profile: ## write the profile that the compiler optimizes with, from the captures in BENCH
	@KAANALYZE_BENCH="$(abspath $(BENCH))" $(GO) test -trimpath -count=1 -run '^TestProfile$$' ./cmd/kaanalyze

lab: ## record the lab's captures, and which RSTs Linux accepts, again (root)
	@testdata/lab/record.sh

test-view: ## drive the terminal view in tmux, and see what it leaves of the terminal
	@flags=$$(.ci/goflags build) && GOFLAGS_VIEW="$(VCS)" TAGS=$$(echo $$flags | sed 's/.*-tags *//') testdata/lab/view.sh

golden: ## write the expected reports anew; read the diff
	@flags=$$(.ci/goflags build) && $(GO) test $$flags ./cmd/kaanalyze ./internal/report/... ./internal/tui -run Golden -update
	@git --no-pager diff --stat -- '*/golden/*' testdata/golden internal/tui/testdata

lint: ## gofmt, vet, staticcheck, dead code, complexity over 20, functions over 60 lines
	@PROGRAMS="$(PROGRAMS)" .ci/lint

structure: ## lines, largest file and function, references upward between files, by package
	@$(GO) -C tools run ./structure ..

sentences: ## write what users read, a line for each text, to bin/sentences.txt
	@mkdir -p bin && $(GO) -C tools run ./sentences .. >bin/sentences.txt && wc -l bin/sentences.txt

architecture: ## draw the picture of ARCHITECTURE.md: which package imports which
	@$(GO) -C tools run ./structure -svg ../docs/packages.svg .. && echo "wrote docs/packages.svg"

notice: ## write NOTICE anew: the licences of what is linked
	@$(GO) -C tools run ./notice .. && git --no-pager diff --stat -- NOTICE

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile
