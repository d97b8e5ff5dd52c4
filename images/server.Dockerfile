# The server: fetch (init container) and serve. Build context: build/server, filled by `npx node images/main.ts`.
#   docker build -f images/server.Dockerfile -t slipway-server build/server
# The base needs glibc with its locale C.utf8, libstdc++ and libgcc, nothing else: Node.js comes with the context, in the
# version that package-lock.json pins, and brings its own root certificates.
ARG BASE=debian:bookworm-slim
FROM ${BASE}

# What rarely changes comes first, so that a new build sends its last layer only; up to Node.js both images are one.
COPY node /usr/local/bin/node
# en_US.utf8, a link to the base's C.utf8: ONNX Runtime changes the case of strings by the locale of that name.
COPY locale /usr/lib/locale
COPY node_modules /app/node_modules
COPY *.mjs /app/

ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="slipway-server" \
      org.opencontainers.image.description="Serves one ONNX model over HTTP" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"

# ONNX Runtime sends telemetry unless this is set before its library loads.
ENV NODE_ENV=production \
    ORT_DISABLE_TELEMETRY=1

WORKDIR /app
# A number, so that Kubernetes can see that it is not root. The root file system may be read-only.
USER 65532:65532
EXPOSE 8080 9090
# Connections leave garbage, which V8 lets pile up to 48 MB where it is not told otherwise.
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=4", "/app/main.mjs"]
CMD ["serve"]
