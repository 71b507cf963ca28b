"""What can be an API token, by its form: mistakes of copying are told before Cloudflare refuses them. Pure."""

import re

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""The form of bearer tokens: https://www.rfc-editor.org/rfc/rfc6750#section-2.1"""

_FAULTS = (
    (re.compile(r"\s*"), "is empty"),
    (re.compile(r"(?i:(authorization\s*:\s*)?bearer\b).*", re.DOTALL), "must be the token alone, without 'Bearer'"),
    (re.compile(r".*[\"'`\u2018-\u201f].*", re.DOTALL), "must be the token alone, without quotes"),
    (re.compile(r".*[<>{}$%\u2026].*", re.DOTALL), "still holds a placeholder in place of the token"),
    (re.compile(r".*\s.*", re.DOTALL), "contains white space, which no token does"),
    (re.compile(r".*[^\x20-\x7e].*", re.DOTALL), "contains characters that are not ASCII or not printable"),
)


def find_token_fault(text: str) -> str:
    """Return why a text cannot be a token, without any of it; empty if it can."""
    if _TOKEN.fullmatch(text):
        return ""
    found = (fault for form, fault in _FAULTS if form.fullmatch(text))
    return next(found, "contains characters that no token has")
