"""Basic authentication."""

import asyncio
import logging
import re
import statistics
import time
from base64 import b64encode

import bcrypt
import pytest

from exporter.web.basic_auth import REMEMBERED, BasicAuth
from tests.web.scene import PASSWORD, PATHS, TLS, OpenSite, hashed, users


def basic(name: str, password: str) -> bytes:
    """The value of the header."""
    return b"Basic " + b64encode(f"{name}:{password}".encode())


@pytest.mark.parametrize("path", PATHS)
def test_every_path_wants_a_user(open_site: OpenSite, path: str) -> None:
    """No page is open beside the others, not even those of health, as with other exporters."""
    site = open_site(users(prometheus=PASSWORD))
    answer = site.get(path)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Basic")
    assert answer.text == "Unauthorized\n"
    assert site.status("prometheus", PASSWORD, path) != 401


@pytest.mark.parametrize("form", ["2a", "2b", "2y"])
def test_the_usual_forms_of_hashes(form: str) -> None:
    """htpasswd, Python and others write another letter for the same."""
    passwords = BasicAuth({"prometheus": hashed(form=form)})
    assert asyncio.run(passwords.admit(basic("prometheus", PASSWORD)))
    assert not asyncio.run(passwords.admit(basic("prometheus", PASSWORD + "x")))


@pytest.mark.parametrize(
    "authorization",
    [
        basic("prometheus", ""),
        basic("prometheus", PASSWORD[:-1]),
        basic("prometheus", PASSWORD.upper()),
        basic("prometheus", f"{PASSWORD}\0"),
        basic("prometheus", hashed()),
        basic("Prometheus", PASSWORD),
        basic("", PASSWORD),
        basic("somebody", PASSWORD),
        b"",
        b"Basic",
        b"Basic ?",
        b"Basic " + b64encode(b"prometheus"),
        b"Bearer " + b64encode(f"prometheus:{PASSWORD}".encode()),
        b"Digest username=prometheus",
    ],
)
def test_who_is_not_let_in(authorization: bytes) -> None:
    """A wrong password, an unknown user and what is no basic authentication are refused, also the second time."""
    passwords = BasicAuth({"prometheus": hashed()})

    async def ask() -> list[bool]:
        assert await passwords.admit(basic("prometheus", PASSWORD))
        return [await passwords.admit(authorization) for _ in range(2)]

    assert asyncio.run(ask()) == [False, False]


def test_names_and_passwords_of_any_letters() -> None:
    """Both are UTF-8; a password may hold colons, and more than the 72 bytes that bcrypt looks at."""
    words = {"jürgen": "schön:und:gut", "long": "x" * 72}
    passwords = BasicAuth({name: hashed(word) for name, word in words.items()})
    assert asyncio.run(passwords.admit(basic("jürgen", "schön:und:gut")))
    assert asyncio.run(passwords.admit(basic("long", "x" * 100)))
    assert not asyncio.run(passwords.admit(basic("long", "x" * 71)))


def test_an_unknown_user_takes_as_long_as_a_known_one() -> None:
    """The time of a refusal does not tell whether the user exists."""
    passwords = BasicAuth({"prometheus": hashed(cost=9)})

    def seconds(name: str) -> float:
        # The process's own time, as others may use the machine too.
        started = time.process_time()
        assert not asyncio.run(passwords.admit(basic(name, "wrong")))
        return time.process_time() - started

    known, unknown = (statistics.median(seconds(name) for _ in range(7)) for name in ("prometheus", "somebody"))
    assert 0.5 < known / unknown < 2


def test_who_was_admitted_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """bcrypt runs once for many scrapes, also for parallel ones, and the password is kept nowhere."""
    passwords = BasicAuth({"prometheus": hashed(), "other": hashed("other-0123456789")})
    counted = count_checks(monkeypatch)

    async def ask() -> list[bool]:
        return await asyncio.gather(*(passwords.admit(basic("prometheus", PASSWORD)) for _ in range(50)))

    assert all(asyncio.run(ask()))
    assert all(asyncio.run(ask()))
    assert len(counted) == 1
    assert PASSWORD not in repr(vars(passwords))


def test_the_memory_of_who_was_admitted_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more users than are remembered the oldest is checked again."""
    monkeypatch.setattr("exporter.web.basic_auth.bcrypt.checkpw", lambda password, stored: True)
    passwords = BasicAuth({str(number): hashed() for number in range(3)} | {"a": hashed()})

    async def ask() -> None:
        for number in range(REMEMBERED * 2):
            assert await passwords.admit(basic("a", str(number)))

    asyncio.run(ask())
    assert len(passwords._admitted) == REMEMBERED


def count_checks(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Note each run of bcrypt."""
    real = bcrypt.checkpw
    counted: list[bytes] = []

    def check(password: bytes, stored: bytes) -> bool:
        counted.append(stored)
        return real(password, stored)

    monkeypatch.setattr("exporter.web.basic_auth.bcrypt.checkpw", check)
    return counted


def test_the_loop_goes_on_while_bcrypt_runs() -> None:
    """A hash that takes long keeps nobody else waiting."""
    passwords = BasicAuth({"prometheus": hashed(cost=12)})

    async def ask() -> int:
        turns = 0
        asking = asyncio.create_task(passwords.admit(basic("prometheus", "wrong")))
        while not asking.done():
            await asyncio.sleep(0.001)
            turns += 1
        return turns

    assert asyncio.run(ask()) > 5


def test_users_are_changed_without_a_restart(open_site: OpenSite) -> None:
    """Who is removed or has another password is refused from the next look at the file on."""
    site = open_site(users(old=PASSWORD, kept=PASSWORD))
    assert (site.status("old", PASSWORD), site.status("kept", PASSWORD)) == (200, 200)
    site.write(users(kept="another-0123456789", new=PASSWORD))
    assert [site.status(name, PASSWORD) for name in ("old", "kept", "new")] == [401, 401, 200]
    assert site.status("kept", "another-0123456789") == 200


def test_users_can_come_but_not_all_go(open_site: OpenSite, caplog: pytest.LogCaptureFixture) -> None:
    """A file that is found half written, or empty, opens no door: nobody needing a password takes a restart."""
    site = open_site("http_server_config: {}\n")
    assert site.get().status_code == 200
    site.write(users(prometheus=PASSWORD))
    assert (site.status("prometheus", PASSWORD), site.get().status_code) == (200, 401)
    for text in ("", "basic_auth_users:\n", "http_server_config: {}\n"):
        site.write(text)
        assert (site.status("prometheus", PASSWORD), site.get().status_code) == (200, 401)
    assert "removing basic_auth_users needs a restart" in caplog.text


def test_a_file_that_was_broken_changes_nothing(open_site: OpenSite, caplog: pytest.LogCaptureFixture) -> None:
    """The configuration before it goes on, one log line says why, and a correction counts at once."""
    site = open_site(users(prometheus=PASSWORD))
    caplog.clear()
    with caplog.at_level(logging.INFO, "exporter"):
        for text in ("basic_auth_users: {prometheus: hunter2}", "basic_auth_users: {prometheus: hunter2}", "{"):
            site.write(text)
            assert (site.status("prometheus", PASSWORD), site.get().status_code) == (200, 401)
        site.write(users(prometheus="another-0123456789"))
        assert site.status("prometheus", "another-0123456789") == 200
    told = [record.getMessage() for record in caplog.records if record.name == "exporter.web.policy"]
    assert len(told) == 3
    assert re.fullmatch(
        r"keeping the previous web configuration: The web configuration .*web\.yml is not valid: "
        r"basic_auth_users: the value of 'prometheus' is not a bcrypt hash .*",
        told[0],
    )
    assert told[1].endswith("web.yml, line 1 is not valid YAML.")
    assert told[2] == "the web configuration or a certificate has changed and is now in use"
    assert "hunter2" not in caplog.text


def test_a_file_that_is_gone_changes_nothing(open_site: OpenSite) -> None:
    """A file that is missing for a while opens no door."""
    site = open_site(users(prometheus=PASSWORD))
    (site.folder / "web.yml").unlink()
    site.clock.advance(2)
    assert (site.status("prometheus", PASSWORD), site.get().status_code) == (200, 401)


def test_wrong_passwords_are_told_now_and_then(open_site: OpenSite, caplog: pytest.LogCaptureFixture) -> None:
    """One line a minute says from where, and neither the name nor the password."""
    site = open_site(users(prometheus=PASSWORD))
    with caplog.at_level(logging.WARNING, "exporter"):
        for _ in range(5):
            assert site.status("my-password-by-mistake", "wrong-password") == 401
        site.clock.advance(61)
        assert site.status("prometheus", "wrong-password") == 401
    told = [record.getMessage() for record in caplog.records if record.name == "exporter.web.throttled_log"]
    line = (
        "wrong user or password: from 127.0.0.1 ({} since the last such line); "
        "see basic_auth_users in the web configuration"
    )
    assert told == [line.format(1), line.format(5)]


def test_users_without_tls_are_warned_of(open_site: OpenSite, caplog: pytest.LogCaptureFixture) -> None:
    """Passwords that everybody on the way can read are worth a line at the start."""
    with caplog.at_level(logging.WARNING, "exporter"):
        open_site(users(prometheus=PASSWORD))
    assert "has basic_auth_users without TLS" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.WARNING, "exporter"):
        open_site(TLS + users(prometheus=PASSWORD))
    assert caplog.text == ""
