# The operator. Build context: build/operator, filled by `npx node images/main.ts`.
#   docker build -f images/operator.Dockerfile -t slipway-operator build/operator
ARG BASE=debian:bookworm-slim
FROM ${BASE}

# As in the server's image, so that builder, registry and node keep this layer once.
COPY node /usr/local/bin/node
COPY *.mjs /app/

ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="slipway-operator" \
      org.opencontainers.image.description="Turns ModelDeployment resources into served models" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"

ENV NODE_ENV=production
# What the lists of a start and the writes of a burst leave behind goes back to the system instead of being kept for
# more (npx node test/bench/main.ts operator --only memory); --expose-gc lets the operator collect once its work is done.
# V8's own collections in quiet times would find next to nothing after that, and took more processor time than all else
# that an idle operator does (--only idle).
ENV MALLOC_ARENA_MAX=1
ENV MALLOC_MMAP_THRESHOLD_=32768
ENV MALLOC_TRIM_THRESHOLD_=131072

WORKDIR /app
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=4", "--expose-gc", "--no-memory-reducer", "/app/main.mjs"]
