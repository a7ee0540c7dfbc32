# syntax=docker/dockerfile:1

FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build.mjs scripts/bootstrap.mjs scripts/
COPY src src
RUN node scripts/build.mjs

FROM node:24-bookworm-slim AS packages
WORKDIR /packages
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="driftd" \
      org.opencontainers.image.description="Data-drift monitoring daemon: exactly-once histograms from Kafka in Postgres, PSI and KS against the training baseline, alerts and gauges" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# V8's young generation stays below 48 MiB, however much memory the machine has (docs/operations.md).
ENV NODE_ENV=production \
    NODE_OPTIONS=--max-semi-space-size=16
WORKDIR /app
COPY --from=packages /packages/node_modules node_modules
COPY --from=build /build/dist dist
COPY package.json LICENSE ./
COPY config/driftd.example.yaml config/driftd.schema.json config/
# The account "node" of the image; by number, so that Kubernetes can tell it is not root.
USER 1000:1000
EXPOSE 8080
# A process that lives answers /livez; DRIFTD_HEALTH_URL is for another port or TLS.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(process.env.DRIFTD_HEALTH_URL ?? 'http://127.0.0.1:8080/livez').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
CMD ["node", "dist/main.js", "run", "--config", "/etc/driftd/driftd.yaml"]
