# syntax=docker/dockerfile:1
#
# One image for every role and for the command line: what comes after its name are the program's
# words, `start` where there are none.
#
#   docker build -t model-gateway .
#   docker run --read-only --tmpfs /tmp -p 8080:8080 -v model-gateway:/data model-gateway
#   docker run --read-only model-gateway start --role worker      # with DATABASE_URL and REDIS_URL
#   docker run --read-only model-gateway models list --url ...
#
# It is built from deno.lock: the same packages, by their digests, at every build. For the same bytes
# of the bases, too, name those by digest: --build-arg RUNTIME=...@sha256:... and so on.

ARG DENO=denoland/deno:bin-2.9.6
ARG BUILDER=debian:12-slim
ARG RUNTIME=gcr.io/distroless/cc-debian12:nonroot

FROM ${DENO} AS deno

FROM ${BUILDER} AS build
COPY --from=deno /deno /usr/local/bin/deno
ENV DENO_DIR=/deno-dir DENO_NO_UPDATE_CHECK=1
WORKDIR /app
COPY deno.json deno.lock LICENSE main.ts ./
COPY program/ program/
COPY registry/ registry/
COPY consensus/ consensus/
COPY actors/ actors/
COPY http/ http/
COPY kube/ kube/
COPY cli/ cli/
COPY examples/ examples/
RUN deno install --frozen --quiet --entrypoint cli/main.ts main.ts
# What only tests and benchmarks import stays out of the image.
RUN for name in @electric-sql/pglite @sinonjs/fake-timers axe-core bullmq fastify hdr-histogram-js \
      openapi-fetch openapi-typescript playwright-core standardwebhooks typescript; do \
      rm -rf "node_modules/$name" "node_modules/.deno/node_modules/$name" \
        "node_modules/.deno/$(echo "$name" | tr / +)"@*; \
    done && rm -rf "$DENO_DIR/npm" && mkdir /data

FROM ${RUNTIME}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Model Gateway" \
      org.opencontainers.image.description="Register models once, call them all through one asynchronous API" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=deno /deno /usr/local/bin/deno
COPY --from=build /deno-dir /deno-dir
COPY --from=build /app /app
COPY --from=build --chown=10001:10001 /data /data
ENV DENO_DIR=/deno-dir \
    DENO_NO_UPDATE_CHECK=1 \
    HOME=/tmp \
    MODEL_GATEWAY_HOST=0.0.0.0 \
    MODEL_GATEWAY_PORT=8080 \
    MODEL_GATEWAY_DATA=/data
USER 10001:10001
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8080
# No programs, no native code; files of its own, certificates and mounted secrets to read. Models that
# run programs have an image of their own, see docs/image.md.
ENTRYPOINT ["/usr/local/bin/deno", "run", "--no-prompt", "--cached-only", "--frozen", \
  "--node-modules-dir=manual", "--allow-net", "--allow-env", "--allow-sys=hostname,osRelease,statfs", \
  "--allow-read=/app,/data,/etc,/run,/tmp,/var/run", "--allow-write=/data,/tmp", \
  "/app/cli/main.ts"]
CMD ["start"]
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 \
  CMD ["/usr/local/bin/deno", "run", "--no-prompt", "--cached-only", "--frozen", \
    "--node-modules-dir=manual", "--allow-net", "--allow-env", "--allow-read=/app", \
    "/app/cli/main.ts", "health", "--live"]
