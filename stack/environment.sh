#!/bin/sh
# Create or update .venv: environment.sh LOCK-FILE
set -eu
lock=$1

find_python() {
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
    echo "Python 3.11 or newer is needed, but none is on PATH (on Debian 12 or later: apt-get install python3 python3-venv)." >&2
    return 1
}

if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        echo "$python can't create virtual environments (on Debian: apt-get install python3-venv)." >&2
        exit 1
    fi
    echo "Creating .venv with $("$python" --version) …"
    "$python" -m venv --clear .venv
fi

echo "Installing the packages of $lock …"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$lock"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
