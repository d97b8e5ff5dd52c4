# Names for what npm scripts do, so that they work on a machine that has only Node 20 or later, npm and Go: the first
# one that is used installs the npm packages, among them the Node that everything runs on.
.DEFAULT_GOAL := help
.PHONY: help demo down test soak gpu-image bench bench-peers check release cluster kubeenv

installed := node_modules/.package-lock.json

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p; s/^#> \(.*\)/\t  \1/p' $(MAKEFILE_LIST) | expand -t 20

# CLUSTER counts on the command line alone: a variable that a shell happens to have must not lead to a cluster.
ifeq ($(origin CLUSTER),command line)
demo_options = --cluster=$(CLUSTER) $(if $(REGISTRY),--registry=$(REGISTRY)) $(if $(PLAIN_HTTP),--plain-http) \
	$(if $(YES_USE),--yes-use=$(YES_USE))
endif

demo: $(installed) ## build everything, start a Kubernetes, serve a model, change its version under load and back
#> CLUSTER=current REGISTRY=HOST: the same on the cluster of the current kube context, after asking for its name
#> (PLAIN_HTTP=1: that registry speaks no TLS; YES_USE=CONTEXT: without asking)
	@npm run --silent demo -- $(strip $(demo_options))

down: $(installed) ## stop the Kubernetes of `make demo` and `make cluster`, and remove all it made
	@npm run --silent cluster down

test: $(installed) ## run the tests, from unit tests to the real cluster
	@npm run --silent test:all

soak: $(installed) ## run what `make test` leaves out, before a release: a million requests, KEDA, signatures by cosign
	@npm run --silent test:soak

gpu-image: $(installed) ## fill build/server-gpu, build the image of it and test that without a GPU; downloads 1.4 GB
	@npm run --silent test:gpu-image

bench: $(installed) ## print the figures the project holds itself to, each with the command that shows it
	@npm run --silent bench

bench-peers: $(installed) ## measure the server beside what people use instead, in one run of hours; installs 3 GB
#> QUICK=1: every cell, in half an hour and less thoroughly
	@npm run --silent bench:peers -- $(if $(QUICK),--quick)

check: $(installed) ## run the static checks: types, lint, format, generated files, unused code
	@npm run --silent check

# On the command line alone, too: what a shell happens to have must not lead to a registry.
ifeq ($(origin REGISTRY),command line)
release_options = --registry=$(REGISTRY) $(if $(KEY),--key=$(KEY)) $(if $(PLAIN_HTTP),--plain-http) \
	$(if $(UNCOMMITTED),--uncommitted)
endif

release: $(installed) ## build images and chart, push them to a registry, write down what is in them, sign them
#> REGISTRY=HOST: where to (PLAIN_HTTP=1: it speaks no TLS)
#> KEY=cosign.key: sign with it, attach SBOMs and provenance; UNCOMMITTED=1: also what is not committed
	@npm run --silent release -- $(strip $(release_options))

cluster: $(installed) ## start the one-node Kubernetes alone
	@npm run --silent cluster up

kubeenv: $(installed) ## print what a shell evaluates to find kubectl, helm and the cluster
	@npm run --silent cluster env

# To standard error, as `make kubeenv` is read by a shell.
$(installed): package-lock.json
	@echo "Installing the npm packages with npm ci, about a minute ..." >&2
	@npm ci --no-audit --no-fund >&2
# npm goes on without an optional package whose download failed.
	@PATH="$$PWD/node_modules/.bin:$$PATH" node --eval 'process.exit(parseInt(process.versions.node) < 24 ? 1 : 0)' || \
		{ rm $@; echo "Node.js 24 is missing: npm brings it to Linux on x64 and arm64 (if its download failed, try again);" \
		"elsewhere put it on PATH." >&2; exit 1; }
	@touch $@
