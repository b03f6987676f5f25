# Two images: `server` is burungd, `front` is nginx with the client's files.
# docker-compose.yml builds and runs both; doc/OPERATIONS.md says how.

FROM node:22-bookworm-slim AS client
WORKDIR /src/www
COPY www/package.json www/package-lock.json www/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY www/ ./
RUN npm run build

FROM debian:bookworm-slim AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        autoconf automake gcc libc6-dev make pkg-config \
        libbsd-dev libevent-dev libevhtp-dev libhiredis-dev libjson-c-dev \
        libmongoc-dev libsodium-dev libsqlite3-dev libssl-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# Docker has no git: --build-arg BURUNG_VERSION="$(build-aux/version-gen)".
ARG BURUNG_VERSION=
RUN ./autogen \
    && ./configure --prefix=/usr --libdir=/usr/lib --disable-client --disable-werror --with-mongo \
    && make -j"$(nproc)" \
    && make install-strip DESTDIR=/out

FROM debian:bookworm-slim AS server
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates curl \
        libbsd0 libevent-2.1-7 libevent-openssl-2.1-7 libevent-pthreads-2.1-7 libevhtp0 \
        libhiredis0.14 libjson-c5 libmongoc-1.0-0 libsodium23 libsqlite3-0 libssl3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --home-dir /data --shell /usr/sbin/nologin burung \
    && install -d -m 0700 -o burung -g burung /data
COPY --from=build /out/usr/bin /usr/bin
COPY --from=build /out/usr/lib/burung-chat /usr/lib/burung-chat
COPY --from=client /src/www/dist /usr/share/burung-chat/www
ENV BURUNG_LISTEN=0.0.0.0:8080 \
    BURUNG_DATA=/data \
    BURUNG_WWW=/usr/share/burung-chat/www
USER 10001:10001
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 \
    CMD ["curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:8080/readyz"]
ENTRYPOINT ["burungd"]

# 1.27.3 or newer: it looks the hosts' names up again.
FROM nginx:1.28-alpine AS front
# hadolint ignore=DL3018
RUN apk add --no-cache openssl \
    && rm /etc/nginx/conf.d/default.conf \
    && install -d -m 0700 -o nginx -g nginx /tls \
    && ln -s /tls/burung-chat.crt /tls/burung-chat.key /etc/nginx/ \
    && ln -s /dev/stdout /var/log/nginx/burung-chat.log
COPY nginx/burung-chat-hosts.conf deploy/docker/upstream.conf /etc/nginx/conf.d/
COPY --chmod=755 deploy/docker/certificate.sh /docker-entrypoint.d/10-certificate.sh
COPY --from=client /src/www/dist /usr/share/burung-chat/www
# Not every Docker network has IPv6; this nginx has a directive for HTTP/2.
RUN sed -i -e '/listen \[::\]/d' -e 's/^\tlisten 443 ssl http2;/\tlisten 443 ssl;\n\thttp2 on;/' \
        /etc/nginx/conf.d/burung-chat-hosts.conf
USER 101:101
VOLUME /tls
EXPOSE 80 443
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 \
    CMD ["curl", "-fsSk", "-o", "/dev/null", "https://127.0.0.1/readyz"]
