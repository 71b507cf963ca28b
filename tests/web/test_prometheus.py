"""A real Prometheus scrapes over TLS as a user, with the scrape configuration of the documentation."""

import json
import re
import time
from pathlib import Path

import httpx
import pytest
import yaml

from stack.port import any_free
from stack.process import Process
from stack.tools import Tools
from tests.web.scene import PASSWORD, TLS, OpenSite, users

DOCUMENTED = Path(__file__).parents[2] / "docs" / "serving.md"


def scrape_config(folder: Path, target: str) -> str:
    """The documented scrape configuration, with the files of a test."""
    (found,) = re.findall(r"```yaml\n(scrape_configs:\n.*?)```", DOCUMENTED.read_text(encoding="utf-8"), re.DOTALL)
    settings = yaml.safe_load(found)
    (job,) = settings["scrape_configs"]
    job["tls_config"]["ca_file"] = str(folder / "ca.pem")
    job["basic_auth"]["password_file"] = str(folder / "password")
    job["static_configs"] = [{"targets": [target]}]
    settings["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s"}
    return yaml.safe_dump(settings)


@pytest.mark.timeout(90)
def test_prometheus_scrapes_over_tls(tools: Tools, open_site: OpenSite, tmp_path: Path) -> None:
    """The target is up with the right password, and what is wrong is said with a wrong one."""
    site = open_site(TLS + users(prometheus=PASSWORD))
    site.authority.write(tmp_path)
    (tmp_path / "password").write_text(PASSWORD, encoding="utf-8")
    config = tmp_path / "prometheus.yml"
    config.write_text(scrape_config(tmp_path, f"localhost:{site.port}"), encoding="utf-8")
    port = any_free()
    command = [
        str(tools.prometheus),
        f"--config.file={config}",
        f"--storage.tsdb.path={tmp_path / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
        *tools.prometheus_flags,
    ]
    process = Process("prometheus", command, tmp_path / "prometheus.log")
    process.start()
    try:
        process.wait_until_ready(f"http://127.0.0.1:{port}/-/ready", 40)
        assert target(port, "up") == {"health": "up", "lastError": ""}, process.tail()
        site.write(TLS + users(prometheus="changed-0123456789"))
        assert "401 Unauthorized" in target(port, "down")["lastError"]
        (tmp_path / "password").write_text("changed-0123456789", encoding="utf-8")
        assert target(port, "up")["health"] == "up"
    finally:
        process.stop()


def target(port: int, health: str) -> dict[str, str]:
    """What Prometheus says of its target, as soon as its health is this, or after a while."""
    end = time.monotonic() + 15
    while True:
        answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/targets", trust_env=False, timeout=10)
        found = json.loads(answer.text)["data"]["activeTargets"]
        if (found and found[0]["health"] == health) or time.monotonic() > end:
            return {key: found[0][key] for key in ("health", "lastError")}
        time.sleep(0.2)
