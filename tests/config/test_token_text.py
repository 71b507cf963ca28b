"""What is no token is refused where it is configured, by its place and without any of it."""

from pathlib import Path

import pytest

from exporter.config import ConfigError, Token, load_config

SECRET = "8M7wS6hCpXVc-DoRnPPY_UCWPgy8aea4Wy6kCe5T"

REFUSED = {
    "empty": (" \n", "is empty"),
    "double quotes": (f'"{SECRET}"', "must be the token alone, without quotes"),
    "single quotes": (f"'{SECRET}'", "must be the token alone, without quotes"),
    "one quote": (f"{SECRET}'", "must be the token alone, without quotes"),
    "typographic quotes": (f"\u201c{SECRET}\u201d", "must be the token alone, without quotes"),
    "variable": ("${CF_TOKEN}", "still holds a placeholder in place of the token"),
    "bare variable": ("$CF_TOKEN", "still holds a placeholder in place of the token"),
    "template": ("{{ hush_token }}", "still holds a placeholder in place of the token"),
    "Windows variable": ("%CF_TOKEN%", "still holds a placeholder in place of the token"),
    "ellipsis": ("\u2026", "still holds a placeholder in place of the token"),
    "angle brackets": ("<hush your token>", "still holds a placeholder in place of the token"),
    "bearer": (f"Bearer {SECRET}", "must be the token alone, without 'Bearer'"),
    "lower case bearer": (f"bearer {SECRET}", "must be the token alone, without 'Bearer'"),
    "header": (f"Authorization: Bearer {SECRET}", "must be the token alone, without 'Bearer'"),
    "two words": (f"{SECRET} {SECRET}", "contains white space, which no token does"),
    "two lines": (f"{SECRET}\n{SECRET}", "contains white space, which no token does"),
    "tab": (f"hush\t{SECRET}", "contains white space, which no token does"),
    "no-break space": (f"{SECRET}\u00a0{SECRET}", "contains white space, which no token does"),
    "accent": (f"{SECRET}\u00e9", "contains characters that are not ASCII or not printable"),
    "zero width": (f"\u200b{SECRET}", "contains characters that are not ASCII or not printable"),
    "byte order mark": (f"\ufeff{SECRET}", "contains characters that are not ASCII or not printable"),
    "NUL": (f"{SECRET}\x00", "contains characters that are not ASCII or not printable"),
    "punctuation": (f"{SECRET};", "contains characters that no token has"),
    "key and token": (f"token:{SECRET}", "contains characters that no token has"),
}
"""Texts in a token's place, and what is said of them."""


def refusal(error: ConfigError, text: str) -> str:
    """Return the message, which holds nothing of the text."""
    message = str(error)
    for part in filter(None, (SECRET, "hush", "CF_TOKEN", text.strip())):
        assert part not in message
    return message


@pytest.mark.parametrize(("text", "fault"), REFUSED.values(), ids=REFUSED)
def test_the_environments_token_is_checked(text: str, fault: str) -> None:
    """The message names the variable, before anything is asked."""
    with pytest.raises(ConfigError) as caught:
        load_config(None, {"CLOUDFLARE_API_TOKEN": text}, None)
    assert refusal(caught.value, text) == f"CLOUDFLARE_API_TOKEN {fault}."


@pytest.mark.parametrize(("text", "fault"), REFUSED.values(), ids=REFUSED)
def test_the_files_token_is_checked(tmp_path: Path, text: str, fault: str) -> None:
    """The message names the key, beside all else that is wrong in the file."""
    path = tmp_path / "exporter.yml"
    quoted = "".join(f"\\u{ord(character):04x}" for character in text)
    path.write_text(f'cloudflare: {{tokens: [{{token: "{quoted}"}}]}}\npolls: {{}}\n', encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(path, {}, None)
    assert refusal(caught.value, text).splitlines()[1:] == [
        f"  cloudflare.tokens[0].token: {fault}",
        "  polls: unknown key. Did you mean poll?",
    ]


@pytest.mark.parametrize(("text", "fault"), REFUSED.values(), ids=REFUSED)
def test_a_token_files_token_is_checked(tmp_path: Path, text: str, fault: str) -> None:
    """The message names the file, at each reading."""
    path = tmp_path / "token"
    path.write_text(text, encoding="utf-8")
    token = Token(token_file=path)
    with pytest.raises(ConfigError) as caught:
        token.secret()
    assert refusal(caught.value, text) == f"The token file {path} {fault}."


def test_a_token_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """The message names the file, and quotes nothing."""
    path = tmp_path / "token"
    path.write_bytes(SECRET.encode() + b"\xff")
    with pytest.raises(ConfigError) as caught:
        Token(token_file=path).secret()
    assert refusal(caught.value, SECRET) == f"Cannot read the token file {path}: not a text file."


@pytest.mark.parametrize(
    "token",
    [SECRET, f"cfut_{SECRET}", "demo-token", "a", "abc.def~+/==", f"{SECRET}\n", f"  {SECRET}\r\n"],
)
def test_what_may_be_a_token_is_taken(tmp_path: Path, token: str) -> None:
    """No token is refused for its length or prefix, and a line break at its end does not belong to it."""
    path = tmp_path / "token"
    path.write_text(token, encoding="utf-8", newline="")
    assert Token(token_file=path).secret() == token.strip()
    (found,) = load_config(None, {"CLOUDFLARE_API_TOKEN": token}, None).cloudflare.tokens
    assert found.secret() == token.strip()
