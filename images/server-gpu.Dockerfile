# The server for models on NVIDIA GPUs: the other image's, with ONNX Runtime's CUDA provider and what that needs of CUDA 13.0
# and cuDNN 9. Build context: build/server-gpu, filled by `npx node images/main.ts gpu`. Linux on x64 only.
#   docker build -f images/server-gpu.Dockerfile -t slipway-server-gpu build/server-gpu
# Beside what the other image needs of its base, cuDNN needs zlib. The driver (libcuda.so.1) is the node's: the NVIDIA
# container runtime puts it in.
ARG BASE=debian:bookworm-slim
FROM ${BASE}

# Two gigabytes that stay the same from one release to the next, so they come first.
COPY cuda /usr/local/cuda/lib64
COPY licenses /usr/share/doc/slipway-server-gpu

COPY node /usr/local/bin/node
COPY locale /usr/lib/locale
COPY node_modules /app/node_modules
# Where ONNX Runtime looks for them: beside its own library.
COPY providers /app/node_modules/onnxruntime-node/bin/napi-v6/linux/x64
COPY *.mjs /app/

ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="slipway-server-gpu" \
      org.opencontainers.image.description="Serves one ONNX model over HTTP and gRPC, on an NVIDIA GPU" \
      org.opencontainers.image.licenses="Apache-2.0 AND LicenseRef-NVIDIA-CUDA AND LicenseRef-NVIDIA-cuDNN" \
      org.opencontainers.image.version="${VERSION}"

# Which GPUs a container sees is not said here (NVIDIA_VISIBLE_DEVICES=all would give a pod that asked for none all of the
# node's), and no version of the driver is demanded (NVIDIA_REQUIRE_CUDA): the server says better what is wrong.
ENV NODE_ENV=production \
    ORT_DISABLE_TELEMETRY=1 \
    LD_LIBRARY_PATH=/usr/local/cuda/lib64 \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    SLIPWAY_PROVIDERS=cuda

WORKDIR /app
USER 65532:65532
EXPOSE 8080 8081 9090
# Connections leave garbage, which V8 lets pile up to 48 MB where it is not told otherwise.
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=4", "/app/main.mjs"]
CMD ["serve"]
