"""The image, the compose file and what Grafana is provisioned with: read, since no container engine is needed here."""

import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.cli import main
from stack.tools import REPOSITORY, Tools
from tests.bundle.test_configuration import RULES, run

PINNED = re.compile(r"[\w./-]+:v?\d+\.\d+\.\d+[\w.-]*")
SECRET = re.compile(r"token|password|secret|key", re.IGNORECASE)
OWN_IMAGE = "cloudflare-exporter:local"
ONE_SHOT = "alertmanager-config"
EXAMPLE = REPOSITORY / "alerting/alertmanager.yml"


def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
    return content


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, with continued lines joined."""
    text = re.sub(r"^#.*\n", "", (REPOSITORY / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(word, " ".join(rest)) for word, *rest in (line.split() for line in text.splitlines() if line)]


def final_stage() -> list[tuple[str, str]]:
    """The instructions from the last FROM on."""
    last = max(place for place, (word, _) in enumerate(instructions()) if word == "FROM")
    return instructions()[last:]


def volumes(service: str) -> list[tuple[str, str]]:
    """Volume, or place outside, and path in the container."""
    pairs = []
    for volume in services()[service]["volumes"]:
        source, target = (volume["source"], volume["target"]) if isinstance(volume, dict) else volume.split(":")[:2]
        pairs.append((source, target))
    return pairs


def mounts(service: str) -> dict[str, Path]:
    """Path in the container -> file or folder of the repository."""
    return {inside: REPOSITORY / outside for outside, inside in volumes(service) if outside.startswith(".")}


def test_the_image_stands_on_a_pinned_python() -> None:
    """Both stages begin with one full version of a slim Python, the one that `requires-python` begins with."""
    bases = {rest.split()[0] for word, rest in instructions() if word == "FROM"}
    (base,) = bases
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", base)


def test_the_image_runs_as_nobody() -> None:
    """The process has a numeric user that is not root, is started directly, and keeps its state in a volume."""
    stage = dict(final_stage())
    assert stage["USER"] == "65532:65532"
    assert stage["VOLUME"] == "/data"
    assert stage["WORKDIR"] == "/"
    assert (stage["ENTRYPOINT"], stage["CMD"]) == ('["cloudflare-exporter"]', '["serve"]')
    assert '"python", "-c"' in stage["HEALTHCHECK"]
    assert "/-/healthy" in stage["HEALTHCHECK"]


def test_the_image_installs_only_what_is_locked() -> None:
    """Dependencies are installed with their hashes, in the first stage alone, and no build tool is left."""
    installs = [rest for word, rest in instructions() if word == "RUN" and " install " in rest and "pip" in rest]
    assert len(installs) == 2
    assert "--require-hashes --requirement requirements.lock" in installs[0]
    assert "--no-deps --no-build-isolation ." in installs[1]
    assert "uninstall --yes setuptools" in installs[1]
    assert not any("pip" in rest or "apt" in rest for word, rest in final_stage() if word == "RUN")


def test_the_image_is_built_from_what_it_needs() -> None:
    """Everything that is copied is let through to the builder, and nothing else is."""
    let_through = {line[1:] for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line[0] == "!"}
    copied = {
        source.removeprefix("./")
        for word, rest in instructions()
        if word == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    }
    assert let_through == copied
    assert all((REPOSITORY / name).exists() for name in copied)


def test_compose_keeps_to_the_specification() -> None:
    """The file is what the Compose Specification's schema allows: a misspelled key would be told."""
    checker = Path(sys.executable).with_name("check-jsonschema")
    assert "ok" in run(checker, "--builtin-schema", "vendor.compose-spec", "docker-compose.yml")


def test_compose_runs_pinned_images() -> None:
    """Every image but our own is pinned to a full version."""
    images = {name: service["image"] for name, service in services().items()}
    assert images.keys() == {"exporter", "prometheus", "alertmanager-config", "alertmanager", "grafana"}
    assert {images.pop("exporter"), images.pop("alertmanager-config")} == {OWN_IMAGE}
    assert all(PINNED.fullmatch(image) for image in images.values()), images


def test_compose_watches_and_restarts_everything() -> None:
    """Every service that stays has a health check and a restart policy and listens on the loopback interface only."""
    for name, service in services().items():
        if name == ONE_SHOT:
            assert not {"restart", "ports"} & service.keys()
            continue
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert service["restart"] == "unless-stopped", name
        assert all(port.startswith("127.0.0.1:") for port in service["ports"]), name


def test_compose_keeps_what_must_last() -> None:
    """Every service has a named volume, and every named volume is declared and used."""
    named = {name for service in services() for name, _ in volumes(service) if not name.startswith(".")}
    assert named == set(compose()["volumes"])
    assert len(named) == len(services().keys() - {ONE_SHOT})


def test_compose_holds_no_secret() -> None:
    """What could be a secret is taken from the environment of whoever starts it."""
    for service in services().values():
        for name, value in service.get("environment", {}).items():
            assert value == f"${{{name}:-}}" or not SECRET.search(name), name


def test_without_a_token_compose_shows_the_demo() -> None:
    """The token decides between the real and the simulated account, and the exporter takes the shell's place."""
    exporter = services()["exporter"]
    assert exporter["entrypoint"] == ["sh", "-c"]
    (script,) = exporter["command"]
    assert script.startswith('if [ -n "$$CLOUDFLARE_API_TOKEN" ]; then mode=serve; else mode=demo; fi; exec ')
    called = shlex.split(script.partition("; fi; ")[2])
    assert called[:3] == ["exec", "cloudflare-exporter", "$$mode"]
    (grafana,), (own,) = (
        [port.split(":")[1] for port in services()[name]["ports"]] for name in ("grafana", "exporter")
    )
    known = {"prometheus": 9090, "alertmanager": 9093}
    assert called[3:] == [
        f"--alerting.grafana-url=http://localhost:{grafana}",
        *(f"--alerting.{name}-url=http://{name}:{port}" for name, port in known.items()),
        f"--web.external-url=http://localhost:{own}",
    ]


@pytest.mark.parametrize("service", ["prometheus", ONE_SHOT, "grafana"])
def test_what_compose_mounts_exists(service: str) -> None:
    """Each file and folder of the repository that a container is given is there, read-only."""
    assert all(path.exists() for path in mounts(service).values())
    assert all(volume.endswith(":ro") for volume in services()[service]["volumes"] if volume.startswith("."))


def test_prometheus_accepts_what_compose_gives_it(tools: Tools, tmp_path: Path) -> None:
    """The files lie in the container as prometheus.yml expects them, and lead to the services by their names."""
    for inside, outside in mounts("prometheus").items():
        place = tmp_path / Path(inside).relative_to("/etc/prometheus")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(outside)
    assert f"{len(list(RULES.glob('*.yml')))} rule files found" in run(
        tools.promtool, "check", "config", tmp_path / "prometheus.yml"
    )
    targets = [yaml.safe_load(file.read_text()) for file in sorted((tmp_path / "targets").rglob("*.yml"))]
    assert targets == [[{"targets": ["alertmanager:9093"]}], [{"targets": ["exporter:9199"]}]]


def test_alertmanager_waits_for_its_configuration() -> None:
    """It starts when the configuration is written, and reads it where it was written."""
    alertmanager, writer = services()["alertmanager"], services()[ONE_SHOT]
    assert alertmanager["depends_on"] == {ONE_SHOT: {"condition": "service_completed_successfully"}}
    ((name, inside),) = volumes("alertmanager")
    assert f"{name}:/data" in writer["volumes"]
    assert "--output=/data/alertmanager.yml" in writer["command"]
    assert f"--config.file={inside}/alertmanager.yml" in alertmanager["command"]
    assert any(flag.startswith(f"--storage.path={inside}/") for flag in alertmanager["command"])


def test_only_its_owner_reads_the_secrets_in_the_configuration() -> None:
    """The writer and Alertmanager are the same user, who owns the folder of the image that the volume began as."""
    user = dict(final_stage())["USER"]
    assert services()["alertmanager"]["user"] == user
    # Containers are made before the one-shot runs: the volume is empty then, and would be given another owner.
    (volume,) = services()["alertmanager"]["volumes"]
    assert volume["volume"] == {"nocopy": True}
    assert "user" not in services()[ONE_SHOT]
    assert any("--owner=65532 --group=65532" in rest and "/data" in rest for _, rest in final_stage())
    assert services()[ONE_SHOT]["network_mode"] == "none"


def test_the_command_in_the_container_writes_what_alertmanager_accepts(tools: Tools, tmp_path: Path) -> None:
    """With the files that are mounted, no secret among them, the one-shot's command succeeds."""
    inside = {path: str(outside) for path, outside in mounts(ONE_SHOT).items()}
    empty = tmp_path / "secrets"
    empty.mkdir()
    inside["/etc/cloudflare-exporter/secrets"] = str(empty)
    inside["/data"] = str(tmp_path)
    arguments = []
    for argument in services()[ONE_SHOT]["command"]:
        flag, _, value = argument.partition("=")
        place = next((path for path in inside if value.startswith(path)), "")
        arguments.append(f"{flag}={value.replace(place, inside[place])}" if place else argument)
    assert main(arguments) == 0
    assert "SUCCESS" in run(tools.amtool, "check-config", tmp_path / "alertmanager.yml")


def test_what_is_told_weekly_is_remembered_that_long() -> None:
    """Alertmanager keeps what it has told for longer than its longest repetition."""
    days = {int(found) for found in re.findall(r"repeat_interval: (\d+)d", EXAMPLE.read_text(encoding="utf-8"))}
    (kept,) = [int(flag.split("=")[1].removesuffix("h")) for flag in alertmanager_flags() if "retention" in flag]
    assert kept >= 24 * (max(days) + 1)


def alertmanager_flags() -> list[str]:
    flags: list[str] = services()["alertmanager"]["command"]
    return flags


def test_grafana_finds_prometheus_and_the_dashboards() -> None:
    """The data source is the compose file's Prometheus with its scrape interval; dashboards are read where mounted."""
    provisioning = REPOSITORY / "dashboards/provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())["datasources"]
    scrape_interval = yaml.safe_load((REPOSITORY / "prometheus.yml").read_text())["global"]["scrape_interval"]
    assert (source["uid"], source["type"], source["url"]) == ("prometheus", "prometheus", "http://prometheus:9090")
    assert source["jsonData"]["timeInterval"] == scrape_interval
    (provider,) = yaml.safe_load((provisioning / "dashboards/cloudflare.yml").read_text())["providers"]
    folder = provider["options"]["path"]
    assert mounts("grafana")[folder] == REPOSITORY / "dashboards/out"
    home = services()["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (mounts("grafana")[folder] / Path(home).relative_to(folder)).exists()
