# Python on Debian, in the version the tests run on. The final stage has only the interpreter and the installed package:
# no compiler, no pip in the environment, and no shell between the process and its signals.
FROM python:3.11.14-slim-bookworm AS build
WORKDIR /build
RUN python -m venv --without-pip /opt/cloudflare-exporter
COPY requirements.lock ./
RUN python -m pip --python /opt/cloudflare-exporter/bin/python install \
    --no-cache-dir --disable-pip-version-check --require-hashes --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY exporter ./exporter
RUN python -m pip --python /opt/cloudflare-exporter/bin/python install \
    --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation . \
    && python -m pip --python /opt/cloudflare-exporter/bin/python uninstall --yes setuptools

FROM python:3.11.14-slim-bookworm
LABEL org.opencontainers.image.title="cloudflare-exporter" \
    org.opencontainers.image.description="Exact usage of everything you run on Cloudflare, for Prometheus" \
    org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/cloudflare-exporter /opt/cloudflare-exporter
# A named volume takes this owner on its first mount.
RUN install --directory --owner=65532 --group=65532 --mode=0750 /data
ENV PATH=/opt/cloudflare-exporter/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# The default state folder is ./data.
WORKDIR /
USER 65532:65532
VOLUME /data
EXPOSE 9199
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9199/-/healthy', timeout=4)"]
ENTRYPOINT ["cloudflare-exporter"]
CMD ["serve"]
