"""Findings on the tokens: whether Cloudflare accepts them, until when, and which accounts they can see."""

from datetime import datetime, timedelta
from pathlib import Path

from exporter.check.faults import fault_of
from exporter.check.findings import TOKEN_LINK, Finding, Level, Topic
from exporter.check.links import ANALYTICS
from exporter.check.verification import ACTIVE, TokenTrial, Verification
from exporter.check.wording import count
from exporter.cloudflare import CloudflareError, Throttled, TokenRejected
from exporter.cloudflare.discovery import ACCOUNTS
from exporter.cloudflare.errors import Unreachable
from exporter.model import Account

SOON = timedelta(days=30)
"""The remaining lifetime below which a token gets a warning."""

READ_BY_OTHERS = 0o004

NAMED = 5
"""The number of accounts that are named in a finding."""

NEW_TOKEN = f"Create a new one with {TOKEN_LINK}."


def token_findings(trial: TokenTrial, now: datetime) -> list[Finding]:
    """Return the findings on one token at Cloudflare's time ``now``."""
    findings = [_status(trial, now)]
    if trial.listed and not isinstance(trial.listed, CloudflareError):
        findings += [_strange(trial, account) for account in trial.accounts if account not in trial.listed]
    return findings + _file(trial)


def away_finding(error: Unreachable) -> Finding:
    """Return the only finding if Cloudflare does not answer at all."""
    text = f"{error.detail} Nothing else could be tried."
    return Finding(Topic.TOKENS, Level.ERROR, "Cloudflare", text, fault_of(error).remedy)


def listing_finding(trial: TokenTrial) -> Finding:
    """Return the finding on whether the token may list its accounts."""
    permission = ACCOUNTS.permission
    if isinstance(trial.listed, Throttled | Unreachable):
        return _listing(trial, Level.ERROR, *fault_of(trial.listed)[1:])
    if trial.flaw is not None:
        return _listing(trial, Level.WARNING, f"granted. {trial.flaw.reason}", trial.flaw.remedy)
    if trial.listed and not isinstance(trial.listed, CloudflareError):
        return _listing(trial, Level.OK, f"granted: {count(len(trial.listed), 'account')} listed.")
    if trial.accounts:
        return _listing(
            trial,
            Level.WARNING,
            "missing: the configured accounts are read, with their ids as names.",
            f"Add '{permission}' to the token, or name the accounts with accounts.alias.",
        )
    return _listing(
        trial,
        Level.ERROR,
        "missing: no account can be listed, so none is read.",
        f"Add '{permission}' to the token, or create a new one with {TOKEN_LINK}, or set the account ids "
        "(CLOUDFLARE_ACCOUNT_ID, or accounts next to the token).",
    )


def _listing(trial: TokenTrial, level: Level, message: str, remedy: str = "") -> Finding:
    return Finding(Topic.PERMISSIONS, level, ACCOUNTS.permission, message, remedy, trial.name)


def _status(trial: TokenTrial, now: datetime) -> Finding:
    verified = trial.verified
    match verified:
        case Throttled():
            return _token(trial, Level.ERROR, *fault_of(verified)[1:])
        case CloudflareError() if trial.is_usable:
            return _token(
                trial,
                Level.WARNING,
                f"Cloudflare accepts it, but verifies it neither as a user's token nor as an account's: its expiry is "
                f"unknown. {_sees(trial)}",
                "If an account owns it, look up its expiry in the dashboard (Manage Account > API Tokens).",
            )
        case TokenRejected() if verified.remedy != TokenRejected.advice:
            return _token(trial, Level.ERROR, f"Cloudflare refuses it. {verified.detail}", verified.remedy)
        case CloudflareError():
            return _token(
                trial,
                Level.ERROR,
                "Cloudflare does not know it as a user's or an account's token: it is wrong or revoked. "
                f"{verified.detail}",
                f"Check that it was copied completely. {NEW_TOKEN}",
            )
        case Verification():
            return _verified(trial, verified, now)


def _verified(trial: TokenTrial, verified: Verification, now: datetime) -> Finding:
    owner = f"Account {verified.owner}'s own" if verified.owner else "A user's"
    if verified.status != ACTIVE:
        remedy = f"Enable it in the dashboard, or create a new one with {TOKEN_LINK}."
        remedy = remedy if verified.status == "disabled" else NEW_TOKEN
        return _token(trial, Level.ERROR, f"{owner} token, {verified.status}: Cloudflare refuses it.", remedy)
    if verified.begins and verified.begins > now:
        return _token(trial, Level.ERROR, f"{owner} token, valid only from {_day(verified.begins)}.", NEW_TOKEN)
    if verified.expires and verified.expires - now < SOON:
        left = count(max((verified.expires - now).days, 0), "day")
        return _token(
            trial,
            Level.WARNING,
            f"{owner} token, active, but it expires on {_day(verified.expires)}, in {left}. {_sees(trial)}",
            "Renew it before then, or replace it in its file, which needs no restart.",
        )
    expiry = f"until {_day(verified.expires)}" if verified.expires else "without expiry"
    return _token(trial, Level.OK, f"{owner} token, active {expiry}. {_sees(trial)}")


def _sees(trial: TokenTrial) -> str:
    names = ", ".join(_called(account) for account in trial.accounts[:NAMED])
    more = f" and {len(trial.accounts) - NAMED:,} more" if len(trial.accounts) > NAMED else ""
    if not trial.accounts:
        return "It can see no account."
    return f"It can see {count(len(trial.accounts), 'account')}: {names}{more}."


def _called(account: Account) -> str:
    return account.name if account.name == account.id else f"{account.name} ({account.id})"


def _strange(trial: TokenTrial, account: Account) -> Finding:
    return Finding(
        Topic.TOKENS,
        Level.WARNING,
        trial.name,
        f"account {account.id} is configured for it, but it cannot list that account.",
        f"Check the id. If it is correct, grant the token '{ANALYTICS}' and the others for this account too.",
    )


def _file(trial: TokenTrial) -> list[Finding]:
    path = trial.credential.token.token_file
    if path is None or not _is_open(path):
        return []
    return [_token(trial, Level.WARNING, f"its file {path} is readable by every user.", f"chmod o-r {path}")]


def _is_open(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & READ_BY_OTHERS)
    except OSError:
        return False


def _token(trial: TokenTrial, level: Level, message: str, remedy: str = "") -> Finding:
    return Finding(Topic.TOKENS, level, trial.name, message, remedy)


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
