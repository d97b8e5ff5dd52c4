# The operator. Build context: build/operator, filled by `node images/main.ts`.
#   docker build -f images/operator.Dockerfile -t slipway-operator build/operator
# Base and Node.js are the server's, so that a node keeps these layers once.
ARG BASE=debian:bookworm-slim
FROM ${BASE}

ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="slipway-operator" \
      org.opencontainers.image.description="Turns ModelDeployment resources into served models" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"

COPY node /usr/local/bin/node
COPY *.mjs /app/

ENV NODE_ENV=production

WORKDIR /app
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/node", "/app/main.mjs"]
