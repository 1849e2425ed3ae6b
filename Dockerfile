# SPDX-License-Identifier: EUPL-1.2
# The hub as an image: the wheel and exactly the releases of requirements.lock, nothing else.
# The steps are those of `make wheel` and of an installation by hand; tests/packaging takes them too.

FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /source

# Dependencies first: this layer changes only with the lock file.
COPY requirements.lock ./
RUN python -m venv /opt/hub \
    && /opt/hub/bin/python -m pip install --require-hashes --only-binary :all: --requirement requirements.lock

# The build backend comes from its lock file as well, into an environment that is left behind.
COPY requirements-dev.lock ./
RUN python -m pip install --require-hashes --only-binary :all: --requirement requirements-dev.lock

COPY pyproject.toml LICENSE ./
COPY hub hub
COPY schema schema
COPY resolvers resolvers
COPY sql sql
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir /wheel . \
    && /opt/hub/bin/python -m pip install --no-index --no-deps /wheel/*.whl


FROM python:3.13-slim
# Served by a user without a home, a shell or anything to write.
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin hub
COPY --from=build /opt/hub /opt/hub
# All of this container's addresses: it is reached from outside as far as whoever starts it publishes
# the port.
ENV PATH=/opt/hub/bin:$PATH PYTHONUNBUFFERED=1 HUB_HOST=0.0.0.0 HUB_PORT=8731
USER 10001
EXPOSE 8731
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8731/ready', timeout=2)"]
# Needs DATABASE_URL (role hub_app); the embedded database is for trying out, not for an image.
CMD ["hub", "serve"]
