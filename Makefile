# The two commands of the README are `make run` and `make test`. Both do all set-up themselves.

.PHONY: help run test setup bench bench-gateway bench-policies bench-differential fuzz soak eval fmt generate picture

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

run: ## build, and start the demo: lab, gateway, dashboard, and an attack to look at
	@scripts/run.sh

test: ## everything that CI checks
	@scripts/test.sh

setup: ## install what is missing (Debian and Ubuntu; elsewhere it says what to install)
	@scripts/setup.sh test

bench: bench-differential ## cost per exchange beside a reference task; ambiguous requests beside other proxies
	@scripts/cargo.sh bench --package bartizan-analysis

bench-gateway: ## CPU per request of the gateway beside nginx (needs nginx and wrk)
	@scripts/bench-gateway.sh

bench-policies: ## the same with tokens, limits and a contract in force
	@scripts/bench-policies.sh

bench-differential: ## what becomes of ambiguous requests, beside nginx, HAProxy and Envoy
	@scripts/bench-differential.sh

fuzz: ## coverage-guided fuzzing of one decoder: make fuzz TARGET=json SECONDS=60
	@scripts/fuzz.sh "$(TARGET)" "$(SECONDS)"

soak: ## the long things: large inputs, many kills, long fuzzing
	@scripts/soak.sh

eval: ## accuracy on the labelled sets
	@scripts/eval.sh

fmt: ## format the code
	@scripts/cargo.sh fmt --all

generate: ## rewrite the lists of items and the reference pages
	@scripts/cargo.sh xtask generate

picture: ## take the picture of the README anew, of the demo, as the tests do
	@BARTIZAN_PICTURES=docs/pictures scripts/cargo.sh test --package bartizan --test it -- --ignored --exact \
		dashboard::the_demo_shows_an_incident_in_two_minutes_and_is_a_picture
